//! Where Hermes lives: its install, its home, its profiles, homes elsewhere; and the guard's way out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{HERMES, tried};
use clawbutler_wire::command::Discover;
use clawbutler_wire::runtimes::GuardState;
use serde_json::json;

use super::super::shared::uninstall;
use super::{Bench, terminal};

#[test]
fn the_install_and_its_home_are_found_without_running_it() {
    let Some(hermes) = Hermes::new("off") else { return };
    let _row = tried(HERMES, "found: install, home, running session");
    let bench = Bench(hermes);
    let found = bench.0.machine.ask(&Discover {}).unwrap();
    let installs: Vec<_> = found.installs.iter().filter(|install| install.runtime == "hermes").collect();
    assert_eq!(installs.len(), 1, "{installs:?}");
    assert_eq!(installs[0].version.as_deref(), Some("0.19.0"));
    assert_eq!(installs[0].how, "pip, in a virtual environment");
    let home = bench.home("home/.hermes");
    assert_eq!((home.source.as_str(), home.guard.state, home.guardable), ("default", GuardState::Missing, true));
    assert_eq!(home.sessions, []);
    assert!(!bench.0.home("state.db").exists() && !bench.0.home("logs").exists(), "looking ran nothing");
}

#[test]
fn every_profile_and_home_is_guarded_for_itself() {
    let Some(hermes) = Hermes::new("off") else { return };
    let _row0 = tried(HERMES, "found: a home named by a variable");
    let _row1 = tried(HERMES, "guard: every profile for itself");
    let mut bench = Bench(hermes);
    bench.0.machine.install_guard();
    bench.0.cli(&["profile", "create", "work"]);
    let profile = "home/.hermes/profiles/work";
    let seen = bench.home(profile);
    assert_eq!((seen.source.as_str(), seen.guard.state), ("profile work", GuardState::Missing));
    bench.0.settle(profile, "off");

    // A profile without the guard is not guarded by that of its root.
    let risky = |name: &str| script(&json!([terminal(&format!("touch {name}.ran && rm -rf nothing"))]));
    bench.0.start(&["-p", "work", "chat", "-q", &risky("unguarded")]).finish();
    assert!(bench.file("unguarded.ran").exists());
    bench.0.machine.install_guard_in(profile);
    assert_eq!(bench.home(profile).guard.state, GuardState::User);
    for (args, name) in [(vec!["-p", "work"], "profile"), (vec![], "root")] {
        let prompt = risky(name);
        let args: Vec<&str> = args.into_iter().chain(["chat", "-q", prompt.as_str()]).collect();
        let client = bench.0.start(&args);
        let seen = bench.pending();
        let at = if name == "profile" { profile } else { "home/.hermes" };
        let other = if name == "profile" { "home/.hermes" } else { profile };
        assert_eq!(bench.home(at).sessions.len(), 1, "{name}");
        assert_eq!(bench.home(other).sessions, [], "{name}");
        bench.decide(&seen, "deny", None);
        client.finish();
        assert!(!bench.file(&format!("{name}.ran")).exists());
    }

    // The sticky choice of a profile.
    bench.0.cli(&["profile", "use", "work"]);
    let client = bench.0.chat(&risky("sticky"));
    let seen = bench.pending();
    assert_eq!(bench.home(profile).sessions.len(), 1);
    bench.decide(&seen, "deny", None);
    client.finish();
    assert!(!bench.file("sticky.ran").exists());

    // A home named by a variable.
    let elsewhere = bench.0.machine.at("elsewhere").display().to_string();
    bench.0.settle("elsewhere", "off");
    bench.0.machine.extra.insert("HERMES_HOME".to_owned(), elsewhere);
    bench.0.machine.stop();
    bench.0.machine.start();
    assert_eq!(bench.home("elsewhere").source, "HERMES_HOME");
    bench.0.machine.install_guard_in("elsewhere");
    let client = bench.0.chat(&risky("elsewhere"));
    let seen = bench.pending();
    assert_eq!(bench.home("elsewhere").sessions.len(), 1);
    bench.decide(&seen, "deny", None);
    client.finish();
    assert!(!bench.file("elsewhere.ran").exists());
}

/// Every file below a folder with its content; Python's own cache of a plugin that is not ours aside.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.extend(Some(entry.path()).filter(|path| !path.ends_with("other/__pycache__")));
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_guard_leaves_as_it_came() {
    let Some(hermes) = Hermes::new("off") else { return };
    let _row = tried(HERMES, "guard: its removal gives the files back");
    let bench = Bench(hermes);
    let other = bench.0.home("plugins/other");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("plugin.yaml"), "name: other\nversion: \"1\"\n").unwrap();
    fs::write(other.join("__init__.py"), "def register(ctx):\n    pass\n").unwrap();
    let settings = fs::read_to_string(bench.0.home("config.yaml")).unwrap();
    let ways = [
        String::new(),
        "plugins: {enabled: [other]}  # mine\n".to_owned(),
        "plugins:\n  # mine\n  enabled:\n    - other   # this one\n  disabled: []\n".to_owned(),
        "plugins:\r\n  enabled: []".to_owned(),
    ];
    for more in ways {
        let text = format!("{settings}{more}");
        fs::write(bench.0.home("config.yaml"), &text).unwrap();
        let plugins = tree(&bench.0.home("plugins"));
        bench.0.machine.install_guard();
        bench.all_denied(&format!("guarded{}", more.len()));
        assert!(tree(&bench.0.home("plugins")).len() > plugins.len());
        uninstall(&bench.0.machine);
        assert_eq!(fs::read_to_string(bench.0.home("config.yaml")).unwrap(), text);
        assert_eq!(tree(&bench.0.home("plugins")), plugins, "{more:?}");
        assert_eq!(bench.home("home/.hermes").guard.state, GuardState::Missing);
    }
    let name = "after.txt";
    bench.0.chat(&script(&json!([terminal(&format!("touch {name} && rm -rf nothing"))]))).finish();
    assert!(bench.file(name).exists(), "Hermes works as before");
}
