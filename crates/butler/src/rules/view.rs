//! The rules as the window shows them.

use std::collections::HashMap;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_policy::packs::Pack;
use clawbutler_policy::{Finding, FindingKind, PackKind as Kind, Rule, RuleSet, lint};
use clawbutler_store::table::actions::RuleUse;
use clawbutler_wire::command::ListRules;
use clawbutler_wire::rules::{
    HeldChange, LintView, PackKind, PackView, RuleFileState, RuleFileView, RuleOrigin, RuleView, RulesView, TuningView,
};

use super::book::{Book, Held};
use super::packs;
use crate::engine::lock;
use crate::{Butler, Error, view};

/// How far back uses are counted (ms).
const USES_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Watched matches that are counted.
const WATCHED: u32 = 10_000;

type Uses = HashMap<String, (u32, i64)>;

impl Butler {
    /// Every rule in force, the packs, the files and what waits for a person.
    pub fn list_rules(&self, _: ListRules) -> Result<RulesView, Error> {
        let since = self.since(USES_MS);
        let (counted, watched) = self
            .0
            .store
            .read(|read| Ok::<_, Error>((read.actions_by_rule(since)?, read.actions_observed(since, WATCHED)?)))?;
        let uses = uses(counted, &watched);
        let set = self.rules();
        let mut rules: Vec<RuleView> = set.named().map(|(name, rule)| rule_view(name, rule, &uses)).collect();
        rules.sort_by_key(|rule| order(&rule.decision));
        let findings = lint_views(&set, self.now());
        let book = lock(&self.0.book);
        Ok(RulesView {
            version: set.version().to_owned(),
            pack: book.packs.first().cloned().unwrap_or_default(),
            packs: packs::counted().iter().map(|(pack, rules)| pack_view(pack, *rules, &book)).collect(),
            files: file_views(&book),
            rules,
            findings,
            held: book.held.as_ref().map(|held| held_view(held, &book)),
            tuning: set.tunings().iter().map(tuning_view).collect(),
        })
    }
}

fn uses(counted: Vec<RuleUse>, watched: &[(String, i64)]) -> Uses {
    let mut uses: Uses = counted.into_iter().map(|one| (one.rule, (one.count, one.last_at))).collect();
    for (names, at) in watched {
        for name in names.split(' ') {
            let entry = uses.entry(name.to_owned()).or_insert((0, *at));
            entry.0 += 1;
            entry.1 = entry.1.max(*at);
        }
    }
    uses
}

fn order(decision: &str) -> usize {
    ["deny", "ask", "defer", "allow"].iter().position(|word| *word == decision).unwrap_or(usize::MAX)
}

fn rule_view(name: &str, rule: &Rule, uses: &Uses) -> RuleView {
    let (uses_30d, last_at) = uses.get(name).map_or((0, None), |(count, at)| (*count, Some(*at)));
    RuleView {
        id: rule.id.clone(),
        file: name.rsplit_once('/').map_or("", |(file, _)| file).to_owned(),
        decision: rule.decision.word().to_owned(),
        when: rule.describe(),
        because: rule.because.clone(),
        expires: rule.expires.clone(),
        observe: rule.observe,
        enabled: rule.enabled,
        uses_30d,
        last_at,
    }
}

fn pack_view(pack: &Pack, rules: usize, book: &Book) -> PackView {
    PackView {
        id: pack.head.id.clone(),
        title: pack.head.title.clone(),
        summary: pack.head.summary.clone(),
        kind: match pack.head.kind {
            Kind::Base => PackKind::Base,
            Kind::Domain => PackKind::Domain,
        },
        active: book.packs.contains(&pack.head.id),
        rules: u32::try_from(rules).unwrap_or(u32::MAX),
    }
}

fn tuning_view(tuning: &clawbutler_policy::Tuning) -> TuningView {
    TuningView { signal: tuning.name.clone(), level: tuning.level.filter(|_| !tuning.off).map(view::level) }
}

fn file_views(book: &Book) -> Vec<RuleFileView> {
    let active = book.packs.iter().filter_map(|id| packs::by_id(id));
    let packs = active.map(|pack| RuleFileView {
        name: pack.head.id.clone(),
        origin: RuleOrigin::Pack,
        text: Some(pack.text.to_owned()),
        digest: Some(sha256(pack.text.as_bytes())),
        state: RuleFileState::InForce,
        says: String::new(),
        fix: String::new(),
    });
    let mut names: Vec<&String> = book.files.keys().chain(book.disk.keys()).chain(book.imports.keys()).collect();
    names.sort();
    names.dedup();
    packs.chain(names.into_iter().map(|name| file_view(name, book))).collect()
}

fn file_view(name: &str, book: &Book) -> RuleFileView {
    let on_disk = book.disk.get(name).and_then(|text| text.clone().ok());
    let import = book.imports.get(name).cloned();
    let accepted = book.files.get(name);
    let imported = import.is_some() || accepted.is_some_and(|file| file.imported);
    let waits = book.held.as_ref().is_some_and(|held| held.names.iter().any(|held| held == name));
    let (state, says, fix) = match (book.broken.get(name), waits) {
        (Some(broken), _) => (RuleFileState::Broken, broken.says.clone(), broken.fix.clone()),
        (None, true) => (
            RuleFileState::Held,
            "It is not in force as it is.".to_owned(),
            "Look at the change, and accept or reject it.".to_owned(),
        ),
        (None, false) => (RuleFileState::InForce, String::new(), String::new()),
    };
    let text = on_disk.or(import).or_else(|| accepted.map(|file| file.text.clone()));
    RuleFileView {
        name: name.to_owned(),
        origin: if imported { RuleOrigin::Imported } else { RuleOrigin::User },
        digest: text.as_ref().map(|text| sha256(text.as_bytes())),
        text,
        state,
        says,
        fix,
    }
}

fn held_view(held: &Held, book: &Book) -> HeldChange {
    let imports = held.names.iter().filter(|name| book.imports.contains_key(*name)).count();
    let source = match (imports, held.names.len()) {
        (0, _) => "Changed on the disk",
        (imports, all) if imports == all => "Taken in from elsewhere",
        _ => "Changed on the disk and taken in from elsewhere",
    };
    let effect = if held.loosens { "it could let more through than now" } else { "it only makes the rules stricter" };
    HeldChange {
        digest: held.digest.clone(),
        files: held.names.clone(),
        loosens: held.loosens,
        says: format!("{source}; {effect}. It is not in force."),
        diff_lines: held.diff_lines.clone(),
    }
}

/// Whatever is odd about the rules.
pub(crate) fn lint_views(set: &RuleSet, now: Timestamp) -> Vec<LintView> {
    let view = |finding: Finding| LintView {
        rule: finding.rule,
        kind: match finding.kind {
            FindingKind::Shadowed => "shadowed",
            FindingKind::Unreachable => "unreachable",
            FindingKind::Contradictory => "contradictory",
            FindingKind::OverBroad => "over_broad",
            FindingKind::Expired => "expired",
            FindingKind::NoExamples => "no_examples",
            FindingKind::FloorWins => "floor_wins",
        }
        .to_owned(),
        says: finding.says,
        fix: finding.fix,
    };
    lint(set, Some(now)).into_iter().map(view).collect()
}
