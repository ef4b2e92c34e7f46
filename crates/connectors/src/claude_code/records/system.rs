//! Lines of the client itself: what became of the session and its requests.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{State, Usage, What, clip, window_name};
use serde_json::{Map, Value};

use super::transcript::{Steps, plain, text};

/// The name under which the total that the client writes at its end is counted.
const TOTAL: &str = "session total";
/// Subtypes whose text is for people, sorted; a hook or a person sees no more of them.
const TOLD: &[&str] = &[
    "agents_killed", "away_summary", "bridge_status", "cloud_session_status", "file_attachments_missing",
    "informational", "instruction_size_warning", "late_allow_not_run", "local_command", "memory_saved",
    "model_consent_fallback", "model_fallback", "model_refusal_fallback", "model_refusal_no_fallback",
    "permission_retry", "scheduled_task_fire", "session_writes_lost", "turn_preempted",
];

/// A `system` line.
pub(super) fn read(steps: &mut Steps<'_>, line: &Map<String, Value>) {
    let content = || clip(&plain(text(line, "content").unwrap_or_default()));
    match text(line, "subtype").unwrap_or_default() {
        "compact_boundary" | "microcompact_boundary" => {
            let facts = line.get("compactMetadata").or_else(|| line.get("microcompactMetadata"));
            let count = |name: &str| facts.and_then(|facts| facts.get(name)).and_then(Value::as_u64);
            steps.push(What::Compaction { before: count("preTokens"), after: count("postTokens") });
        }
        // Written when a turn is over; what hooks at its end said is in attachments.
        "turn_duration" | "stop_hook_summary" => steps.state(State::Idle),
        "api_error" => failed(steps, line, content),
        "file_snapshot" | "rewind_stand_in" => {}
        told if TOLD.binary_search(&told).is_ok() => {
            let text = content();
            if !text.is_empty() {
                steps.push(What::Note { text });
            }
        }
        other => steps.push(What::Unknown { kind: clip(&format!("system/{other}")) }),
    }
}

/// A request to the model failed; the client tries again as often as it says.
fn failed(steps: &mut Steps<'_>, line: &Map<String, Value>, content: impl Fn() -> String) {
    let error = line.get("error");
    let of = |name: &str| error.and_then(|error| error.get(name));
    let said = of("formatted").or_else(|| of("message")).or(error).and_then(Value::as_str).map(str::to_owned);
    let why = said.unwrap_or_else(|| if error.is_some() { "the request failed".to_owned() } else { content() });
    let count = |name: &str| line.get(name).and_then(Value::as_u64);
    let again = match (count("retryAttempt"), count("maxRetries")) {
        (Some(attempt), Some(most)) => format!(" (tried again, {attempt} of {most})"),
        _ => String::new(),
    };
    steps.push(What::Error { text: clip(&format!("{why}{again}")) });
    // With this status the window that the server names is used up.
    let limits = of("rateLimits").filter(|_| of("status").and_then(Value::as_u64) == Some(429));
    if let Some(window) = limits.and_then(|limits| limits.get("rateLimitType")).and_then(Value::as_str) {
        let resets = limits.and_then(|limits| limits.get("resetsAt")).and_then(Value::as_i64);
        let resets_at = resets.and_then(|seconds| seconds.checked_mul(1_000)).map(Timestamp);
        steps.push(What::Quota { window: window_of(window), used_percent: 100.0, resets_at });
    }
}

/// A window of the account's limits, called as other runtimes' are.
fn window_of(name: &str) -> String {
    match name {
        "five_hour" => window_name(Some(300)),
        "seven_day" => window_name(Some(10_080)),
        other => clip(&other.replace('_', " ")),
    }
}

/// A line about the session that is of no other kind.
pub(super) fn session(steps: &mut Steps<'_>, kind: &str, line: &Map<String, Value>) {
    match kind {
        "worktree-state" => {
            let place = line.get("worktreeSession").and_then(|state| state.get("worktreePath")).and_then(Value::as_str);
            steps.setting("worktree", place);
        }
        "relocated" => steps.setting("cwd", text(line, "relocatedCwd")),
        "continued-in" => {
            let other = text(line, "continuedInSessionId").unwrap_or("another one");
            steps.push(What::Note { text: clip(&format!("The session goes on as {other}.")) });
        }
        "ended-by-model" => steps.push(What::Note { text: "The model ended the conversation.".to_owned() }),
        "pr-link" => steps.setting("pull request", text(line, "prUrl")),
        other => steps.push(What::Unknown { kind: clip(other) }),
    }
}

/// What the client counts at its end: over all that its session ever was. Where that holds what another session cost
/// (`inherits`) it says nothing about this one.
pub(super) fn total(steps: &mut Steps<'_>, line: &Map<String, Value>, inherits: bool) {
    let dollars = line.get("totalCostUSD").and_then(Value::as_f64).filter(|usd| (0.0..1.0e9).contains(usd));
    let whole = !inherits && line.get("hasUnknownModelCost") != Some(&Value::Bool(true));
    if let Some(dollars) = dollars.filter(|_| whole) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was looked at")]
        let cost = (dollars * 1_000_000.0).round() as u64;
        let usage = Usage { response: Some(TOTAL.to_owned()), cost_microusd: Some(cost), ..Usage::default() };
        steps.usage(usage);
    }
    steps.state(State::Ended);
}

#[cfg(test)]
mod tests {
    use super::TOLD;

    #[test]
    fn names_are_sorted() {
        assert!(TOLD.is_sorted());
    }
}
