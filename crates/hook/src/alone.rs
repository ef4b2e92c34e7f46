//! What the hook does while the engine is away: what needs no human passes to the runtime's own rules,
//! the rest goes to the runtime's own prompt or is blocked; all of it is written to the spool.
//!
//! The rows of this are the failure table in `docs/SECURITY-MODEL.md`. It never says `allow`.

use std::io::Write as _;
use std::path::Path;

use clawbutler_connectors::hook::{Answer, Event, HookInput, HookSide};
use clawbutler_core::clock::Clock as _;
use clawbutler_core::digest::sha256;
use clawbutler_core::id::hex;
use clawbutler_core::limits::SPOOL_BYTES;
use clawbutler_core::redact::{self, Choice, MaskKey};
use clawbutler_core::verdict::Decision;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::{self, DataDir};
use clawbutler_platform::{files, random};
use clawbutler_policy::{Facts, RuleSet, Surroundings, evaluate};
use clawbutler_wire::gateway::{ActionRequest, SpoolRecord, VERSION, Verdict};

/// Largest snapshot that is read (bytes).
const SNAPSHOT_BYTES: u64 = 8 * 1024 * 1024;

pub(crate) fn decide(
    data: &DataDir,
    side: &'static dyn HookSide,
    input: &HookInput,
    request: &ActionRequest,
    cause: &str,
) -> (Answer, String) {
    let stopped = matches!(input.event, Event::Gate | Event::Relay).then(|| stopped(data, request)).flatten();
    let (answer, reason) = match (input.event, stopped) {
        // An agent the user stopped does not act because we are away, not even with a yes in its own prompt.
        (_, Some(says)) => (Answer::Deny, says),
        (Event::Gate, None) => gate(data, side, input, cause),
        // The runtime's own prompt is on the screen: it stays.
        (Event::Relay, None) => (Answer::Defer, String::new()),
        (
            Event::Completed
            | Event::Failed
            | Event::SessionStarted
            | Event::SessionEnded
            | Event::TurnEnded
            | Event::ConfigChanged
            | Event::Subagent,
            None,
        ) => (Answer::Defer, String::new()),
    };
    let worth_keeping = !matches!(input.event, Event::TurnEnded | Event::Subagent);
    if worth_keeping && let Err(error) = spool(data, request, answer, &reason, cause) {
        let _ = writeln!(std::io::stderr(), "clawbutler-hook: this could not be recorded: {error}");
    }
    (answer, reason)
}

fn gate(data: &DataDir, side: &'static dyn HookSide, input: &HookInput, cause: &str) -> (Answer, String) {
    let action = side.action(&input.tool_call());
    let (rules, around) = snapshot(data).unwrap_or_else(|| {
        // Without a snapshot the floor of `policy` still holds: high risk is never let through.
        let around = Surroundings {
            home: paths::home(&paths::environment()).display().to_string(),
            data_dir: data.path().display().to_string(),
            ..Surroundings::default()
        };
        (RuleSet::builtin(), around)
    });
    let facts = Facts::at(SystemClock::default().wall(), None);
    let verdict = evaluate(&rules, &action, &around, &facts);
    let risk = &verdict.assessment;
    let says = format!("{} risk: {}", risk.level.word(), risk.summary);
    match verdict.decision {
        Decision::Allow | Decision::Defer => (Answer::Defer, String::new()),
        Decision::Ask if side.has_native_prompt(input) => {
            (Answer::Ask, format!("ClawButler could not ask you itself ({cause}). {says}"))
        }
        Decision::Ask => (
            Answer::Deny,
            format!(
                "Blocked: ClawButler could not ask anybody ({cause}), and this is {says}. Do something of lower risk, or \
                 ask the user to start ClawButler."
            ),
        ),
        Decision::Deny => {
            let because = verdict.matches.first().map_or(risk.summary.as_str(), |first| first.because.as_str());
            (Answer::Deny, format!("ClawButler does not allow this: {because}"))
        }
    }
}

/// Rules and surroundings as the engine last wrote them; `None` when missing or damaged.
fn snapshot(data: &DataDir) -> Option<(RuleSet, Surroundings)> {
    let tree = tree(data)?;
    let rules = RuleSet::from_snapshot(tree["rules"].as_str()?).ok()?;
    Some((rules, serde_json::from_value(tree["around"].clone()).ok()?))
}

/// What the agent is told when the user stopped it. Another spelling of the same folder counts.
fn stopped(data: &DataDir, request: &ActionRequest) -> Option<String> {
    let tree = tree(data)?;
    let home = Path::new(&request.process.home);
    let real = home.canonicalize().ok();
    let is_it = |row: &&serde_json::Value| {
        row["runtime"] == request.runtime
            && row["home"]
                .as_str()
                .map(Path::new)
                .is_some_and(|own| own == home || (real.is_some() && own.canonicalize().ok() == real))
    };
    tree["stopped"].as_array()?.iter().find(is_it)?["says"].as_str().map(str::to_owned)
}

fn tree(data: &DataDir) -> Option<serde_json::Value> {
    let bytes = files::read_bounded(&data.snapshot(), SNAPSHOT_BYTES).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (digest, body) = text.split_once('\n')?;
    if sha256(body.as_bytes()) != digest {
        return None;
    }
    serde_json::from_str(body).ok()
}

fn spool(data: &DataDir, request: &ActionRequest, answer: Answer, reason: &str, cause: &str) -> std::io::Result<()> {
    let mut request = request.clone();
    // Without the key there is still masking, only equal secrets no longer look equal across runs.
    let key = files::read_secret(&data.mask_key()).map_or_else(|_| MaskKey::new(random::fill()), MaskKey::new);
    key.choose(Choice { addresses: tree(data).is_some_and(|tree| tree["addresses"] == true) });
    redact::mask_value(&mut request.arguments, &key);
    redact::mask_value(&mut request.extra, &key);
    request.cwd = redact::mask_text(&request.cwd, &key);
    request.tool = redact::mask_text(&request.tool, &key);
    let record = SpoolRecord {
        v: VERSION,
        id: hex(&random::fill::<16>()),
        at_ms: SystemClock::default().wall().0,
        request,
        verdict: match answer {
            Answer::Allow => Verdict::Allow,
            Answer::Deny => Verdict::Deny,
            Answer::Ask => Verdict::Ask,
            Answer::Defer => Verdict::Defer,
        },
        reason: redact::mask_text(reason, &key),
        cause: cause.to_owned(),
    };
    let mut line = serde_json::to_string(&record)?;
    line.push('\n');
    let _lock = files::lock(&data.spool_lock())?;
    let mut file = files::append_private(&data.spool())?;
    if file.metadata()?.len() + line.len() as u64 > SPOOL_BYTES {
        return Err(std::io::Error::other("the spool is full; start ClawButler to take it in"));
    }
    file.write_all(line.as_bytes())
}
