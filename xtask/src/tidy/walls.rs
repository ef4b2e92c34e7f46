//! Who may depend on whom: the compile-time walls between crates.

use std::collections::BTreeSet;

use serde_json::Value;

/// A package of the workspace and what it names.
#[derive(Debug)]
pub(crate) struct Package {
    name: String,
    /// Dependency and whether it is for tests only.
    dependencies: Vec<(String, Kind)>,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shipped,
    Test,
}

/// A crate that only some packages may name. A trailing `*` covers its companions.
struct Outside {
    dependency: &'static str,
    only: &'static [&'static str],
    tests_free: bool,
}

const OUTSIDE: &[Outside] = &[
    Outside { dependency: "rusqlite*", only: &["clawbutler-store"], tests_free: true },
    Outside { dependency: "sqlx*", only: &["clawbutler-control-plane"], tests_free: false },
    Outside { dependency: "tauri*", only: &["clawbutler-desktop"], tests_free: false },
    Outside { dependency: "leptos*", only: &["clawbutler-ui"], tests_free: false },
    Outside {
        dependency: "axum*",
        only: &["clawbutler-gateway", "clawbutler-control-plane", "clawbutler-devhost"],
        tests_free: false,
    },
    Outside { dependency: "brush-parser", only: &["clawbutler-policy"], tests_free: false },
    Outside { dependency: "tokio-tungstenite", only: &["clawbutler-attach"], tests_free: false },
    Outside { dependency: "ed25519-dalek", only: &["clawbutler-attach", "clawbutler-ledger"], tests_free: false },
];

/// Never in a pure crate: clocks, randomness, threads, processes, files.
const IMPURE: &[&str] = &["tokio", "getrandom", "rand", "sysinfo", "rusqlite", "rustix", "uuid"];
const PURE: &[&str] = &["core", "policy", "ledger", "wire"];

/// Our own crates, and which of ours each may name. Without the prefix `clawbutler-`.
const EDGES: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("core", &[]),
    ("policy", &["core"]),
    ("ledger", &["core"]),
    ("store", &["core", "ledger"]),
    ("connectors", &["core"]),
    ("attach", &["core"]),
    ("platform", &["core"]),
    ("butler", &["core", "wire", "policy", "ledger", "store", "connectors", "attach", "platform"]),
    ("gateway", &["core", "wire", "butler", "platform"]),
    ("hook", &["core", "wire", "policy", "connectors", "platform"]),
    ("cli", &["core", "wire", "policy", "ledger", "connectors", "butler", "gateway", "platform"]),
    ("desktop", &["core", "wire", "butler", "gateway", "platform"]),
    ("devhost", &["core", "wire", "butler", "gateway", "platform"]),
    ("control-plane", &["core", "ledger", "policy", "wire"]),
    ("ui", &["wire"]),
];
/// Development only: may name anything of ours.
const FREE: &[&str] = &["testkit", "tests", "benches"];

/// Reads what the rules need from `cargo metadata`.
pub(crate) fn packages(metadata: &Value) -> Vec<Package> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dependency = |value: &Value| {
        let kind = if value["kind"] == "dev" { Kind::Test } else { Kind::Shipped };
        (text(&value["name"]), kind)
    };
    let package = |value: &Value| Package {
        name: text(&value["name"]),
        dependencies: list(&value["dependencies"]).iter().map(dependency).collect(),
    };
    list(&metadata["packages"]).iter().map(package).collect()
}

/// Every broken wall, in words.
pub(crate) fn check(packages: &[Package]) -> Vec<String> {
    let mut problems = BTreeSet::new();
    for package in packages {
        for (dependency, kind) in &package.dependencies {
            problems.extend(outside(&package.name, dependency, *kind));
            problems.extend(pure(&package.name, dependency, *kind));
            problems.extend(edge(&package.name, dependency, *kind));
        }
        problems.extend(unknown(&package.name));
    }
    problems.into_iter().collect()
}

fn outside(package: &str, dependency: &str, kind: Kind) -> Option<String> {
    let wall = OUTSIDE.iter().find(|wall| covers(wall.dependency, dependency))?;
    let free = wall.only.contains(&package) || (wall.tests_free && kind == Kind::Test);
    (!free).then(|| format!("{package} names {dependency}, which only {} may", wall.only.join(", ")))
}

fn covers(pattern: &str, dependency: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => {
            dependency == stem || dependency.strip_prefix(stem).is_some_and(|rest| rest.starts_with(['-', '_']))
        }
        None => dependency == pattern,
    }
}

fn pure(package: &str, dependency: &str, kind: Kind) -> Option<String> {
    let ours = package.strip_prefix("clawbutler-")?;
    let broken = PURE.contains(&ours) && kind == Kind::Shipped && IMPURE.contains(&dependency);
    broken.then(|| format!("{package} is pure and must not name {dependency}"))
}

fn edge(package: &str, dependency: &str, kind: Kind) -> Option<String> {
    let (from, to) = (package.strip_prefix("clawbutler-")?, dependency.strip_prefix("clawbutler-")?);
    let (_, allowed) = EDGES.iter().find(|row| row.0 == from)?;
    let broken = kind == Kind::Shipped && !allowed.contains(&to);
    broken.then(|| format!("{package} must not name {dependency} (allowed: {})", allowed.join(", ")))
}

fn unknown(package: &str) -> Option<String> {
    let ours = package.strip_prefix("clawbutler-").unwrap_or(package);
    let known = ours == "xtask" || FREE.contains(&ours) || EDGES.iter().any(|row| row.0 == ours);
    (!known).then(|| format!("{package} has no row in xtask/src/tidy/walls.rs: a new crate needs a reason"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(package: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let metadata = serde_json::json!({ "packages": [
            { "name": package, "dependencies": [{ "name": dependency, "kind": kind }] },
        ] });
        check(&packages(&metadata))
    }

    #[test]
    fn outside_crates_stay_where_they_live() {
        assert!(problems("clawbutler-store", "rusqlite", None).is_empty());
        assert!(problems("clawbutler-butler", "rusqlite", Some("dev")).is_empty());
        assert_eq!(
            problems("clawbutler-butler", "rusqlite", None),
            ["clawbutler-butler names rusqlite, which only clawbutler-store may"]
        );
        assert_eq!(problems("clawbutler-cli", "tauri-plugin-updater", None).len(), 1);
        assert_eq!(problems("clawbutler-desktop", "tauri-build", Some("build")).len(), 0);
        assert_eq!(problems("clawbutler-tests", "axum", Some("dev")).len(), 1);
        assert_eq!(problems("clawbutler-hook", "brush-parser", None).len(), 1);
    }

    #[test]
    fn pure_crates_stay_pure() {
        for name in ["core", "policy", "ledger", "wire"] {
            assert_eq!(problems(&format!("clawbutler-{name}"), "tokio", None).len(), 1, "{name}");
        }
        assert!(problems("clawbutler-gateway", "tokio", None).is_empty());
    }

    #[test]
    fn edges_between_ours_follow_the_table() {
        assert_eq!(problems("clawbutler-ui", "clawbutler-core", None).len(), 1);
        assert_eq!(problems("clawbutler-desktop", "clawbutler-devhost", None).len(), 1);
        assert_eq!(problems("clawbutler-butler", "clawbutler-testkit", None).len(), 1);
        assert!(problems("clawbutler-butler", "clawbutler-testkit", Some("dev")).is_empty());
        assert!(problems("clawbutler-tests", "clawbutler-store", None).is_empty());
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(problems("clawbutler-helpers", "serde", None).len(), 1);
        assert!(problems("xtask", "syn", None).is_empty());
    }
}
