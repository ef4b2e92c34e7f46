//! The query language: parsed here, quoted for the index, and compared with entries.

use clawbutler_core::digest::sha256;
use clawbutler_wire::audit_search::AuditFilter;

use super::parts::{Member, Parts};
use super::words;
use crate::Error;

/// Longest query text (characters).
const TEXT_CHARS: usize = 500;
/// Terms of one query text.
const TERMS: usize = 16;
/// Values of one member of a filter.
const VALUES: usize = 32;
/// Longest value (characters).
const VALUE_CHARS: usize = 4_096;

/// A filter, understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Query {
    pub(crate) from: Option<i64>,
    pub(crate) until: Option<i64>,
    /// Every member must have one of its values.
    members: Vec<(Member, Vec<String>)>,
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

/// Words that stand behind each other; the last may be the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    words: Vec<String>,
    open: bool,
}

impl Term {
    fn of(text: &str, open: bool) -> Option<Self> {
        let words: Vec<String> = words::of(text).collect();
        (!words.is_empty()).then_some(Self { words, open })
    }

    fn is_in(&self, all: &[String]) -> bool {
        let last = self.words.len() - 1;
        let fits = |(place, (have, want)): (usize, (&String, &String))| {
            if self.open && place == last { have.starts_with(want.as_str()) } else { have == want }
        };
        all.windows(self.words.len()).any(|window| window.iter().zip(&self.words).enumerate().all(fits))
    }

    /// Whether the index alone cannot tell where it is.
    fn is_loose(&self) -> bool {
        self.words.len() > 1 || self.open
    }

    /// Whether an entry with these facts can hold it, told from their text as it is stored. Quick, and never wrongly
    /// no; for text that is not ASCII it is no more than a yes.
    fn may_be_in(&self, stored: &str) -> bool {
        if !stored.is_ascii() {
            return true;
        }
        let last = self.words.len() - 1;
        let fits = |place: usize, have: &[u8]| {
            let want = self.words[place].as_bytes();
            let have = if self.open && place == last { have.get(..want.len()).unwrap_or(have) } else { have };
            have.eq_ignore_ascii_case(want)
        };
        let mut all = words::Stored::new(stored);
        while let Some(word) = all.next() {
            let mut behind = all.clone();
            if fits(0, word) && (1..=last).all(|place| behind.next().is_some_and(|word| fits(place, word))) {
                return true;
            }
        }
        false
    }

    /// Its whole words, each in quotes.
    fn whole(&self) -> impl Iterator<Item = String> + '_ {
        let whole = self.words.len() - usize::from(self.open);
        self.words[..whole].iter().map(|word| format!("\"{word}\""))
    }

    /// The beginning of a word that it ends with.
    fn beginning(&self) -> Option<String> {
        self.words.last().filter(|_| self.open).map(|word| format!("\"{word}\" *"))
    }
}

/// The index's word for a value of a member.
pub(crate) fn key(member: Member, value: &str) -> String {
    format!("{}:{}", member.letter(), &sha256(value.as_bytes())[..12])
}

/// The index's word for values of two members.
fn pair_key(one: (Member, &str), other: (Member, &str)) -> String {
    let text = format!("{}\n{}", one.1, other.1);
    format!("{}{}:{}", one.0.letter(), other.0.letter(), &sha256(text.as_bytes())[..12])
}

/// Stands in every entry, so that a query of exclusions alone has something to exclude from.
const EVERY: &str = "x:x";

/// Everything the index holds of an entry.
pub(crate) fn indexed_words(parts: &Parts) -> String {
    let mut out = vec![EVERY.to_owned()];
    for (member, ..) in Member::ALL {
        out.extend(parts.values(member).iter().map(|value| key(member, value)));
    }
    for (place, one) in Member::PAIRED.iter().enumerate() {
        for other in &Member::PAIRED[place + 1..] {
            for value in parts.values(*one) {
                out.extend(parts.values(*other).iter().map(|second| pair_key((*one, &value), (*other, second))));
            }
        }
    }
    let mut words = parts.words();
    words.sort_unstable();
    words.dedup();
    words.retain(|word| !word.is_empty());
    out.append(&mut words);
    out.join(" ")
}

impl Query {
    /// Understands a filter, or says what is wrong with it.
    pub(crate) fn of(filter: &AuditFilter) -> Result<Self, Error> {
        let lists = [
            (Member::Kind, &filter.kinds),
            (Member::Actor, &filter.actors),
            (Member::Runtime, &filter.runtimes),
            (Member::Agent, &filter.agents),
            (Member::Session, &filter.sessions),
            (Member::Trace, &filter.traces),
            (Member::Project, &filter.projects),
            (Member::Risk, &filter.risks),
            (Member::Decision, &filter.decisions),
        ];
        let mut query = Self { from: filter.from, until: filter.until, ..Self::default() };
        for (member, values) in lists {
            if values.len() > VALUES || values.iter().any(|value| value.chars().count() > VALUE_CHARS) {
                return Err(Error::bad(format!("A filter has at most {VALUES} values of {VALUE_CHARS} characters.")));
            }
            if !values.is_empty() {
                query.members.push((member, values.clone()));
            }
        }
        query.read(&filter.text)?;
        Ok(query)
    }

    fn read(&mut self, text: &str) -> Result<(), Error> {
        if text.chars().count() > TEXT_CHARS {
            let over: String = text.chars().skip(TEXT_CHARS).collect();
            return Err(at(text, &over, Error::bad(format!("A query has at most {TEXT_CHARS} characters."))));
        }
        let mut rest = text.trim_start();
        let mut count = 0;
        while !rest.is_empty() {
            count += 1;
            if count > TERMS {
                return Err(at(text, rest, Error::bad(format!("A query has at most {TERMS} terms."))));
            }
            let unwanted = rest.len() > 1 && rest.starts_with('-');
            rest = rest.strip_prefix('-').filter(|_| unwanted).unwrap_or(rest);
            let named = Member::ALL
                .iter()
                .find_map(|(member, _, name)| Some((*member, rest.strip_prefix(name)?.strip_prefix(':')?)))
                .filter(|_| !unwanted);
            if let Some((member, after)) = named {
                let (value, behind) = take(after);
                if value.is_empty() {
                    return Err(at(text, after, Error::bad("A value is missing behind the colon.")));
                }
                self.members.push((member, vec![value.to_owned()]));
                rest = behind;
                continue;
            }
            let quoted = rest.starts_with('"');
            let (value, behind) = take(rest);
            let open = !quoted && value.ends_with('*');
            if let Some(term) = Term::of(value, open) {
                if unwanted { self.unwanted.push(term) } else { self.wanted.push(term) }
            }
            rest = behind;
        }
        Ok(())
    }

    /// Whether it asks for nothing but places in the log.
    pub(crate) fn is_plain(&self) -> bool {
        self.members.is_empty() && self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether the index alone cannot tell every match: a phrase, or a time.
    pub(crate) fn is_loose(&self) -> bool {
        self.from.is_some() || self.until.is_some() || self.wanted.iter().chain(&self.unwanted).any(Term::is_loose)
    }

    /// Whether entries that the index names are to be read to see which of them are meant, because of their text.
    pub(crate) fn reads_entries(&self) -> bool {
        self.wanted.iter().any(Term::is_loose)
    }

    /// Whether an entry with these facts can be one of those that are looked for; see [`Self::reads_entries`].
    pub(crate) fn may_match(&self, stored: &str) -> bool {
        self.wanted.iter().filter(|term| term.is_loose()).all(|term| term.may_be_in(stored))
    }

    /// Whether lists of the index are to be compared with each other: they can miss each other for the whole log.
    pub(crate) fn compares_lists(&self) -> bool {
        self.members.len() + self.wanted.iter().flat_map(Term::whole).count() > 1 || !self.unwanted.is_empty()
    }

    /// Whether all that the index is asked for is the beginning of a word. For that it puts the lists of every word that
    /// begins so together, whatever part of the log is asked for: once is enough.
    pub(crate) fn is_beginning(&self) -> bool {
        self.members.is_empty()
            && self.unwanted.is_empty()
            && self.wanted.iter().flat_map(Term::whole).next().is_none()
            && self.wanted.iter().any(|term| term.open)
    }

    /// As an FTS5 expression that every match fulfils. Only words of ours stand in it, each in quotes.
    pub(crate) fn expression(&self) -> String {
        let any = |keys: Vec<String>| format!("({})", keys.join(" OR "));
        let mut all = Vec::new();
        let mut paired = vec![false; self.members.len()];
        for (i, (one, values)) in self.members.iter().enumerate() {
            for (j, (other, seconds)) in self.members.iter().enumerate().skip(i + 1) {
                let order = |member| Member::PAIRED.iter().position(|paired| *paired == member);
                let (Some(a), Some(b)) = (order(*one), order(*other)) else { continue };
                if a == b || values.len() * seconds.len() > VALUES {
                    continue;
                }
                (paired[i], paired[j]) = (true, true);
                let mut keys = Vec::new();
                for value in values {
                    for second in seconds {
                        let (one, other) = ((*one, value.as_str()), (*other, second.as_str()));
                        let pair = if a < b { pair_key(one, other) } else { pair_key(other, one) };
                        keys.push(format!("\"{pair}\""));
                    }
                }
                all.push(any(keys));
            }
        }
        for ((member, values), paired) in self.members.iter().zip(paired) {
            if !paired {
                all.push(any(values.iter().map(|value| format!("\"{}\"", key(*member, value))).collect()));
            }
        }
        all.extend(self.wanted.iter().flat_map(Term::whole));
        if all.is_empty() && self.unwanted.is_empty() {
            all.extend(self.wanted.iter().find_map(Term::beginning));
        }
        if all.is_empty() {
            all.push(format!("\"{EVERY}\""));
        }
        let mut expression = format!("({})", all.join(" AND "));
        // Excluded phrases are compared with the entry: both words may stand in it apart. So are beginnings of words,
        // wherever something else narrows the search.
        for word in self.unwanted.iter().filter(|term| term.words.len() == 1).flat_map(Term::whole) {
            expression = format!("({expression} NOT ({word}))");
        }
        expression
    }

    /// Whether an entry is one of those that are looked for.
    pub(crate) fn matches(&self, parts: &Parts) -> bool {
        if self.from.is_some_and(|from| parts.at < from) || self.until.is_some_and(|until| parts.at >= until) {
            return false;
        }
        let holds =
            |(member, values): &(Member, Vec<String>)| parts.values(*member).iter().any(|value| values.contains(value));
        if !self.members.iter().all(holds) {
            return false;
        }
        if self.wanted.is_empty() && self.unwanted.is_empty() {
            return true;
        }
        let words = parts.words();
        self.wanted.iter().all(|term| term.is_in(&words)) && !self.unwanted.iter().any(|term| term.is_in(&words))
    }
}

/// The error with its place: `details.at` counts the characters of `text` before `rest`.
fn at(text: &str, rest: &str, mut error: Error) -> Error {
    let place = text.chars().count() - rest.chars().count();
    error.0.details = Some(serde_json::json!({ "at": place }));
    error
}

/// One term, in quotes or up to a space, and what is behind it.
fn take(text: &str) -> (&str, &str) {
    let (term, rest) = match text.strip_prefix('"') {
        Some(inside) => inside.split_once('"').unwrap_or((inside, "")),
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    (term, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parts::words_in;
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&AuditFilter { text: text.to_owned(), ..AuditFilter::default() }).unwrap()
    }

    #[test]
    fn nothing_a_person_types_is_syntax_of_the_index() {
        for (text, expected) in [
            ("push", r#"("push")"#),
            ("\"rm -rf\" tmp*", r#"("rm" AND "rf")"#),
            ("tmp*", r#"("tmp" *)"#),
            ("tmp* -log*", r#"("x:x")"#),
            ("git -force", r#"(("git") NOT ("force"))"#),
            ("-force", r#"(("x:x") NOT ("force"))"#),
            ("a\" OR NEAR(b) ^c {text}: (", r#"("a" AND "or" AND "near" AND "b" AND "c" AND "text")"#),
            ("\"unclosed", r#"("unclosed")"#),
            ("* - :", r#"("x:x")"#),
        ] {
            assert_eq!(query(text).expression(), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The quick look at the stored text never takes away what the entry's words hold.
        #[test]
        fn what_an_entry_holds_may_be_in_it(
            texts in prop::collection::vec("[abAB1é\u{212a}\\\\\"\n\u{1} /-]{0,24}|a{63,66}b? a", 1..4),
            number in any::<i32>(),
            wanted in "[abk1]{1,2}( [ab1]{1,2}){0,2}|a{62,66}b?",
            open in any::<bool>(),
        ) {
            let data = serde_json::json!({ "one": texts, "two": { "n": number, "u": 1 } });
            let term = Term::of(&wanted, open).unwrap();
            if term.is_in(&words_in(&data)) {
                prop_assert!(term.may_be_in(&serde_json::to_string(&data).unwrap()), "{data} {term:?}");
            }
        }
    }

    #[test]
    fn the_quick_look_tells_phrases_apart() {
        let phrase = |text: &str| Term::of(text, false).unwrap();
        let stored = r#"{"command":"git add . && GIT\tpush \"--force\" u0041"}"#;
        for there in ["git add", "git push force", "push force u0041"] {
            assert!(phrase(there).may_be_in(stored), "{there}");
        }
        for not in ["git force", "add push", "tpush force", "push for"] {
            assert!(!phrase(not).may_be_in(stored), "{not}");
        }
        assert!(Term::of("push for", true).unwrap().may_be_in(stored));
        assert!(phrase("git force").may_be_in("é"), "no more than a yes");
    }

    #[test]
    fn two_filters_of_few_values_are_one_word() {
        let filter = AuditFilter {
            decisions: vec!["deny".to_owned()],
            kinds: vec!["action.decided".to_owned()],
            ..AuditFilter::default()
        };
        let pair = pair_key((Member::Kind, "action.decided"), (Member::Decision, "deny"));
        assert_eq!(Query::of(&filter).unwrap().expression(), format!("((\"{pair}\"))"));
        assert_eq!(query("decision:deny kind:action.decided").expression(), format!("((\"{pair}\"))"));
    }

    #[test]
    fn bounds_are_told() {
        let filter = |text: String| Query::of(&AuditFilter { text, ..AuditFilter::default() });
        assert!(filter("a".repeat(501)).is_err());
        assert!(filter("a ".repeat(17)).is_err());
        assert!(filter("kind:".to_owned()).is_err());
    }
}
