//! Text drawn so that nothing in it can hide: control, bidirectional and look-alike characters are
//! written out and marked.

use clawbutler_wire::approvals::{Line, Mark, Segment};

/// Splits a text into lines of marked segments. `risky` parts are marked where they occur verbatim.
pub fn lines(text: &str, risky: &[&str]) -> Vec<Line> {
    let spans = spans(text, risky);
    let mut start = 0;
    text.split('\n')
        .map(|line| {
            let drawn = draw(line, start, &spans);
            start += line.len() + 1;
            drawn
        })
        .collect()
}

/// One line; line breaks in it are drawn as marks.
pub fn line(text: &str) -> Line {
    draw(text, 0, &spans(text, &[]))
}

type Span = (usize, usize, Mark);

/// Byte ranges of masked secrets and risky parts.
fn spans(text: &str, risky: &[&str]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (from, _) in text.match_indices("[masked:") {
        if let Some(len) = text[from..].find(']') {
            spans.push((from, from + len + 1, Mark::Masked));
        }
    }
    for part in risky.iter().filter(|part| !part.trim().is_empty()) {
        if let Some(from) = text.find(*part) {
            spans.push((from, from + part.len(), Mark::Risky));
        }
    }
    spans
}

fn draw(text: &str, offset: usize, spans: &[Span]) -> Line {
    let mut line: Line = Vec::new();
    for (index, c) in text.char_indices() {
        let at = offset + index;
        let own = mark_of(c).or_else(|| mixed_script(text, index, c));
        let mark = own.or_else(|| spans.iter().find(|(from, to, _)| (*from..*to).contains(&at)).map(|span| span.2));
        let shown = match own {
            Some(Mark::Control | Mark::Bidi) => Some(name_of(c)),
            Some(Mark::Lookalike) if !c.is_alphanumeric() => Some(name_of(c)),
            _ => None,
        };
        match line.last_mut() {
            Some(last) if last.mark == mark && shown.is_none() && own.is_none() => last.text.push(c),
            _ => line.push(Segment { text: shown.unwrap_or_else(|| c.to_string()), mark }),
        }
    }
    line
}

fn mark_of(c: char) -> Option<Mark> {
    match c {
        '\t' => None,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' => Some(Mark::Bidi),
        '\u{00a0}'
        | '\u{00ad}'
        | '\u{034f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{2000}'..='\u{200d}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'..='\u{2064}'
        | '\u{3000}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e007f}' => Some(Mark::Lookalike),
        c if c.is_control() => Some(Mark::Control),
        _ => None,
    }
}

/// A Cyrillic or Greek letter, or a full-width form, inside a word that also has ASCII letters.
fn mixed_script(text: &str, index: usize, c: char) -> Option<Mark> {
    let foreign = matches!(c, '\u{0370}'..='\u{03ff}' | '\u{0400}'..='\u{052f}' | '\u{ff01}'..='\u{ff5e}');
    if !foreign {
        return None;
    }
    let before = text[..index].chars().rev().take_while(|c| c.is_alphanumeric());
    let after = text[index..].chars().take_while(|c| c.is_alphanumeric());
    before.chain(after).any(|c| c.is_ascii_alphabetic()).then_some(Mark::Lookalike)
}

fn name_of(c: char) -> String {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}').to_string(),
        '\u{7f}' => "\u{2421}".to_owned(),
        _ => format!("U+{:04X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str) -> Vec<(String, Option<Mark>)> {
        line(text).into_iter().map(|segment| (segment.text, segment.mark)).collect()
    }

    #[test]
    fn what_hides_is_written_out() {
        assert_eq!(marks("ls"), [("ls".to_owned(), None)]);
        assert_eq!(
            marks("a\u{1b}[2K\u{202e}b\u{200b}"),
            [
                ("a".to_owned(), None),
                ("\u{241b}".to_owned(), Some(Mark::Control)),
                ("[2K".to_owned(), None),
                ("U+202E".to_owned(), Some(Mark::Bidi)),
                ("b".to_owned(), None),
                ("U+200B".to_owned(), Some(Mark::Lookalike)),
            ]
        );
        let spoof = marks("cu\u{0433}l");
        assert_eq!(spoof[1].1, Some(Mark::Lookalike));
        assert_eq!(marks("привет"), [("привет".to_owned(), None)]);
    }

    #[test]
    fn the_risky_part_is_marked_across_the_text() {
        let drawn = lines("touch a &&\nrm -rf b", &["rm -rf b"]);
        assert_eq!(drawn.len(), 2);
        assert_eq!(drawn[1], vec![Segment { text: "rm -rf b".to_owned(), mark: Some(Mark::Risky) }]);
    }
}
