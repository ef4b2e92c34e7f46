//! The matrix of what can be done with which runtime, in words. Generated, so that it cannot say anything else.

use crate::connector::Connector;
use crate::facts::Can;

/// The whole document, in Markdown.
pub fn markdown(connectors: &[&dyn Connector]) -> String {
    let mut text = "# What ClawButler can do with each runtime\n\n\
        <!-- Written by `clawbutler capabilities --markdown` from the connectors. Do not edit. -->\n\n"
        .to_owned();
    let all: Vec<_> = connectors.iter().map(|connector| (*connector, connector.capabilities())).collect();
    let names: Vec<&str> = all.first().map(|(_, own)| own.all().map(|(name, _)| name).to_vec()).unwrap_or_default();
    text.push_str(&format!("| Runtime | {} |\n|{}\n", names.join(" | "), " --- |".repeat(names.len() + 1)));
    for (connector, own) in &all {
        let words = own.all().map(|(_, can)| word(can));
        text.push_str(&format!("| {} | {} |\n", connector.name(), words.join(" | ")));
    }
    for (connector, own) in &all {
        text.push_str(&format!("\n## {}\n\n", connector.name()));
        for (name, can) in own.all() {
            let (Can::Yes(says) | Can::Partly(says) | Can::No(says)) = can;
            text.push_str(&format!("- **{name}**: {}. {says}\n", word(can)));
        }
    }
    text
}

fn word(can: &Can) -> &'static str {
    match can {
        Can::Yes(_) => "yes",
        Can::Partly(_) => "partly",
        Can::No(_) => "no",
    }
}
