//! A home whose runtime is only observed: shown and chosen like any other, never promised a guard.

use std::fs;

use clawbutler_wire::command::{Discover, Govern, PlanGuard, Status};
use clawbutler_wire::error::Code;
use clawbutler_wire::runtimes::{GuardState, GuardVariant};

use crate::desk::{Desk, code};

#[test]
fn no_guard_is_offered_planned_or_counted() {
    let desk = Desk::new();
    let folder = desk.home().join(".gemini");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("settings.json"), "{}").unwrap();
    let found = desk.butler().discover(Discover {}).unwrap().homes;
    let home = found.into_iter().find(|home| home.path == folder.display().to_string()).unwrap();
    assert!(!home.guardable && home.guard.state == GuardState::Missing, "{home:?}");

    let before = desk.butler().status(Status {}).unwrap();
    let home = desk.butler().govern(Govern { home_id: home.id, governed: true }).unwrap();
    assert!(home.governed);
    let after = desk.butler().status(Status {}).unwrap();
    assert_eq!((after.governed, after.guarded), (before.governed, before.guarded), "it is not one without a guard");
    assert_eq!(desk.alerts(), Vec::<String>::new());

    let plan = PlanGuard { home_id: home.id, variant: GuardVariant::User, uninstall: false };
    assert_eq!(code(desk.butler().plan_guard(plan)), Code::Precondition);
    assert_eq!(fs::read_to_string(folder.join("settings.json")).unwrap(), "{}");
}
