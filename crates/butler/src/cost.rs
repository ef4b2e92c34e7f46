//! What the next turn would cost: the end of the session's transcript and the price list. An estimate at most.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use clawbutler_core::limits::TRANSCRIPT_TAIL_BYTES;
use clawbutler_platform::files;
use clawbutler_policy::cost::{self, Context, Estimate, Label};
use clawbutler_wire::approvals::{CostLabel, CostView};
use clawbutler_wire::gateway::ActionRequest;

use crate::engine::lock;
use crate::runtimes::home_id;
use crate::{Butler, audit};

/// Transcripts by runtime and session, as the sessions named them at their start.
pub(crate) type Transcripts = HashMap<(String, String), Option<PathBuf>>;

/// Sessions remembered at once.
const REMEMBERED: usize = 4_096;

impl Butler {
    /// Notes where a session that starts writes its transcript.
    pub(crate) fn note_transcript(&self, request: &ActionRequest) {
        let path = request.extra["transcript_path"].as_str().map(PathBuf::from);
        let mut known = lock(&self.0.transcripts);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((request.runtime.clone(), request.session.clone()), path);
    }

    pub(crate) fn forget_transcript(&self, request: &ActionRequest) {
        lock(&self.0.transcripts).remove(&(request.runtime.clone(), request.session.clone()));
    }

    /// Estimates what an action would cost; unknown wherever the session's transcript is.
    pub(crate) fn estimate(&self, request: &ActionRequest, action: &Action) -> Estimate {
        let context = self.own_transcript(request).and_then(|path| context(&path));
        cost::estimate(action, &context.unwrap_or_default())
    }

    /// The session's transcript, where it lies below its runtime's home.
    pub(crate) fn own_transcript(&self, request: &ActionRequest) -> Option<PathBuf> {
        below(&self.transcript(request)?, Path::new(&request.process.home))
    }

    fn transcript(&self, request: &ActionRequest) -> Option<PathBuf> {
        // Only below a home that the user knows of: a request can name any folder as its home.
        let home = home_id(&request.runtime, &request.process.home);
        if !lock(&self.0.registry).homes.contains_key(&home) {
            return None;
        }
        let key = (request.runtime.clone(), request.session.clone());
        let noted = lock(&self.0.transcripts).get(&key).cloned();
        if let Some(path) = noted {
            return path;
        }
        // The session started before we did: its first entry says where.
        let span = audit::span_of(&[&request.runtime, &request.session]);
        let first = self.0.store.read(|read| read.ledger_span(&span.0, 1)).ok()?.pop();
        let path = first.and_then(|entry| entry.data()?["facts"]["transcript_path"].as_str().map(PathBuf::from));
        let mut known = lock(&self.0.transcripts);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, path.clone());
        path
    }
}

/// The real place of a transcript that lies below its runtime's home.
fn below(path: &Path, home: &Path) -> Option<PathBuf> {
    let (path, home) = (fs::canonicalize(path).ok()?, fs::canonicalize(home).ok()?);
    let ours = path.starts_with(&home) && path.extension().is_some_and(|end| end == "jsonl") && path.is_file();
    ours.then_some(path)
}

/// Reads the end of a transcript.
fn context(path: &Path) -> Option<Context> {
    let tail = files::read_tail(path, TRANSCRIPT_TAIL_BYTES).ok()?;
    Some(cost::context_of_transcript(&String::from_utf8_lossy(&tail)))
}

/// An estimate as the card shows it.
pub(crate) fn view(estimate: &Estimate) -> CostView {
    CostView {
        label: match estimate.label {
            Label::Estimated => CostLabel::Estimated,
            Label::Unknown => CostLabel::Unknown,
        },
        low_usd: estimate.usd.map(|(low, _)| low),
        high_usd: estimate.usd.map(|(_, high)| high),
        basis: estimate.basis.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"type":"assistant","message":{"model":"claude-opus-4-5","usage":{"input_tokens":7}}}"#;

    #[test]
    fn only_transcripts_below_the_home_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir_all(home.join("projects")).unwrap();
        let inside = home.join("projects/s.jsonl");
        let outside = folder.path().join("s.jsonl");
        for path in [&inside, &outside, &home.join("projects/s.txt")] {
            fs::write(path, format!("{ANSWER}\n")).unwrap();
        }
        let expected = Context { model: Some("claude-opus-4-5".into()), context_tokens: Some(7) };
        assert_eq!(below(&inside, &home).and_then(|path| context(&path)), Some(expected));
        assert_eq!(below(&outside, &home).and_then(|path| context(&path)), None);
        assert_eq!(below(&home.join("projects/../../s.jsonl"), &home).and_then(|path| context(&path)), None);
        assert_eq!(below(&home.join("projects/s.txt"), &home).and_then(|path| context(&path)), None);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, home.join("link.jsonl")).unwrap();
            assert_eq!(below(&home.join("link.jsonl"), &home).and_then(|path| context(&path)), None);
        }
    }
}
