//! Servers attached: they tell what their sessions do, and nothing is asked over the connection.

use std::fs;
use std::sync::Arc;

use clawbutler_attach::hermes::{Event as Said, Link, Trouble};
use clawbutler_attach::{CallError, Ended};
use clawbutler_butler::{End, Line, LineNumber};
use clawbutler_wire::Code;
use clawbutler_wire::attached::{ConnectionView, GatewayPart, LinkState};
use clawbutler_wire::command::{AttachHome, Discover, GatewayView, Govern, ListConnections, SetFloor};

use crate::desk::{Desk, code};

#[derive(Debug)]
struct Made;

impl Line for Made {
    fn end(&self) -> End {
        End::Server
    }

    fn address(&self) -> String {
        "ws://127.0.0.1:9".to_owned()
    }
}

fn attached(desk: &Desk) -> (String, LineNumber) {
    fs::create_dir_all(desk.home().join(".hermes")).unwrap();
    fs::write(desk.home().join(".hermes/config.yaml"), "model: one\n").unwrap();
    let found = desk.butler().discover(Discover {}).unwrap();
    let home = found.homes.into_iter().find(|home| home.runtime == "hermes").unwrap().id;
    desk.butler().govern(Govern { home_id: home.clone(), governed: true }).unwrap();
    let attach = AttachHome { home_id: home.clone(), url: None, token: None, reach: None };
    let view = desk.butler().attach_home(attach).unwrap();
    assert_eq!((view.link, view.fix.as_deref()), (LinkState::Absent, Some("Give its address and its token.")));
    let number = desk.butler().attach_line(&home, Arc::new(Made));
    (home, number)
}

fn view(desk: &Desk) -> ConnectionView {
    desk.butler().list_connections(ListConnections {}).unwrap().items.pop().unwrap()
}

#[test]
fn how_it_stands_is_shown_and_its_absence_alarms_nobody() {
    let desk = Desk::new();
    let (home, number) = attached(&desk);
    let said = |link: Link| desk.butler().server_said(&home, number, Said::Link(link));
    said(Link::Waiting { trouble: Trouble::NotLetIn, again_in_ms: 250 });
    let refused = view(&desk);
    assert_eq!((refused.link, refused.version), (LinkState::Refused, None));
    assert_eq!(refused.fix.as_deref(), Some("Give the token the server was started with."));
    said(Link::Up);
    assert_eq!((view(&desk).link, view(&desk).floor, view(&desk).waiting), (LinkState::Up, None, 0));
    said(Link::Waiting { trouble: Trouble::Ended(Ended::Silent), again_in_ms: 250 });
    assert_eq!(view(&desk).fix.as_deref(), Some("Start the server, or correct its address."));
    desk.pass_ms(60_000);
    desk.butler().tick(false);
    assert!(desk.entries("gateway.lost").is_empty() && desk.alerts().is_empty(), "it ends with its window");
    assert_eq!(desk.entries("gateway.up").len(), 1);
}

#[test]
fn it_is_asked_for_nothing_that_it_does_not_have() {
    let desk = Desk::new();
    let (home, number) = attached(&desk);
    desk.butler().server_said(&home, number, Said::Link(Link::Up));
    let part = GatewayView { home_id: home.clone(), part: GatewayPart::Health, agent: None, after: None };
    assert_eq!(code(desk.butler().gateway_view(part)), Code::Precondition);
    let floor = SetFloor { home_id: home.clone(), raised: true, seen_hash: "h".to_owned() };
    assert_eq!(code(desk.butler().set_floor(floor)), Code::Precondition);
    let heard = std::sync::mpsc::channel();
    Made.config(Box::new(move |told| drop(heard.0.send(told))));
    assert!(matches!(heard.1.recv().unwrap(), Err(CallError::NotOffered { .. })));
}
