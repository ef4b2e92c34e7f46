//! Parts of an entry that the list, the detail and the trace share.

use clawbutler_wire::Risk;
use clawbutler_wire::audit::EntryView;
use leptos::prelude::*;

use super::facts::{self, Piece};
use super::model;
use crate::kit::RiskBadge;
use crate::signs;

/// Text with its masked and hidden parts marked.
pub(super) fn marked(pieces: &[Piece]) -> AnyView {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Plain(text) => view! { <span>{text.clone()}</span> }.into_any(),
            Piece::Masked { kind, digits } => {
                let title = format!("A secret or personal value ({kind}), masked before it was stored. Equal values carry the same digits: {digits}");
                view! { <span class="mark masked" title=title>{kind.clone()}" "<span class="digits">{digits.clone()}</span><span class="hidden">" (masked)"</span></span> }.into_any()
            }
            Piece::Hidden(name) => {
                view! { <span class="mark control" title="A character that cannot be seen, shown by name">{name.clone()}</span> }.into_any()
            }
        })
        .collect_view()
        .into_any()
}

/// The same of a plain text.
pub(super) fn line(text: &str) -> AnyView {
    marked(&facts::pieces(text))
}

/// What the entry's sentence adds to the words for its kind.
pub(super) fn more(entry: &EntryView) -> Option<AnyView> {
    if entry.pruned {
        return Some(view! { <span class="tag" data-testid="row-pruned" title="Retention removed the facts; their digest stays in the log">"facts removed"</span> }.into_any());
    }
    (!model::says_nothing_more(&entry.kind)).then(|| line(&entry.says))
}

/// The entry's risk as a badge.
pub(super) fn risk(entry: &EntryView) -> Option<AnyView> {
    let level = match model::risk(entry)? {
        "low" => Risk::Low,
        "medium" => Risk::Medium,
        "high" => Risk::High,
        "critical" => Risk::Critical,
        _ => return None,
    };
    Some(view! { <RiskBadge level=level/> }.into_any())
}

/// What the entry says was decided.
pub(super) fn decision(entry: &EntryView) -> Option<AnyView> {
    signs::decision(model::decision(entry)?)
}
