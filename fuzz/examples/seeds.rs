//! Writes the labelled actions as seeds: `fuzz/corpus/shell` and `fuzz/corpus/explain_line`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for target in ["shell", "explain_line"] {
        fs::create_dir_all(here.join("corpus").join(target))?;
    }
    for file in ["benign", "dangerous", "disguised"] {
        let text = fs::read_to_string(here.join(format!("../tests/corpus/{file}.jsonl")))?;
        for (number, line) in text.lines().enumerate() {
            let name = format!("{file}-{number}");
            fs::write(here.join("corpus/explain_line").join(&name), line)?;
            let row: serde_json::Value = serde_json::from_str(line)?;
            let first = if row["tool"] == "PowerShell" { '#' } else { ' ' };
            if let Some(command) = row["input"]["command"].as_str() {
                fs::write(here.join("corpus/shell").join(&name), format!("{first}{command}"))?;
            }
        }
    }
    Ok(())
}
