//! A gateway's configuration over time: snapshots, their differences, and the way back.

use std::io;
use std::path::PathBuf;

use clawbutler_attach::openclaw::{Change, Config, Rollback, diff, merged, rollback};
use clawbutler_core::actor::Actor;
use clawbutler_core::digest::sha256;
use clawbutler_core::limits::{
    ATTACH_CALL_MS, ATTACH_CELL_CHARS, ATTACH_CHANGE_MS, ATTACH_SNAPSHOT_BYTES, ATTACH_SNAPSHOTS,
};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_store::Durability;
use clawbutler_wire::attached::{ConfigAct, ConfigChange, ConfigView, SnapshotView, TrialView};
use clawbutler_wire::command::GatewayConfig;
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::End;
use crate::engine::lock;
use crate::{Butler, Error};

/// A configuration as it was. Masked: what the gateway did not hide is not kept either.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Snapshot {
    at: i64,
    hash: String,
    value: Value,
}

impl Snapshot {
    fn id(&self) -> String {
        self.at.to_string()
    }
}

/// A way back that was worked out.
#[derive(Debug)]
struct Trial {
    back: Rollback,
    changes: Vec<Change>,
    /// The configuration it was worked out on.
    base: String,
    seen: String,
}

impl Trial {
    fn new(to: &Snapshot, now: &Snapshot) -> Self {
        let back = rollback(&to.value, &now.value);
        let changes = diff(&now.value, &merged(&now.value, &back.patch));
        let seen = sha256(json!([now.hash, to.hash, back.patch, back.replaces]).to_string().as_bytes());
        Self { back, changes, base: now.hash.clone(), seen }
    }
}

impl Butler {
    /// Reads a connected gateway's configuration, compares what it was, or goes back.
    pub fn gateway_config(&self, request: GatewayConfig) -> Result<ConfigView, Error> {
        let home = request.home_id;
        let (mut config, mut kept) = self.look_at_config(&home)?;
        let find = |kept: &[Snapshot], id: &str| {
            kept.iter().find(|one| one.id() == id).cloned().ok_or_else(|| Error::not_found("snapshot"))
        };
        let now = kept.last().cloned().ok_or_else(|| Error::not_found("snapshot"))?;
        let (mut changes, mut trial) = (None, None);
        match request.act {
            ConfigAct::Look => {}
            ConfigAct::Compare { from, to } => {
                changes = Some(shown(&diff(&find(&kept, &from)?.value, &find(&kept, &to)?.value)));
            }
            ConfigAct::Try { to } => {
                let tried = Trial::new(&find(&kept, &to)?, &now);
                trial = Some(TrialView { to, seen: tried.seen, changes: shown(&tried.changes), lost: tried.back.lost });
            }
            ConfigAct::RollBack { to, seen } => {
                let tried = Trial::new(&find(&kept, &to)?, &now);
                if tried.seen != seen {
                    return Err(Error::stale("The configuration is not the one you looked at.", None));
                }
                self.go_back(&home, &tried)?;
                (config, kept) = self.look_at_config(&home)?;
            }
        }
        let view = |one: &Snapshot| SnapshotView { id: one.id(), taken_at: one.at, hash: one.hash.clone() };
        Ok(ConfigView {
            snapshots: kept.iter().rev().map(view).collect(),
            valid: config.valid,
            restart_due: config.restart_due,
            changes,
            trial,
        })
    }

    fn look_at_config(&self, home: &str) -> Result<(Config, Vec<Snapshot>), Error> {
        let line = self.standing_line(home)?;
        let config = self.asked(ATTACH_CALL_MS, |told| line.config(told))?;
        let kept = self.keep_config(home, &config)?;
        Ok((config, kept))
    }

    /// Recorded before it is tried; a change that fails is recorded too.
    fn go_back(&self, home: &str, tried: &Trial) -> Result<(), Error> {
        if tried.changes.is_empty() {
            return Err(Error::precondition(
                "There is nothing to change.",
                "It is as it was, or cannot be brought back.",
            ));
        }
        let line = self.standing_line(home)?;
        let paths: Vec<&str> = tried.changes.iter().map(|change| change.path.as_str()).take(100).collect();
        self.note_at_gateway(home, Kind::GatewayConfig, json!({ "changed": paths, "lost": tried.back.lost }))?;
        let done =
            self.asked(ATTACH_CHANGE_MS, |told| line.patch(&tried.back.patch, &tried.back.replaces, &tried.base, told));
        done.map(drop).inspect_err(|Error(error)| {
            let failed = json!({ "failed": error.message });
            if let Err(Error(error)) = self.note_at_gateway(home, Kind::GatewayConfig, failed) {
                tracing::error!(message = %error.message, "a failed change could not be recorded");
            }
        })
    }

    /// Records what a person did at the gateway of a home.
    pub(super) fn note_at_gateway(&self, home: &str, kind: Kind, mut data: Value) -> Result<(), Error> {
        // Documents of a gateway have room for tokens.
        redact::mask_value(&mut data, &self.0.mask);
        data["path"] = json!(lock(&self.0.registry).homes.get(home).map(|home| home.path.clone()));
        data["home"] = json!(home);
        self.record(Durability::Power, kind, Actor::LocalUser, data)?;
        self.changed(Topic::Audit);
        Ok(())
    }

    /// Keeps what a gateway is configured to do now, where it is another than before.
    pub(super) fn read_config(&self, home: &str) {
        let line = lock(&self.0.attached).held.get(home).map(|held| held.line.clone());
        let Some(line) = line.filter(|line| line.end() == End::Gateway) else { return };
        let (butler, home) = (self.clone(), home.to_owned());
        line.config(Box::new(move |result| {
            let Ok(config) = result else { return };
            if let Err(Error(error)) = butler.keep_config(&home, &config) {
                tracing::warn!(message = %error.message, "a configuration could not be kept");
            }
        }));
    }

    /// Everything kept, oldest first; the last is the configuration now.
    fn keep_config(&self, home: &str, config: &Config) -> Result<Vec<Snapshot>, Error> {
        let mut value = config.value.clone();
        redact::mask_value(&mut value, &self.0.mask);
        if value.to_string().len() > ATTACH_SNAPSHOT_BYTES {
            let says = format!("The gateway's configuration is larger than {ATTACH_SNAPSHOT_BYTES} bytes.");
            return Err(Error::precondition(says, "Look at it in the gateway's own tools."));
        }
        let path = self.configs_file(home)?;
        // One at a time; a home that was let go of meanwhile keeps nothing.
        let attached = lock(&self.0.attached);
        if !attached.chosen.contains_key(home) {
            return Err(Error::not_found("connection"));
        }
        let mut kept = read(&path);
        if kept.last().is_none_or(|last| last.hash != config.hash) {
            let at = self.now().0.max(kept.last().map_or(0, |last| last.at + 1));
            kept.push(Snapshot { at, hash: config.hash.clone(), value });
            let spare = kept.len().saturating_sub(ATTACH_SNAPSHOTS);
            kept.drain(..spare);
            files::create_private_dir(&self.configs_dir())?;
            let text = serde_json::to_string(&kept).map_err(|error| Error::bad(error.to_string()))?;
            files::write_atomic(&path, text.as_bytes(), Some(0o600))?;
        }
        drop(attached);
        Ok(kept)
    }

    fn configs_dir(&self) -> PathBuf {
        self.data().path().join("attached").join("configs")
    }

    /// Home ids are hexadecimal: no path is made of anything else.
    fn configs_file(&self, home: &str) -> io::Result<PathBuf> {
        let plain = !home.is_empty() && home.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let name = || self.configs_dir().join(format!("{home}.json"));
        plain.then(name).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the id of a home"))
    }

    pub(super) fn forget_configs(&self, home: &str) -> Result<(), Error> {
        match std::fs::remove_file(self.configs_file(home)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// What is kept; nothing where the file is not there or not ours any more.
fn read(path: &std::path::Path) -> Vec<Snapshot> {
    let most = (ATTACH_SNAPSHOT_BYTES * (ATTACH_SNAPSHOTS + 1)) as u64;
    let bytes = files::read_bounded(path, most).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

pub(super) fn shown(changes: &[Change]) -> Vec<ConfigChange> {
    let text = |value: &Option<Value>| {
        value.as_ref().map(|value| value.to_string().chars().take(ATTACH_CELL_CHARS).collect::<String>())
    };
    let one = |change: &Change| ConfigChange {
        path: change.path.clone(),
        before: text(&change.before),
        after: text(&change.after),
    };
    changes.iter().map(one).collect()
}
