//! Frames of real gateways, three releases: every one is understood, or named.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;

use clawbutler_attach::openclaw::{Approval, Decision, Event, Frame, Kind, understand};
use serde_json::Value;

const CAPTURES: [(&str, &str); 4] = [
    ("2026.5.7", include_str!("fixtures/openclaw/frames-2026.5.7.jsonl")),
    ("2026.7.1", include_str!("fixtures/openclaw/frames-2026.7.1.jsonl")),
    ("2026.9.6", include_str!("fixtures/openclaw/frames-2026.9.6.jsonl")),
    ("2026.9.6-lifecycle", include_str!("fixtures/openclaw/frames-2026.9.6-lifecycle.jsonl")),
];

fn frames(capture: &str) -> impl Iterator<Item = Frame> {
    capture.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        clawbutler_attach::openclaw::read(&line["frame"].to_string()).expect("a frame")
    })
}

/// One word for an event.
fn word(event: &Event) -> &'static str {
    match event {
        Event::Asked(_) => "asked",
        Event::Settled(_) => "settled",
        Event::Steps(_) => "steps",
        Event::Chat(_) => "chat",
        Event::Session(_) => "session",
        Event::SessionsChanged => "sessions-changed",
        Event::Cron { .. } => "cron",
        Event::Task { .. } => "task",
        Event::ConfigChanged { .. } => "config",
        Event::ToolsChanged => "tools",
        Event::Presence(_) => "presence",
        Event::Health(_) => "health",
        Event::Shutdown { .. } => "shutdown",
        Event::Suspension(_) => "suspension",
        Event::PairingAsked(_) => "pairing-asked",
        Event::PairingSettled { .. } => "pairing-settled",
        Event::DevicesChanged => "devices",
        Event::UpdateAvailable(_) => "update",
        Event::Unknown(_) => "unknown",
        Event::Link(_) | Event::DeviceToken(_) | Event::Approvals { .. } | Event::Sessions(_) | Event::Missed(_) => {
            panic!("{event:?} is never sent by a gateway")
        }
    }
}

#[test]
fn every_captured_event_is_understood() {
    let mut found = Vec::new();
    for (release, capture) in CAPTURES {
        let mut said: BTreeMap<&str, usize> = BTreeMap::new();
        for frame in frames(capture) {
            match frame {
                Frame::Event { name, payload } => match understand(&name, &payload) {
                    Some(Event::Unknown(name)) => panic!("{release}: {name} is not known"),
                    Some(event) => *said.entry(word(&event)).or_default() += 1,
                    None => *said.entry("quiet").or_default() += 1,
                },
                Frame::Response { id, .. } => assert!(!id.is_empty()),
                Frame::Unknown { kind } => panic!("{release}: a frame of kind {kind}"),
            }
        }
        let said: Vec<String> = said.into_iter().map(|(word, times)| format!("{word} {times}")).collect();
        found.push((release, said.join(", ")));
    }
    let expected = [
        ("2026.5.7", "asked 2, chat 4, health 2, pairing-settled 2, presence 2, quiet 6, settled 2, steps 2"),
        ("2026.7.1", "asked 2, chat 2, health 2, pairing-settled 2, quiet 4, settled 2, steps 2, task 2"),
        (
            "2026.9.6",
            "asked 4, chat 11, config 2, cron 4, pairing-asked 1, pairing-settled 2, presence 2, quiet 31, session 6, \
             sessions-changed 12, settled 4, steps 25, suspension 3, task 2, tools 4",
        ),
        (
            "2026.9.6-lifecycle",
            "asked 2, cron 2, pairing-asked 2, pairing-settled 2, presence 1, quiet 6, settled 2, shutdown 1, \
             steps 2, suspension 3",
        ),
    ];
    assert_eq!(found, expected.map(|(release, said)| (release, said.to_owned())));
}

#[test]
fn every_captured_refusal_says_why() {
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for (_, capture) in CAPTURES {
        for frame in frames(capture) {
            if let Frame::Response { result: Err(refusal), .. } = frame {
                assert!(!refusal.message.is_empty(), "{refusal:?}");
                *codes.entry(format!("{}/{}", refusal.code, refusal.reason)).or_default() += 1;
            }
        }
    }
    let codes: Vec<String> = codes.into_iter().map(|(code, times)| format!("{code} {times}")).collect();
    assert_eq!(
        codes,
        [
            "FORBIDDEN/MISSING_SCOPE 1",
            "INVALID_REQUEST/ 7",
            "INVALID_REQUEST/APPROVAL_ALREADY_RESOLVED 1",
            "INVALID_REQUEST/APPROVAL_NOT_FOUND 3",
            "INVALID_REQUEST/AUTH_DEVICE_TOKEN_MISMATCH 1",
            "INVALID_REQUEST/AUTH_TOKEN_MISMATCH 1",
            "INVALID_REQUEST/DEVICE_AUTH_DEVICE_ID_MISMATCH 1",
            "INVALID_REQUEST/PROTOCOL_MISMATCH 1",
            "NOT_PAIRED/PAIRING_REQUIRED 2",
            "UNAVAILABLE/gateway-suspending 1",
            "UNAVAILABLE/startup-sidecars 1",
        ]
    );
}

/// The request an owner is asked about, as each release sends it.
#[test]
fn a_captured_request_has_what_is_needed_to_decide() {
    for (release, capture) in CAPTURES {
        let asked: Vec<Approval> = frames(capture)
            .filter_map(|frame| match frame {
                Frame::Event { name, payload } => understand(&name, &payload),
                Frame::Response { .. } | Frame::Unknown { .. } => None,
            })
            .filter_map(|event| if let Event::Asked(approval) = event { Some(approval) } else { None })
            .collect();
        assert!(!asked.is_empty(), "{release}");
        for approval in asked {
            assert!(!approval.id.is_empty() && !approval.command.is_empty(), "{release}: {approval:?}");
            assert!(approval.offered.contains(&Decision::Deny), "{release}: {approval:?}");
            assert!(approval.expires_at > approval.asked_at, "{release}: {approval:?}");
            assert_eq!(approval.kind == Kind::Plugin, approval.id.starts_with("plugin:"), "{release}");
        }
    }
}
