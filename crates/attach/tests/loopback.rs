//! The client against a gateway that misbehaves on command: over a real socket, in every way we know of.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

mod fake;

use std::time::Duration;

use clawbutler_attach::openclaw::{Approval, Decision, Event, Gateway, Kind, Link, Reach, Resolution, Trouble};
use clawbutler_attach::{CallError, Secret};
use fake::{Fake, Happened, Peer, TOKEN, hello};
use serde_json::{Value, json};

fn row(id: &str, allowed: &[&str]) -> Value {
    json!({ "id": id, "createdAtMs": 5, "expiresAtMs": 1_805_000,
        "request": { "command": "uname -s", "agentId": "main", "allowedDecisions": allowed } })
}

fn approval(id: &str, allowed: &[&str]) -> Approval {
    Approval::read(Kind::Exec, &row(id, allowed)).unwrap()
}

/// A connection that stands, its lists read.
async fn standing(fake: &Fake) -> (Gateway, Happened, Peer) {
    let (gateway, mut happened) = fake.open();
    let peer = fake.up().await;
    happened.up().await;
    (gateway, happened, peer)
}

fn approvals(event: &Event) -> Option<Vec<String>> {
    match event {
        Event::Approvals { kind: Kind::Exec, approvals } => Some(approvals.iter().map(|one| one.id.clone()).collect()),
        _ => None,
    }
}

#[tokio::test]
async fn after_a_restart_it_comes_back_and_reads_the_lists_again() {
    let fake = Fake::start().await;
    let (gateway, mut happened) = fake.open();
    let mut peer = fake.let_in(&hello()).await;
    happened.up().await;
    peer.lists(&json!([row("a", &["deny"])])).await;
    assert_eq!(happened.find(approvals).await, ["a"]);

    peer.event("shutdown", &json!({ "reason": "restart", "restartExpectedMs": 900 })).await;
    peer.close(1012, "service restart").await;
    let link = happened.link().await;
    assert!(matches!(link, Link::Waiting { trouble: Trouble::Restarting, .. }), "{link:?}");
    assert_eq!(gateway.agents().await, Err(CallError::Down), "there is nobody to ask");

    let mut peer = fake.let_in(&hello()).await;
    happened.up().await;
    peer.lists(&json!([row("b", &["deny"])])).await;
    assert_eq!(happened.find(approvals).await, ["b"], "what was decided meanwhile is gone");
    assert_eq!(gateway.counts().connects, 2);
}

#[tokio::test]
async fn a_call_under_way_ends_with_the_connection() {
    let fake = Fake::start().await;
    let (gateway, _happened, mut peer) = standing(&fake).await;
    let asking = tokio::spawn(async move { gateway.agents().await });
    peer.expect("agents.list").await;
    peer.close(1012, "service restart").await;
    assert_eq!(asking.await.unwrap(), Err(CallError::Down));
}

#[tokio::test]
async fn a_changed_policy_of_the_gateway_is_no_failure() {
    let fake = Fake::start().await;
    let (_gateway, mut happened, mut peer) = standing(&fake).await;
    peer.close(4001, "gateway policy changed").await;
    assert_eq!(happened.link().await, Link::Waiting { trouble: Trouble::PolicyChanged, again_in_ms: 250 });
    fake.up().await;
    happened.up().await;
}

#[tokio::test]
async fn a_device_that_is_not_known_waits_until_somebody_lets_it_in() {
    let fake = Fake::start().await;
    let (gateway, mut happened) = fake.open();
    let mut peer = fake.accept().await;
    let connect = peer.challenge().await;
    let details = json!({ "code": "PAIRING_REQUIRED", "reason": "not-paired", "requestId": "r-1" });
    peer.refuse(&connect, &json!({ "code": "NOT_PAIRED", "message": "pairing required", "details": details })).await;
    peer.close(1008, "pairing required").await;
    assert_eq!(happened.link().await, Link::Connecting);
    let trouble = Trouble::Pairing { request: Some("r-1".to_owned()) };
    assert_eq!(happened.link().await, Link::Waiting { trouble, again_in_ms: 5_000 });

    gateway.reconnect(None).await;
    let mut hello = hello();
    hello["auth"]["deviceToken"] = json!("device-token-abc");
    fake.let_in(&hello).await;
    let token = happened.find(|event| if let Event::DeviceToken(token) = event { Some(token.clone()) } else { None });
    assert_eq!(token.await.expose(), "device-token-abc");
    happened.up().await;
}

#[tokio::test]
async fn a_wrong_token_is_not_tried_again_and_not_repeated() {
    let fake = Fake::start().await;
    let (gateway, mut happened) = fake.open();
    let mut peer = fake.accept().await;
    let connect = peer.challenge().await;
    assert_eq!(connect.params["auth"]["token"], TOKEN);
    let details = json!({ "code": "AUTH_TOKEN_MISMATCH" });
    let message = format!("token mismatch: {TOKEN}");
    peer.refuse(&connect, &json!({ "code": "INVALID_REQUEST", "message": message, "details": details })).await;
    assert_eq!(happened.link().await, Link::Connecting);
    let refused = happened.link().await;
    assert!(matches!(refused, Link::Refused(Trouble::Refused(_))), "{refused:?}");
    assert!(!format!("{refused:?} {:?} {:?}", fake.target(Reach::Govern), gateway).contains(TOKEN));
    assert!(!fake.tried_within(Duration::from_millis(700)).await, "failed logins lock a device out");

    gateway.reconnect(Some(Secret::new("the-right-one"))).await;
    let mut peer = fake.accept().await;
    assert_eq!(peer.challenge().await.params["auth"]["token"], "the-right-one");
}

#[tokio::test]
async fn a_device_token_that_died_gives_way_to_the_shared_one() {
    let fake = Fake::start().await;
    let mut target = fake.target(Reach::Govern);
    target.device_token = Some(Secret::new("dead-device-token"));
    let (_gateway, _events) = Gateway::open(target);
    let mut peer = fake.accept().await;
    let connect = peer.challenge().await;
    assert_eq!(connect.params["auth"]["token"], "dead-device-token");
    let details = json!({ "code": "AUTH_DEVICE_TOKEN_MISMATCH" });
    peer.refuse(&connect, &json!({ "code": "INVALID_REQUEST", "message": "no", "details": details })).await;
    let mut peer = fake.accept().await;
    assert_eq!(peer.challenge().await.params["auth"]["token"], TOKEN);
}

#[tokio::test]
async fn a_connection_without_rights_is_none() {
    let fake = Fake::start().await;
    let (_gateway, mut happened) = fake.open();
    let mut hello = hello();
    hello["auth"]["scopes"] = json!([]);
    let mut peer = fake.let_in(&hello).await;
    peer.gone().await;
    assert_eq!(happened.link().await, Link::Connecting);
    assert_eq!(happened.link().await, Link::Refused(Trouble::NoRights));
}

#[tokio::test]
async fn a_gateway_that_starts_is_waited_for() {
    let fake = Fake::start().await;
    let (_gateway, mut happened) = fake.open();
    let mut peer = fake.accept().await;
    let connect = peer.challenge().await;
    let details = json!({ "reason": "startup-sidecars" });
    peer.refuse(&connect, &json!({ "code": "UNAVAILABLE", "message": "starting", "details": details })).await;
    assert_eq!(happened.link().await, Link::Connecting);
    assert_eq!(happened.link().await, Link::Waiting { trouble: Trouble::Starting, again_in_ms: 500 });
    fake.up().await;
    happened.up().await;
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_left() {
    let fake = Fake::start().await;
    let (_gateway, mut happened) = fake.open();
    let mut hello = hello();
    hello["policy"]["tickIntervalMs"] = json!(250);
    let mut peer = fake.let_in(&hello).await;
    peer.lists(&json!([])).await;
    happened.up().await;
    let link = happened.link().await;
    let Link::Waiting { trouble, .. } = link else { panic!("{link:?}") };
    assert_eq!(trouble.to_string(), "the runtime went silent");
    fake.up().await;
    happened.up().await;
}

#[tokio::test]
async fn a_slow_gateway_makes_callers_wait_but_not_without_end() {
    let fake = Fake::start().await;
    let (gateway, _happened, mut peer) = standing(&fake).await;
    let callers: Vec<_> = (0..300)
        .map(|_| {
            let gateway = gateway.clone();
            tokio::spawn(async move { gateway.agents().await })
        })
        .collect();
    let mut busy = 0;
    let mut first = Vec::new();
    for _ in 0..128 {
        first.push(peer.expect("agents.list").await);
    }
    for call in &first {
        peer.answer(call, &json!({ "defaultId": "main", "agents": [] })).await;
    }
    for caller in callers {
        match caller.await.unwrap() {
            Err(CallError::Busy) => busy += 1,
            Ok(agents) => assert_eq!(agents.default.as_deref(), Some("main")),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(busy, 300 - 128);
}

#[tokio::test]
async fn a_frame_over_the_bound_ends_the_connection_only() {
    let fake = Fake::start().await;
    let (_gateway, mut happened, mut peer) = standing(&fake).await;
    peer.raw(&"x".repeat(33 * 1024 * 1024)).await;
    let link = happened.link().await;
    let Link::Waiting { trouble, .. } = link else { panic!("{link:?}") };
    assert!(trouble.to_string().contains("larger than"), "{trouble}");
    fake.up().await;
    happened.up().await;
}

#[tokio::test]
async fn garbage_is_counted_and_too_much_of_it_ends_the_connection() {
    let fake = Fake::start().await;
    let (gateway, mut happened, mut peer) = standing(&fake).await;
    peer.raw("{").await;
    peer.raw(r#"{"type":"stream","id":"1"}"#).await;
    peer.event("moon.phase", &json!({})).await;
    peer.raw(r#"{"type":"res","id":"nobody-asked","ok":true}"#).await;
    happened.find(|event| (*event == Event::Unknown("moon.phase".to_owned())).then_some(())).await;
    let counts = gateway.counts();
    assert_eq!((counts.garbled, counts.unknown), (1, 2));
    for _ in 0..64 {
        peer.raw("<html>").await;
    }
    let link = happened.link().await;
    assert!(matches!(link, Link::Waiting { trouble: Trouble::Ended(_), .. }), "{link:?}");
}

#[tokio::test]
async fn something_else_at_the_port_is_not_a_gateway() {
    let fake = Fake::start().await;
    let (_gateway, mut happened) = fake.open();
    let mut peer = fake.accept().await;
    peer.raw("220 smtp ready").await;
    assert_eq!(happened.link().await, Link::Connecting);
    let link = happened.link().await;
    assert!(matches!(link, Link::Waiting { trouble: Trouble::Ended(_), .. }), "{link:?}");
}

#[tokio::test]
async fn who_does_not_take_events_is_told_that_some_are_missing() {
    let fake = Fake::start().await;
    let (gateway, mut happened, mut peer) = standing(&fake).await;
    for nth in 0..1_500 {
        peer.event("exec.approval.requested", &row(&format!("a{nth}"), &["deny"])).await;
    }
    // The answer comes after the events, so they were all taken or dropped.
    let asking = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.agents().await }
    });
    let call = peer.expect("agents.list").await;
    peer.answer(&call, &json!({})).await;
    asking.await.unwrap().unwrap();
    let dropped = gateway.counts().missed;
    assert!((400..600).contains(&dropped), "{dropped}");
    let missed = tokio::spawn(async move {
        let missed = happened.find(|event| if let Event::Missed(missed) = event { Some(*missed) } else { None }).await;
        (missed, happened.find(approvals).await)
    });
    peer.lists(&json!([row("a1499", &["deny"])])).await;
    assert_eq!(missed.await.unwrap(), (dropped, vec!["a1499".to_owned()]), "and the list has the last one");
}

#[tokio::test]
async fn only_what_is_offered_is_answered() {
    let fake = Fake::start().await;
    let (gateway, _happened, mut peer) = standing(&fake).await;
    let asked = approval("a", &["allow-once", "deny"]);
    let refused = gateway.resolve(&asked, Decision::AllowAlways).await.unwrap_err();
    assert_eq!(refused.to_string(), "allow-always was not offered for this request; offered: allow-once, deny");
    let answering = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.resolve(&asked, Decision::Deny).await }
    });
    let call = peer.expect("approval.resolve").await;
    assert_eq!(call.params, json!({ "id": "a", "kind": "exec", "decision": "deny" }), "nothing was sent before");
    let standing = json!({ "status": "allowed", "decision": "allow-once", "reason": "user" });
    peer.answer(&call, &json!({ "applied": false, "approval": standing })).await;
    assert_eq!(
        answering.await.unwrap(),
        Ok(Resolution::Late {
            status: Some("allowed".to_owned()),
            decision: Some(Decision::AllowOnce),
            reason: Some("user".to_owned()),
        })
    );
}

#[tokio::test]
async fn an_older_gateway_is_answered_its_way_and_never_always() {
    let fake = Fake::start().await;
    let (gateway, mut happened) = fake.open();
    let mut hello = hello();
    hello["protocol"] = json!(3);
    hello["features"]["methods"] = json!(["exec.approval.list", "plugin.approval.list"]);
    let mut peer = fake.let_in(&hello).await;
    peer.lists(&json!([])).await;
    peer.event("exec.approval.requested", &row("a", &["allow-once", "allow-always", "deny"])).await;
    let asked =
        happened.find(|event| if let Event::Asked(approval) = event { Some(approval.clone()) } else { None }).await;
    assert_eq!(asked.offered, [Decision::AllowOnce, Decision::Deny], "it would allow the program for ever");
    let answering = tokio::spawn(async move { gateway.resolve(&asked, Decision::AllowOnce).await });
    let call = peer.expect("exec.approval.resolve").await;
    assert_eq!(call.params, json!({ "id": "a", "decision": "allow-once" }));
    peer.answer(&call, &json!({ "ok": true })).await;
    assert_eq!(answering.await.unwrap(), Ok(Resolution::Applied));
}

#[tokio::test]
async fn several_gateways_do_not_disturb_each_other() {
    let (one, two) = (Fake::start().await, Fake::start().await);
    let (first, _first_events, mut peer) = standing(&one).await;
    let (second, mut second_events, _peer) = standing(&two).await;
    peer.close(1012, "service restart").await;
    peer.gone().await;
    let mut back = one.up().await;
    assert!(matches!(second.link(), Link::Up(_)));
    assert_eq!(second.counts().connects, 1);
    back.event("tick", &json!({})).await;
    assert!(first.up(Duration::from_secs(5)).await.is_some());
    drop(second);
    let closed = second_events.find(|event| (*event == Event::Link(Link::Closed)).then_some(()));
    tokio::time::timeout(Duration::from_secs(5), closed).await.expect("the last clone ends it");
}
