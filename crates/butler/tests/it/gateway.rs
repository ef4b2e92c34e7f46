//! What a gateway tells when it is asked: tables, and its errors in our words.

use clawbutler_attach::openclaw::{Cost, CostTotals, CronJob, LogTail, Session, SessionCost, Skill};
use clawbutler_attach::{CallError, Refusal};
use clawbutler_butler::{Error, Seen};
use clawbutler_core::clock::Timestamp;
use clawbutler_wire::Code;
use clawbutler_wire::attached::{CellView, GatewayPart, PartView};
use clawbutler_wire::command::{GatewayView, Govern};

use crate::attached::{Place, down};
use crate::desk::code;

const SECRET: &str = "sk-ant-api03-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcd-AbCdEfAA";

fn view(place: &Place, part: GatewayPart) -> Result<PartView, Error> {
    place.desk.butler().gateway_view(GatewayView { home_id: place.home.clone(), part, agent: None, after: None })
}

fn told(place: &Place, part: GatewayPart, seen: Seen) -> PartView {
    place.line.tells(Ok(seen));
    view(place, part).unwrap()
}

fn text(text: &str) -> CellView {
    CellView::Text { text: text.to_owned() }
}

fn number(number: u64) -> CellView {
    CellView::Number { number }
}

#[test]
fn sessions_are_rows_with_tokens_and_cost_as_numbers() {
    let place = Place::new();
    let session = Session {
        key: "agent:main:main".to_owned(),
        active: true,
        status: Some("done".to_owned()),
        input_tokens: Some(1_200),
        cost_microusd: Some(3_303),
        updated_at: Some(Timestamp(7)),
        ..Session::default()
    };
    let view = told(&place, GatewayPart::Sessions, Seen::Sessions(vec![session]));
    assert_eq!((view.part, view.fetched_at, view.note), (GatewayPart::Sessions, place.desk.now(), None));
    let unknown = || CellView::Unknown;
    let row = vec![
        text("agent:main:main"),
        unknown(),
        text("running"),
        unknown(),
        unknown(),
        number(1_200),
        unknown(),
        CellView::Money { microusd: 3_303 },
        CellView::Time { at: 7 },
    ];
    assert_eq!(view.tables[0].rows, [row]);
    assert_eq!(place.line.parts(), [GatewayPart::Sessions]);
}

#[test]
fn usage_says_when_its_sums_are_too_low() {
    let place = Place::new();
    let totals = CostTotals { input: 10, output: 2, microusd: 500, unpriced: 3, ..CostTotals::default() };
    let days = vec![("2026-11-21".to_owned(), CostTotals::default()), ("2026-11-22".to_owned(), totals)];
    let sessions = vec![SessionCost { key: "k".to_owned(), totals, ..SessionCost::default() }];
    let view = told(&place, GatewayPart::Usage, Seen::Usage(Cost { totals, days, counted: false }, Some(sessions)));
    let sums = [number(10), number(0), number(0), number(2), CellView::Money { microusd: 500 }];
    let row = |first: &[CellView]| first.iter().chain(&sums).cloned().collect::<Vec<_>>();
    assert_eq!(view.tables[0].rows, [row(&[text("In all")]), row(&[text("2026-11-22")])], "days without use are none");
    assert_eq!(view.tables[1].rows, [row(&[text("k"), CellView::Unknown])]);
    let note = view.note.unwrap();
    assert!(note.contains("too low") && note.contains("3 answers have no price"), "{note}");
}

#[test]
fn secrets_are_masked_texts_are_cut_and_rows_are_bounded() {
    let place = Place::new();
    let line = |text: &str| text.to_owned();
    let lines = vec![line(&format!("token {SECRET}")), line(&"x".repeat(5_000))];
    let logs = LogTail { file: Some("/tmp/gateway.log".to_owned()), lines, truncated: true, ..LogTail::default() };
    let view = told(&place, GatewayPart::Logs, Seen::Logs(logs));
    let said: Vec<_> = view.tables[0].rows.iter().map(|row| row[3].clone()).collect();
    assert_eq!(said[0], text(&format!("{}…", "x".repeat(400))), "newest first");
    assert!(!format!("{view:?}").contains(SECRET), "{:?}", said[1]);
    assert_eq!(view.note.as_deref(), Some("From /tmp/gateway.log. What came before is in the file."));

    let job = |at: usize| CronJob { id: format!("job-{at}"), ..CronJob::default() };
    let view = told(&place, GatewayPart::Cron, Seen::Cron((0..600).map(job).collect(), None));
    assert_eq!((view.tables.len(), view.tables[0].rows.len(), view.tables[0].left_out), (1, 500, 100));
    assert_eq!(view.note.as_deref(), Some("This release of the gateway does not tell the last runs."));
    for table in &view.tables {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}

#[test]
fn a_list_that_is_empty_says_so() {
    let place = Place::new();
    let view = told(&place, GatewayPart::Skills, Seen::Skills(Vec::<Skill>::new(), Some(Vec::new())));
    let empty: Vec<&str> = view.tables.iter().map(|table| table.empty.as_str()).collect();
    assert_eq!(empty, ["It has no skills.", "It has no plugins."]);
}

#[test]
fn the_gateways_errors_are_told_as_ours_with_a_fix() {
    let place = Place::new();
    let refused = |refusal: Refusal| {
        let refusal = Box::new(refusal);
        place.line.tells(Err(CallError::Refused { method: "m".to_owned(), refusal }));
        let error = view(&place, GatewayPart::Agents).unwrap_err().0;
        (error.code, error.message, error.hint.is_some())
    };
    let scope = Refusal { missing_scope: Some("operator.admin".to_owned()), ..Refusal::default() };
    let lacks = "The gateway does not let this device do that: it lacks the right operator.admin.".to_owned();
    assert_eq!(refused(scope), (Code::Precondition, lacks, true));
    let old = Refusal { message: "unknown method: agents.list".to_owned(), ..Refusal::default() };
    let cannot = "This release of the gateway cannot tell that.".to_owned();
    assert_eq!(refused(old), (Code::Precondition, cannot, true));
    let words = Refusal { message: format!("bad {SECRET}."), ..Refusal::default() };
    let (_, message, _) = refused(words);
    assert!(message.starts_with("The gateway refused: bad ") && !message.contains(SECRET), "{message}");
    place.line.tells(Err(CallError::TimedOut { method: "m".to_owned() }));
    assert_eq!(code(view(&place, GatewayPart::Agents)), Code::Unavailable);
}

#[test]
fn only_a_governed_home_that_is_connected_is_asked() {
    let place = Place::new();
    place.said(down());
    assert_eq!(code(view(&place, GatewayPart::Health)), Code::Precondition);
    place.desk.butler().govern(Govern { home_id: place.home.clone(), governed: false }).unwrap();
    assert!(view(&place, GatewayPart::Health).is_err());
    assert_eq!(place.line.parts(), [], "nothing was asked");
}
