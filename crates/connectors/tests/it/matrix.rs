//! `docs/CAPABILITIES.md` says what the connectors say.

use std::path::Path;

use clawbutler_connectors::connector::ALL;
use clawbutler_connectors::matrix;

#[test]
fn the_document_is_what_the_connectors_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CAPABILITIES.md");
    let written = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(
        written,
        matrix::markdown(ALL),
        "write it anew: cargo run -p clawbutler-cli -- capabilities --markdown > docs/CAPABILITIES.md"
    );
}

#[test]
fn every_sentence_is_one() {
    for connector in ALL {
        for (name, can) in connector.capabilities().all() {
            use clawbutler_connectors::facts::Can;
            let (Can::Yes(says) | Can::Partly(says) | Can::No(says)) = can;
            assert!(!says.trim().is_empty() && !says.contains('\n'), "{} {name}", connector.id());
        }
    }
}
