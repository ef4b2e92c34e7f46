//! Patterns over text and over paths, matched byte by byte without allocation.

/// `*` and `?` over the whole text; `*` is any text, `?` any one character.
pub(crate) fn text(pattern: &str, text: &str) -> bool {
    stars(pattern.as_bytes(), text.as_bytes())
}

fn stars(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(b'?') if text[t] != STAR => {
                p += 1;
                t += 1;
                // The rest of the same character.
                while text.get(t).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    t += 1;
                }
            }
            Some(b) if *b == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut back {
                Some((star, mark)) => {
                    *mark += 1;
                    p = *star + 1;
                    t = *mark;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

/// Stands for a `*` of another pattern when patterns are compared; no text has it.
const STAR: u8 = 0xff;
/// Stands for a `**` of another pattern.
const DEEP: u8 = 0xfe;

/// A path pattern over a path, folder by folder: `*` and `?` stay within one, `**` is any number of them, and
/// at the end at least one.
fn path(pattern: &[u8], path: &[u8]) -> bool {
    let slash = |byte: &u8| *byte == b'/';
    let (mut wanted, mut have) = (pattern.split(slash), path.split(slash));
    let mut back = None;
    loop {
        let mut ahead = wanted.clone();
        match (ahead.next(), have.clone().next()) {
            (None, None) => return true,
            (Some(b"**"), next) => {
                if ahead.clone().next().is_none() {
                    return next.is_some();
                }
                wanted = ahead;
                back = Some((wanted.clone(), have.clone()));
                continue;
            }
            (Some(segment), Some(next)) if next != [DEEP] && stars(segment, next) => {
                wanted = ahead;
                have.next();
                continue;
            }
            _ => {}
        }
        // One more folder for the last `**`.
        let Some((pattern, rest)) = &mut back else { return false };
        if rest.next().is_none() {
            return false;
        }
        wanted = pattern.clone();
        have = rest.clone();
    }
}

/// Where patterns that are not absolute begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) home: &'a str,
    pub(crate) project: &'a str,
}

impl<'a> Base<'a> {
    /// What of a pattern and a path is left to compare; `None` when the path lies elsewhere.
    fn split<'p, 't>(&self, pattern: &'p str, path: &'t str) -> Option<(&'p [u8], &'t [u8])> {
        let (folder, rest) = self.anchor(pattern);
        let Some(folder) = folder else { return Some((rest.as_bytes(), path.as_bytes())) };
        if folder.is_empty() {
            return None;
        }
        let below = path.strip_prefix(folder.trim_end_matches('/'))?;
        let below = if below.is_empty() { "" } else { below.strip_prefix('/')? };
        Some((rest.as_bytes(), below.as_bytes()))
    }

    fn anchor<'p>(&self, pattern: &'p str) -> (Option<&'a str>, &'p str) {
        if pattern == "~" {
            (Some(self.home), "")
        } else if let Some(rest) = pattern.strip_prefix("~/") {
            (Some(self.home), rest)
        } else if pattern.starts_with('/') || pattern.starts_with("**") {
            (None, pattern)
        } else {
            (Some(self.project), pattern.strip_prefix("./").unwrap_or(pattern))
        }
    }

    /// Whether a path is one of those the pattern names.
    pub(crate) fn names(&self, pattern: &str, file: &str) -> bool {
        self.split(pattern, file).is_some_and(|(pattern, file)| path(pattern, file))
    }

    /// Whether a path is the folder whose content the pattern names (`src` for `src/**`).
    pub(crate) fn is_folder_of(&self, pattern: &str, folder: &str) -> bool {
        pattern.strip_suffix("/**").is_some_and(|pattern| self.names(pattern, folder))
    }

    /// Whether everything the pattern names lies in the folder.
    pub(crate) fn holds(&self, pattern: &str, folder: &str) -> bool {
        let (base, rest) = self.anchor(pattern);
        let fixed = rest.find(['*', '?']).map_or(rest, |at| &rest[..at]);
        let inside = |fixed: &[u8], folder: &[u8]| {
            fixed.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        let folder = folder.trim_end_matches('/');
        if folder.is_empty() {
            return true;
        }
        let Some(base) = base else { return inside(fixed.as_bytes(), folder.as_bytes()) };
        let base = base.trim_end_matches('/');
        if base.is_empty() {
            return false;
        }
        if crate::paths::inside(base, folder) {
            return true;
        }
        let below = folder.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|below| inside(fixed.as_bytes(), below.as_bytes()))
    }
}

/// Whether everything that `narrow` matches is matched by `wide`: true only when it is certain.
pub(crate) fn covers_text(wide: &str, narrow: &str) -> bool {
    stars(wide.as_bytes(), &starred(narrow))
}

fn starred(pattern: &str) -> Vec<u8> {
    pattern.bytes().map(|b| if b == b'*' { STAR } else { b }).collect()
}

/// The same for path patterns.
pub(crate) fn covers_path(wide: &str, narrow: &str) -> bool {
    if wide == narrow {
        return true;
    }
    let anchor = |pattern: &str| match pattern.as_bytes() {
        [b'~', ..] => 0,
        [b'/', ..] | [b'*', b'*', ..] => 1,
        _ => 2,
    };
    let everything = wide == "**" || wide == "/**";
    if everything {
        return true;
    }
    if anchor(wide) != anchor(narrow) {
        return false;
    }
    let plain = |pattern: &str| pattern.strip_prefix("./").unwrap_or(pattern).to_owned();
    let marked: Vec<Vec<u8>> =
        plain(narrow).split('/').map(|segment| if segment == "**" { vec![DEEP] } else { starred(segment) }).collect();
    path(plain(wide).as_bytes(), &marked.join(&b'/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_match() {
        for (pattern, subject, expected) in [
            ("*.rs", "a.rs", true),
            ("a*c?", "abbcd", true),
            ("a", "ab", false),
            ("**", "", true),
            ("", "", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("a?b", "aéb", true),
        ] {
            assert_eq!(text(pattern, subject), expected, "{pattern} {subject}");
        }
    }

    #[test]
    fn paths_match() {
        let base = Base { home: "/home/u", project: "/home/u/p" };
        for (pattern, subject, expected) in [
            ("src/*.rs", "/home/u/p/src/a.rs", true),
            ("./src/*.rs", "/home/u/p/src/a.rs", true),
            ("src/*.rs", "/home/u/p/src/b/a.rs", false),
            ("src/**", "/home/u/p/src/b/a.rs", true),
            ("src/**", "/home/u/p/src2/a.rs", false),
            ("src/**/*.rs", "/home/u/p/src/a.rs", true),
            ("src/**/*.rs", "/home/u/p/src/a/b/c.rs", true),
            ("src/**/test/*.rs", "/home/u/p/src/a/test/x/test/c.rs", true),
            ("src/**/test/*.rs", "/home/u/p/src/a/test/x/c.rs", false),
            ("**/*.pem", "/etc/ssl/x.pem", true),
            ("**/secrets/**", "/srv/secrets/x", true),
            ("**/secrets/**", "/srv/nosecrets/x", false),
            ("~/.ssh/*", "/home/u/.ssh/id", true),
            ("~/.ssh/*", "/home/v/.ssh/id", false),
            ("/etc/**", "/etc/passwd", true),
            ("/etc/*", "/etc/ssl/x", false),
            ("?.txt", "/home/u/p/a.txt", true),
            ("*", "/home/u/p/a.txt", true),
            ("*", "/home/u/q", false),
            ("**", "/anything", true),
        ] {
            assert_eq!(base.names(pattern, subject), expected, "{pattern} {subject}");
        }
        assert!(base.is_folder_of("src/**", "/home/u/p/src"));
        assert!(base.holds("src/**", "/home/u/p") && base.holds("src/a/*.rs", "/home/u/p/src"));
        assert!(base.holds("~/x/*", "/home/u") && base.holds("/etc/x", "/etc") && base.holds("src/**", "/"));
        assert!(!base.holds("src/**", "/home/u/p/src2") && !base.holds("src/**", "/home/u/q"));
        assert!(!Base { home: "", project: "" }.names("~/x", "/x"));
    }

    #[test]
    fn patterns_cover_patterns() {
        for (wide, narrow, expected) in
            [("*", "a*", true), ("a*", "ab*", true), ("ab*", "a*", false), ("?", "*", false), ("a?", "ab", true)]
        {
            assert_eq!(covers_text(wide, narrow), expected, "{wide} {narrow}");
        }
        for (wide, narrow, expected) in [
            ("src/**", "src/*.rs", true),
            ("src/*", "src/**", false),
            ("src/**", "./src/a/**", true),
            ("**", "~/x", true),
            ("~/**", "/home/**", false),
            ("src/*", "src/*.rs", true),
            ("src/*.rs", "src/*", false),
        ] {
            assert_eq!(covers_path(wide, narrow), expected, "{wide} {narrow}");
        }
    }

    /// The meaning of a path pattern, written down plainly.
    fn meant(pattern: &[&str], path: &[&str]) -> bool {
        match pattern {
            [] => path.is_empty(),
            ["**"] => !path.is_empty(),
            ["**", rest @ ..] => (0..=path.len()).any(|at| meant(rest, &path[at..])),
            [one, rest @ ..] => path.first().is_some_and(|have| text(one, have)) && meant(rest, &path[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn paths_match_as_meant(pattern in "(a|b|/|\\*|\\*\\*/|/\\*\\*|\\?){0,6}", subject in "[ab/]{0,8}") {
            let (wanted, have): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), subject.split('/').collect());
            prop_assert_eq!(path(pattern.as_bytes(), subject.as_bytes()), meant(&wanted, &have));
        }

        #[test]
        fn a_wider_pattern_matches_more(wide in "[ab*?]{0,5}", narrow in "[ab*?]{0,5}", subject in "[ab]{0,5}") {
            if covers_text(&wide, &narrow) && text(&narrow, &subject) {
                prop_assert!(text(&wide, &subject));
            }
        }

        #[test]
        fn a_wider_path_matches_more(wide in "(a|b|/|\\*|\\*\\*/|/\\*\\*|\\?){0,5}", narrow in "(a|b|/|\\*|\\*\\*/|/\\*\\*|\\?){0,5}", subject in "[ab/]{0,7}") {
            let base = Base { home: "/h", project: "/p" };
            let subject = format!("/p/{subject}");
            if covers_path(&wide, &narrow) && base.names(&narrow, &subject) {
                prop_assert!(base.names(&wide, &subject));
            }
        }
    }
}
