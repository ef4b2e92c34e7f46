//! Installing and removing the guard: shown exactly, consented to, backed up, written, verified.

use std::fs;
use std::path::Path;

use clawbutler_connectors::connector::{FileChange, GuardError, Plan, Variant};
use clawbutler_connectors::facts::BACKSTOP;
use clawbutler_core::actor::Actor;
use clawbutler_core::digest::{self, sha256};
use clawbutler_core::limits::CONFIG_FILE_BYTES;
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_store::Durability;
use clawbutler_store::table::backups::BackupRow;
use clawbutler_wire::command::{InstallGuard, PlanGuard, UninstallGuard};
use clawbutler_wire::runtimes::{FilePlan, GuardPlan, GuardState, GuardVariant, HomeView};
use clawbutler_wire::topic::Topic;
use serde_json::json;
use similar::TextDiff;

use super::scan::{Known, guard_state};
use crate::engine::lock;
use crate::{Butler, Error, audit};

impl From<GuardError> for Error {
    fn from(error: GuardError) -> Self {
        Self::precondition(error.to_string(), error.fix())
    }
}

impl Butler {
    /// Shows exactly what installing or removing the guard would change.
    pub fn plan_guard(&self, request: PlanGuard) -> Result<GuardPlan, Error> {
        let known = self.known(&request.home_id)?;
        if request.variant == GuardVariant::Trust && !request.uninstall {
            return self.plan_trust(&known);
        }
        let plan = self.plan(&known, request.variant, request.uninstall)?;
        Ok(self.plan_view(&known, &plan))
    }

    /// Carries out the plan that was shown.
    pub fn install_guard(&self, request: InstallGuard) -> Result<HomeView, Error> {
        let known = self.known(&request.home_id)?;
        if request.variant == GuardVariant::Backstop {
            return self.carry_out_backstop(&known, &request.plan_digest, false);
        }
        if request.variant == GuardVariant::Trust {
            return self.carry_out_trust(&known, &request.plan_digest);
        }
        self.place_hook()?;
        self.carry_out(&known, request.variant, &request.plan_digest, false)
    }

    /// Carries out the removal that was shown.
    pub fn uninstall_guard(&self, request: UninstallGuard) -> Result<HomeView, Error> {
        let known = self.known(&request.home_id)?;
        if request.variant == GuardVariant::Backstop {
            return self.carry_out_backstop(&known, &request.plan_digest, true);
        }
        self.may_be_released(&known.id)?;
        self.carry_out(&known, request.variant, &request.plan_digest, true)
    }

    fn plan(&self, known: &Known, variant: GuardVariant, uninstall: bool) -> Result<Plan, Error> {
        let (env, hook) = (&self.0.ports.env, self.0.ports.data.hook());
        let variant = match variant {
            GuardVariant::User => Variant::User,
            GuardVariant::Managed => Variant::Managed,
            GuardVariant::Trust => {
                let hint = "Remove the guard; its trust goes with it.";
                return Err(Error::precondition("Trust is not taken back by itself.", hint));
            }
            GuardVariant::Backstop => return Ok(known.connector.plan_backstop(&known.path, uninstall)?),
        };
        if !uninstall {
            return Ok(known.connector.plan_install(env, &known.path, &hook, variant)?);
        }
        let mut plan = known.connector.plan_uninstall(env, &known.path, &hook, variant)?;
        // Untouched since we wrote it: give back the very bytes that were there before.
        for change in &mut plan.files {
            let path = change.path.display().to_string();
            let backup = self.0.store.read(|read| read.backup_newest(&path))?;
            if let (Some(backup), Some(now)) = (backup, &change.before)
                && backup.after == sha256(now)
            {
                change.after = backup.existed.then_some(backup.content);
            }
        }
        Ok(plan)
    }

    fn carry_out(
        &self,
        known: &Known,
        variant: GuardVariant,
        consented: &str,
        uninstall: bool,
    ) -> Result<HomeView, Error> {
        let plan = self.plan(known, variant, uninstall)?;
        let view = self.plan_view(known, &plan);
        let noted = lock(&self.0.registry).homes.get(&known.id).is_some_and(|row| row.guard.is_some());
        if uninstall && !view.changes && !noted {
            let hint = "To let go of the home, stop governing it on the Agents page.";
            return Err(Error::precondition("There is no guard of ours in this home, so none is removed.", hint));
        }
        consent(&view, consented)?;
        let before = known.connector.guard_status(&self.0.ports.env, &known.path, &self.0.ports.data.hook(), &[]);
        let repair = !uninstall && (noted || guard_state(before.state) != GuardState::Missing);
        self.back_up(known, &plan, repair)?;
        let written = self.write_plan(&plan).and_then(|()| self.verify_plan(known, uninstall));
        if let Err(error) = written {
            undo(&plan);
            return Err(error);
        }
        let kind = if uninstall { Kind::GuardRemoved } else { Kind::GuardInstalled };
        let guard = (!uninstall).then(|| if variant == GuardVariant::Managed { "managed" } else { "user" }.to_owned());
        let data = entry_data(known, variant, &view);
        let at = self.now();
        let governed = !uninstall;
        self.put_home(known, governed, guard, |tx| {
            audit::append(tx, at, self.entry(kind, Actor::LocalUser, data)).map(drop)
        })
        .inspect_err(|_| undo(&plan))?;
        if let Some(watched) = lock(&self.0.registry).guards.get_mut(&known.id) {
            watched.since = None;
        }
        self.ring(true);
        if uninstall {
            self.forget_test(known);
        } else {
            self.try_new_guard(known);
        }
        Ok(self.home_view(known))
    }

    /// Writes the static rules, or takes them away. The guard and whether the home is governed stay as they are.
    fn carry_out_backstop(&self, known: &Known, consented: &str, uninstall: bool) -> Result<HomeView, Error> {
        let home = lock(&self.0.registry).homes.get(&known.id).filter(|home| home.governed).cloned();
        let Some(home) = home else {
            let hint = "Connect it first; nothing of an agent that was not chosen is touched.";
            return Err(Error::precondition("This agent is not governed.", hint));
        };
        let plan = self.plan(known, GuardVariant::Backstop, uninstall)?;
        let view = self.plan_view(known, &plan);
        consent(&view, consented)?;
        self.back_up(known, &plan, true)?;
        let stands = |()| match known.connector.backstop(&known.path) {
            Some(stands) if stands != uninstall => Ok(()),
            Some(_) | None => {
                let hint = "The file was put back as it was; look at it and try again.";
                Err(Error::precondition("The static rules are not as they were to be.", hint))
            }
        };
        if let Err(error) = self.write_plan(&plan).and_then(stands) {
            undo(&plan);
            return Err(error);
        }
        let kind = if uninstall { Kind::GuardRemoved } else { Kind::GuardInstalled };
        let data = entry_data(known, GuardVariant::Backstop, &view);
        let at = self.now();
        let one_at_a_time = lock(&self.0.facts_turn);
        let stored = self.0.store.write::<_, Error>(Durability::Power, |tx| {
            self.rebase_fact(tx, known.connector, &home, BACKSTOP)?;
            audit::append(tx, at, self.entry(kind, Actor::LocalUser, data)).map(drop)
        });
        drop(one_at_a_time);
        stored.inspect_err(|_| undo(&plan))?;
        self.changed(Topic::Runtimes);
        Ok(self.home_view(known))
    }

    /// Keeps what is about to be replaced. What a repair replaces has our guard in it, so it is nothing to give
    /// back when the guard goes: its backup matches no file.
    pub(super) fn back_up(&self, known: &Known, plan: &Plan, repair: bool) -> Result<(), Error> {
        let at = self.now().0;
        self.0.store.write(Durability::Power, |tx| {
            for change in changed(plan) {
                let content = change.before.clone().unwrap_or_default();
                let after = change.after.as_deref().filter(|_| !repair).map(sha256);
                tx.backup_put(&BackupRow {
                    home: known.id.clone(),
                    path: change.path.display().to_string(),
                    at,
                    existed: change.before.is_some(),
                    before: sha256(&content),
                    content,
                    after: after.unwrap_or_default(),
                })?;
            }
            Ok(())
        })
    }

    fn write_plan(&self, plan: &Plan) -> Result<(), Error> {
        for change in changed(plan) {
            if present(&change.path)? != change.before {
                return Err(Error::stale("A file changed since the plan was shown.", None));
            }
            let written = match &change.after {
                Some(bytes) => files::write_atomic(&change.path, bytes, change.mode),
                None => fs::remove_file(&change.path),
            };
            written.map_err(|error| {
                let hint = plan.command.as_ref().map_or_else(
                    || "Check the permissions of the file.".to_owned(),
                    |command| format!("Run this as administrator instead: {command}"),
                );
                Error::precondition(format!("{} cannot be written: {error}.", change.path.display()), hint)
            })?;
        }
        Ok(())
    }

    /// Reads back what was written, through the same eyes that report the guard's state.
    fn verify_plan(&self, known: &Known, uninstall: bool) -> Result<(), Error> {
        let status = known.connector.guard_status(&self.0.ports.env, &known.path, &self.0.ports.data.hook(), &[]);
        let state = guard_state(status.state);
        if !uninstall && matches!(state, GuardState::Missing | GuardState::Damaged) {
            return Err(Error::precondition(
                format!("The guard was written but is not in force: {}", status.says),
                status.fix.unwrap_or_else(|| "The file was put back as it was.".to_owned()),
            ));
        }
        Ok(())
    }

    /// Puts our hook where guards call it. A copy of ours: its path does not move with updates.
    fn place_hook(&self) -> Result<(), Error> {
        let target = self.0.ports.data.hook();
        let Some(source) = &self.0.ports.hook_source else {
            return if target.is_file() {
                Ok(())
            } else {
                Err(Error::precondition(
                    "The hook program is not part of this installation.",
                    "Build it with `cargo xtask hook` or install ClawButler again.",
                ))
            };
        };
        /// Largest hook program that is copied (bytes).
        const HOOK_BYTES: u64 = 64 * 1024 * 1024;
        let wanted = files::read_bounded(source, HOOK_BYTES)?;
        if files::read_bounded(&target, HOOK_BYTES).ok().as_ref() != Some(&wanted) {
            files::write_atomic(&target, &wanted, Some(0o755))?;
        }
        Ok(())
    }
}

/// Holds the plan of now against the one a person agreed to.
pub(super) fn consent(view: &GuardPlan, consented: &str) -> Result<(), Error> {
    if view.plan_digest == consented {
        return Ok(());
    }
    Err(Error::stale("A file changed since the plan was shown.", serde_json::to_value(view).ok()))
}

fn entry_data(known: &Known, variant: GuardVariant, view: &GuardPlan) -> serde_json::Value {
    let files = view.files.iter();
    let files: Vec<_> =
        files.map(|file| json!({ "path": file.path, "before": file.before, "after": file.after })).collect();
    json!({ "home": known.id, "path": known.path.display().to_string(), "variant": variant, "files": files })
}

fn changed(plan: &Plan) -> impl Iterator<Item = &FileChange> {
    plan.files.iter().filter(|change| change.before != change.after)
}

/// Puts the files back that already carry the new content.
fn undo(plan: &Plan) {
    for change in changed(plan) {
        if present(&change.path).is_ok_and(|now| now == change.after) {
            let back = match &change.before {
                Some(bytes) => files::write_atomic(&change.path, bytes, None),
                None => fs::remove_file(&change.path),
            };
            if let Err(error) = back {
                tracing::error!(path = %change.path.display(), %error, "a file could not be put back");
            }
        }
    }
}

pub(super) fn present(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match files::read_bounded(path, CONFIG_FILE_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Butler {
    /// What is shown of a plan. Lines around ours can hold secrets of the user's and are masked; the digest is over the
    /// real bytes.
    fn plan_view(&self, known: &Known, plan: &Plan) -> GuardPlan {
        let files: Vec<FilePlan> = changed(plan)
            .map(|change| {
                let text = |bytes: &Option<Vec<u8>>| {
                    String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
                };
                let (before, after) = (text(&change.before), text(&change.after));
                let path = change.path.display().to_string();
                let diff = TextDiff::from_lines(&before, &after).unified_diff().header(&path, &path).to_string();
                FilePlan {
                    path,
                    diff: redact::mask_text(&diff, &self.0.mask),
                    before: change.before.as_deref().map(sha256),
                    after: change.after.as_deref().map(sha256),
                }
            })
            .collect();
        let named: Vec<_> = files.iter().map(|file| (&file.path, &file.before, &file.after)).collect();
        GuardPlan {
            plan_digest: digest::of(&(&known.id, named)),
            home_id: known.id.clone(),
            changes: !files.is_empty(),
            files,
            notes: plan.notes.clone(),
            command: plan.command.clone(),
        }
    }
}
