//! The packs load, name themselves as their files do, and judge as they say.

use clawbutler_policy::{PackKind, RuleSet, packs};

#[test]
fn every_pack_loads_alone_and_on_top_of_each_base() {
    let all = packs::all();
    assert_eq!(all.len(), 8);
    let mut faults = Vec::new();
    for pack in &all {
        if let Err(error) = packs::with(&[&pack.head.id], &[]) {
            faults.push(format!("{error}\nhint: {}", error.hint));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let ids = |kind| all.iter().filter(move |pack| pack.head.kind == kind).map(|pack| pack.head.id.as_str());
    let domains: Vec<&str> = ids(PackKind::Domain).collect();
    for base in ids(PackKind::Base) {
        let set = packs::with(&[&[base], domains.as_slice()].concat(), &[]).unwrap();
        assert!(set.named().all(|(name, _)| name.contains('/')));
        for (name, rule) in set.named() {
            assert!(!rule.matches.is_empty() && !rule.ignores.is_empty(), "{name} has examples both ways");
        }
    }
    assert_eq!(packs::with(&["balanced"], &[]).unwrap(), RuleSet::builtin());
}
