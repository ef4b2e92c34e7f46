//! The edit over settings as people and Hermes write them.

use proptest::prelude::*;

use super::*;

const BOTH: Wants = Wants { callback_timeout: true, transport: true };

#[track_caller]
fn there_and_back(text: &str, wants: Wants) -> String {
    let installed = install(Some(text), wants).unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert_eq!(install(Some(&installed), wants).as_deref(), Ok(installed.as_str()), "a second time changes nothing");
    assert_eq!(uninstall(&installed), Ok(Some(text.to_owned())), "byte for byte:\n{installed}");
    installed
}

#[test]
fn a_file_that_is_missing_comes_and_goes() {
    let installed = install(None, Wants::default()).unwrap();
    insta::assert_snapshot!(installed, @"
    # Begun by ClawButler
    plugins:  # ClawButler's guard
      enabled: [clawbutler]  # ClawButler's guard
    ");
    assert_eq!(uninstall(&installed), Ok(None));
}

#[test]
fn every_other_byte_stays() {
    let installed = there_and_back(
        "# my settings\nmodel:   # which\n    default: \"m: x\"\n\nplugins:\n  # mine\n  enabled:\n  - one   # first\n  - two\n\n  entries: {one: {allow_tool_override: false}}\nsecurity:\n  approval:\n    # none\n  tirith_enabled: false\n# end",
        BOTH,
    );
    insta::assert_snapshot!(installed, @r#"
    # my settings
    model:   # which
        default: "m: x"

    plugins:
      hook_callback_timeout: 0  # ClawButler's guard
      # mine
      enabled:
      - one   # first
      - two
      - clawbutler  # ClawButler's guard

      entries: {one: {allow_tool_override: false}}
    security:
      approval:
        transport_fallback: builtin  # ClawButler's guard
        transport: clawbutler  # ClawButler's guard
        # none
      tirith_enabled: false
    # end
    "#);
}

#[test]
fn forms_of_the_list() {
    for text in [
        "",
        "\n\n# nothing\n",
        "---\nmodel: x\n",
        "model: x",
        "\u{feff}model: x\r\nplugins:\r\n  enabled:\r\n  - a\r\n",
        "plugins:\n",
        "plugins:",
        "plugins: # none yet\nmodel: x\n",
        "plugins: {}\nmodel: x\n",
        "plugins: {disabled: []}\n",
        "plugins:\n  enabled: []\n",
        "plugins:\n  enabled: [ ]  # none\n",
        "plugins:\n  enabled: [a, 'b']\n",
        "plugins:\n  enabled: [\n    a,\n    b\n  ]\nmodel: x\n",
        "plugins:\n  enabled:\n  disabled:\n    - z\n",
        "plugins:\n  enabled:\n    - a",
        "plugins:\n    disabled: []\n",
        "text: |\n  plugins:\n    enabled: []\n\n  more\n\nother: >-\n  folded\n  text\n",
        "quoted: \"one\n  two: three\"\nlist:\n- a: 1\n  b:\n  - c\n- - d\n",
        "prompt: a long text\n  that goes on here\n\n  and there\nurl: http://h:1/x#y\n",
    ] {
        there_and_back(text, Wants::default());
    }
    there_and_back("plugins:\n  enabled: []\n", BOTH);
    there_and_back("security: {}\n", Wants { callback_timeout: false, transport: false });
}

#[test]
fn being_disabled_is_undone() {
    let text = "plugins:\n  enabled: [clawbutler]\n  disabled: [a, clawbutler]\n";
    let installed = install(Some(text), Wants::default()).unwrap();
    assert_eq!(installed, "plugins:\n  enabled: [clawbutler]\n  disabled: [a]\n");
    let text = "plugins:\n  enabled:\n  - clawbutler\n  disabled:\n  - clawbutler\nmodel: x\n";
    let installed = install(Some(text), Wants::default()).unwrap();
    assert_eq!(installed, "plugins:\n  enabled:\n  - clawbutler\n  disabled: []\nmodel: x\n");
}

#[test]
fn hermes_rewrites_its_settings_and_our_entry_still_leaves() {
    let rewritten = "model: x\nplugins:\n  enabled:\n  - a\n  - clawbutler\n  disabled: []\nsecurity:\n  approval:\n    transport: clawbutler\n    transport_fallback: builtin\n";
    let expected = "model: x\nplugins:\n  enabled:\n  - a\n  disabled: []\nsecurity:\n  approval:\n    transport_fallback: builtin\n";
    assert_eq!(uninstall(rewritten), Ok(Some(expected.to_owned())));
    assert_eq!(
        uninstall("plugins:\n  enabled:\n  - clawbutler\n"),
        Ok(Some("plugins:\n  enabled: []\n".to_owned())),
        "an empty list is not the default"
    );
}

#[test]
fn what_others_added_meanwhile_stays() {
    let installed = install(Some("model: x\n"), Wants::default()).unwrap();
    let edited = installed.replace("[clawbutler]", "[clawbutler, mine]").replace("model: x", "model: y");
    let left = uninstall(&edited).unwrap().unwrap();
    assert_eq!(left, "model: y\nplugins:  # ClawButler's guard\n  enabled: [mine]  # ClawButler's guard\n");
}

#[test]
fn what_is_not_understood_is_left_alone() {
    for text in [
        "plugins: yes\n", "plugins:\n  enabled: all\n", "plugins: &p\n  enabled: []\n", "a: *b\n", "- a\n- b\n",
        "{}\n", "a: 1\na: 2\n", "a: b: c\n", "\ta: 1\n", "a: 1\n...\n", "a: 1\n---\nb: 2\n", "a: [1\n", "a: \"open\n",
        "? a\n: b\n", "plugins: ~\n",
    ] {
        assert!(install(Some(text), Wants::default()).is_err(), "{text:?}");
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_ ]{0,8}[a-z]",
        "[0-9]{1,4}",
        Just("true".to_owned()),
        Just("\"q # x: y\"".to_owned()),
        Just("'it''s'".to_owned()),
        Just("[a, b]".to_owned()),
        Just("{k: v}".to_owned()),
        Just("http://h/p#f".to_owned()),
        Just(String::new()),
    ]
}

/// Settings of several shapes, ours among them.
fn settings() -> impl Strategy<Value = String> {
    let other = ("[b-oq-rt-z][a-z]{2,5}", scalar(), any::<bool>(), scalar()).prop_map(|(key, value, nested, inner)| {
        if nested {
            format!("{key}:\n  # note\n  inner: {inner}\n  more:\n  - {value}x\n\n")
        } else {
            format!("{key}: {value}  # c\n")
        }
    });
    let plugins = prop_oneof![
        Just(String::new()),
        Just("plugins:\n  enabled:\n    - a # b\n    - c\n".to_owned()),
        Just("plugins:\n  enabled: [a]\n  entries:\n    a:\n      x: 1\n".to_owned()),
        Just("plugins:\n".to_owned()),
        Just("plugins:\n  disabled:\n  - z\n".to_owned()),
        Just("plugins: {}\n".to_owned()),
    ];
    let security = prop_oneof![Just(String::new()), Just("security:\n  tirith_enabled: false\n".to_owned())];
    (prop::collection::vec(other, 0..4), plugins, security, any::<bool>(), any::<bool>()).prop_map(
        |(others, plugins, security, crlf, unended)| {
            let mut keys = std::collections::BTreeSet::new();
            let others =
                others.into_iter().filter(|other| keys.insert(other.split(':').next().unwrap_or_default().to_owned()));
            let mut parts: Vec<String> = others.collect();
            parts.insert(parts.len() / 2, plugins);
            parts.push(security);
            let mut text = parts.concat();
            if unended {
                text.truncate(text.trim_end().len());
            }
            if crlf { text.replace('\n', "\r\n") } else { text }
        },
    )
}

proptest! {
    #[test]
    fn in_and_out_again_is_nothing(text in settings(), callback_timeout: bool, transport: bool) {
        let braces = text.contains("plugins: {}") && callback_timeout;
        if let Ok(installed) = install(Some(&text), Wants { callback_timeout, transport }) {
            let left = uninstall(&installed);
            prop_assert!(left.is_ok(), "{left:?}\n{installed}");
            if !braces {
                prop_assert_eq!(left.unwrap().unwrap_or_default(), text);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-c:\\-# \\n\\r\\t\\[\\]{}\"'|>&,\\\\é\u{feff}]{0,120}") {
        let _ = install(Some(&text), BOTH);
        let _ = uninstall(&text);
    }
}
