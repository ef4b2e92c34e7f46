//! The pages of an evidence pack that people read.

use std::fmt::Write as _;

use crate::search::parts::Parts;

/// Entries that the summary shows; the others are in the pack all the same.
const SHOWN: usize = 2_000;
/// Longest facts shown (characters).
const FACTS: usize = 600;

/// How to check a pack, for whoever is handed one.
pub(super) const VERIFY: &str = "\
# How to check this file

It holds entries of a ClawButler audit log with the proof that they are in that log and that nothing here was changed.

With ClawButler installed:

    clawbutler audit verify THIS-FILE.zip --key KEY

Without it, with Python 3.9 or newer and `verify.py` from ClawButler's sources (`tests/verifier`):

    python3 verify.py THIS-FILE.zip --key KEY

`KEY` is the log's public key. Get it from the owner of the log on another way than this file: whoever makes a file like this
anew with another key has another key. `public-key.txt` tells which one the file claims.

Exit status 0 only when everything holds. What is checked:

1. The archive is byte for byte what its files make it.
2. `manifest.json` names every file by SHA-256.
3. Every entry of `entries.jsonl` fits its hash and, unless retention removed them, its facts fit its digest.
4. The entries and the hashes of `proof.txt` give the root that `checkpoint.txt` signs.
5. `seal.json`: an entry of the same log names the manifest, under a later signed checkpoint that continues the first.

What is not proven: that no other entries match what was asked for, and the times, which are those of the machine's clock.
The format is described in `docs/EVIDENCE-PACK.md` of ClawButler's sources.
";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fff;--line:#d7d7de;--quiet:#5c5c66}\
@media(prefers-color-scheme:dark){:root{--ink:#ececf1;--paper:#17171b;--line:#3a3a44;--quiet:#a3a3ad}}\
body{font:14px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}\
th{color:var(--quiet);font-weight:600}code,pre{font:12px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}\
dt{color:var(--quiet)}dd{margin:0 0 .5rem}.n{text-align:right;font-variant-numeric:tabular-nums}\
@media print{body{margin:0;max-width:none}thead{display:table-header-group}tr{break-inside:avoid}}";

/// The rows of the summary, as far as they are shown.
#[derive(Debug, Default)]
pub(super) struct Summary {
    rows: String,
    shown: usize,
    first: Option<i64>,
    last: i64,
}

impl Summary {
    /// One entry, oldest first.
    pub(super) fn add(&mut self, parts: &Parts) {
        self.first.get_or_insert(parts.at);
        self.last = parts.at;
        if self.shown == SHOWN {
            return;
        }
        self.shown += 1;
        let facts = if parts.pruned {
            "removed by retention; the digest stays".to_owned()
        } else {
            super::form::cut(&parts.data_text(), FACTS)
        };
        let _ = writeln!(
            self.rows,
            "<tr><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
            parts.seq,
            time(parts.at),
            escaped(&parts.kind),
            escaped(parts.actor_kind()),
            escaped(&facts)
        );
    }

    /// The whole page.
    pub(super) fn page(&self, log: &str, key: &str, counts: (usize, u64), made_at: i64, filter: &str) -> String {
        let (entries, size) = counts;
        let more = match entries - self.shown {
            0 => String::new(),
            more => format!("<p>{more} more entries are in <code>entries.jsonl</code>.</p>\n"),
        };
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>Evidence from a ClawButler audit log</title>\n\
             <style>{STYLE}</style></head><body>\n<h1>Evidence from a ClawButler audit log</h1>\n\
             <p>This page is for reading. What it says is proven only when the file it came in is verified: see \
             <code>VERIFY.md</code>.</p>\n<dl>\n<dt>Entries</dt><dd>{entries}, out of {size} in the log</dd>\n\
             <dt>From</dt><dd>{}</dd>\n<dt>To</dt><dd>{}</dd>\n<dt>Made</dt><dd>{}</dd>\n<dt>Log</dt><dd><code>{}</code></dd>\n\
             <dt>Public key</dt><dd><code>{}</code></dd>\n<dt>Asked for</dt><dd><code>{}</code></dd>\n</dl>\n\
             <table><thead><tr><th>Number</th><th>Time (UTC)</th><th>What</th><th>Who</th><th>Facts</th></tr></thead><tbody>\n\
             {}</tbody></table>\n{more}</body></html>\n",
            self.first.map(time).unwrap_or_default(),
            time(self.last),
            time(made_at),
            escaped(log),
            escaped(key),
            escaped(filter),
            self.rows
        )
    }
}

fn time(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| format!("{at} ms"), |at| format!("{at:.3}"))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What would turn the reading direction is spelt out.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}
