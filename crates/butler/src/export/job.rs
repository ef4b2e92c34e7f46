//! The export a window began: runs on a thread of its own and is looked at from outside.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::{
    ExportAudit, ExportFormat, ExportPreview, ExportProgress, PreviewExport, ShowExport, StopExport,
};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::run::{ExportPlan, Exported, Step};
use crate::engine::lock;
use crate::search::query::Query;
use crate::{Butler, Error, part};

/// Lines of a preview.
const PREVIEW: usize = 10;

/// The export that was begun last.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    progress: Mutex<ExportProgress>,
    stop: AtomicBool,
    /// When the command line told of exports lately (steady ms), oldest first.
    pub(super) told: Mutex<VecDeque<u64>>,
}

impl Butler {
    /// The first lines an export would have.
    pub fn preview_export(&self, request: PreviewExport) -> Result<ExportPreview, Error> {
        let count = self.count_matches(&request.filter)?;
        let plan = ExportPlan { filter: request.filter, format: request.format, out: PathBuf::new(), after: None };
        let data = &self.0.ports.data;
        Ok(ExportPreview { lines: plan.preview(&data.database(), &data.search(), PREVIEW)?, count })
    }

    /// Begins an export.
    pub fn export_audit(&self, request: ExportAudit) -> Result<ExportProgress, Error> {
        let out = PathBuf::from(&request.out);
        part::is_free(&self.0.ports.data, &out)?;
        Query::of(&request.filter)?;
        let plan = ExportPlan { filter: request.filter, format: request.format, out, after: None };
        {
            let mut progress = lock(&self.0.exports.progress);
            if progress.state == "running" {
                return Err(Error::precondition("An export is running.", "Wait for its end, or stop it."));
            }
            *progress = ExportProgress { state: "running".to_owned(), out: request.out, ..ExportProgress::default() };
        }
        self.0.exports.stop.store(false, Ordering::Relaxed);
        let butler = self.clone();
        let begun = std::thread::Builder::new().name("butler-export".into()).spawn(move || butler.run_export(&plan));
        if let Err(error) = begun {
            self.export_ended("failed", None, Some(error.to_string()));
            return Err(error.into());
        }
        self.show_export(ShowExport {})
    }

    /// How far the export is.
    pub fn show_export(&self, _: ShowExport) -> Result<ExportProgress, Error> {
        let mut progress = lock(&self.0.exports.progress).clone();
        if progress.state.is_empty() {
            "none".clone_into(&mut progress.state);
        }
        Ok(progress)
    }

    /// Stops the export.
    pub fn stop_export(&self, _: StopExport) -> Result<ExportProgress, Error> {
        self.0.exports.stop.store(true, Ordering::Relaxed);
        self.show_export(ShowExport {})
    }

    fn run_export(&self, plan: &ExportPlan) {
        if plan.format == ExportFormat::Pack {
            return self.run_pack(plan);
        }
        let data = &self.0.ports.data;
        let mut told = 0;
        let done = plan.run(data, |step| self.goes_on(step, &mut told));
        // Recorded first: an export nobody recorded does not get its name.
        let done = done.and_then(|exported| {
            let Some(exported) = exported else { return Ok(None) };
            self.record(Durability::Power, Kind::AuditExported, Actor::LocalUser, recorded(plan, &exported))?;
            exported.publish()?;
            Ok(Some(exported))
        });
        match done {
            Ok(Some(exported)) => {
                self.note_export(exported.step);
                self.export_ended("done", Some(exported.digest), None);
            }
            Ok(None) => self.export_ended("stopped", None, None),
            Err(Error(error)) => self.export_ended("failed", None, Some(error.message)),
        }
    }

    fn run_pack(&self, plan: &ExportPlan) {
        let mut told = 0;
        match self.make_pack(&plan.filter, &plan.out, |step| self.goes_on(step, &mut told)) {
            Ok(Some(digest)) => self.export_ended("done", Some(digest), None),
            Ok(None) => self.export_ended("stopped", None, None),
            Err(Error(error)) => self.export_ended("failed", None, Some(error.message)),
        }
    }

    /// Notes a step, tells the window now and then, and says whether to go on.
    fn goes_on(&self, step: Step, told: &mut u64) -> bool {
        self.note_export(step);
        let now = self.0.ports.clock.steady_ms() / 500;
        if now != *told {
            *told = now;
            self.changed(Topic::Audit);
        }
        !self.0.exports.stop.load(Ordering::Relaxed) && !self.stopping()
    }

    fn note_export(&self, step: Step) {
        let mut progress = lock(&self.0.exports.progress);
        (progress.at, progress.total, progress.written) = (Seq(step.at), Seq(step.total), Seq(step.written));
    }

    fn export_ended(&self, state: &str, digest: Option<String>, says: Option<String>) {
        {
            let mut progress = lock(&self.0.exports.progress);
            state.clone_into(&mut progress.state);
            progress.digest = digest;
            progress.says = says;
        }
        self.changed(Topic::Audit);
    }
}

/// What the log says of an export.
fn recorded(plan: &ExportPlan, exported: &Exported) -> serde_json::Value {
    json!({
        "format": plan.format, "filter": plan.filter, "count": exported.step.written,
        "through": exported.step.total, "bytes": exported.bytes, "digest": exported.digest,
    })
}
