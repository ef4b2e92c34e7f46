//! `clawbutler mask`: standard input with secrets and personal data masked, by the code that masks
//! everything ClawButler writes.

use std::io::{BufRead, Read, Write};

use anyhow::{Context, ensure};
use clawbutler_core::redact::{self, Choice, MaskKey};
use clawbutler_platform::paths::DataDir;
use clawbutler_platform::{files, random};
use serde_json::json;

/// Largest input of `--json` (bytes): its spans need the whole text.
const WHOLE_BYTES: u64 = 256 * 1024 * 1024;
/// Text that is masked at once (bytes), at least; it ends with a line.
const PIECE_BYTES: usize = 256 * 1024;
/// A key block that has not ended by then is masked as far as it came (bytes).
const BLOCK_BYTES: usize = PIECE_BYTES + 64 * 1024;

/// What the verb takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Mask {
    /// Lists type and span (bytes) of each finding beside the masked text, as one JSON object.
    #[arg(long)]
    json: bool,
    /// Masks public IP addresses too.
    #[arg(long)]
    addresses: bool,
}

/// Reads `input` to its end. Bytes that are no UTF-8 come out as replacement characters.
pub(crate) fn run(verb: &Mask, data: &DataDir, mut input: impl BufRead, out: &mut impl Write) -> anyhow::Result<()> {
    // The machine's key, so that masks here equal those in the log; another one where there is none yet.
    let key = files::read_secret(&data.mask_key()).map_or_else(|_| MaskKey::new(random::fill()), MaskKey::new);
    let choice = Choice { addresses: verb.addresses };
    if verb.json {
        let mut bytes = Vec::new();
        input.take(WHOLE_BYTES + 1).read_to_end(&mut bytes).context("standard input cannot be read")?;
        ensure!(bytes.len() as u64 <= WHOLE_BYTES, "with --json the input has at most {WHOLE_BYTES} bytes");
        let text = String::from_utf8_lossy(&bytes);
        let found = redact::find(&text, choice);
        let masked = redact::replace(&text, &found, &key);
        let list: Vec<_> =
            found.iter().map(|one| json!({ "type": one.kind, "start": one.start, "end": one.end })).collect();
        writeln!(out, "{}", json!({ "findings": list, "masked": masked }))?;
        return Ok(());
    }
    let mut out = std::io::BufWriter::new(out);
    let mut piece = Vec::with_capacity(BLOCK_BYTES);
    loop {
        // A line without end must not fill the memory either.
        let room = (2 * BLOCK_BYTES - piece.len().min(2 * BLOCK_BYTES - 1)) as u64;
        let read = (&mut input).take(room).read_until(b'\n', &mut piece).context("standard input cannot be read")?;
        let full = piece.len() >= BLOCK_BYTES || piece.len() >= PIECE_BYTES && !in_block(&piece);
        if read == 0 || full {
            let text = String::from_utf8_lossy(&piece);
            out.write_all(redact::mask_with(&text, &key, choice).as_bytes())?;
            piece.clear();
        }
        if read == 0 {
            return Ok(out.flush()?);
        }
    }
}

/// Whether a key block has begun and not ended.
fn in_block(piece: &[u8]) -> bool {
    let last = |mark: &[u8]| piece.windows(mark.len()).rposition(|part| part == mark);
    last(b"-----BEGIN ").is_some_and(|begin| last(b"-----END ").is_none_or(|end| end < begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(input: &[u8], json: bool) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let verb = Mask { json, addresses: false };
        run(&verb, &DataDir::at(folder.path().to_path_buf()), input, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn spans_are_of_the_input_and_the_rest_is_kept() {
        let tree: serde_json::Value =
            serde_json::from_str(&masked("ä mail ada@example.org\n".as_bytes(), true)).unwrap();
        assert_eq!(tree["findings"], json!([{ "type": "email", "start": 8, "end": 23 }]));
        assert!(tree["masked"].as_str().unwrap().starts_with("ä mail [masked:email:"));
        assert_eq!(masked(b"", false), "");
    }

    #[test]
    fn a_long_input_with_a_block_across_pieces_is_masked_whole() {
        let line = "nothing to see here at all\n";
        let block =
            format!("-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n", "MIIEvQIBADANBg\n".repeat(200));
        let before = line.repeat(PIECE_BYTES / line.len());
        let text = format!("{before}{block}{line}");
        let out = masked(text.as_bytes(), false);
        assert!(!out.contains("MIIEvQ") && out.starts_with(&before) && out.ends_with(line));
        assert_eq!(out.matches("[masked:private_key:").count(), 1);
        let endless = vec![b'a'; 3 * BLOCK_BYTES];
        assert_eq!(masked(&endless, false).len(), endless.len());
    }
}
