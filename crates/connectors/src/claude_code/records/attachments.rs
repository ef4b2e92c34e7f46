//! Lines that go with a turn: mostly what the client tells the model, but also what hooks did.

use clawbutler_core::timeline::{What, clip};
use serde_json::{Map, Value};

use super::transcript::{Steps, text};
use super::{prompts, quiet};

pub(super) fn read(steps: &mut Steps<'_>, line: &Map<String, Value>) {
    let Some(attachment) = line.get("attachment").and_then(Value::as_object) else { return };
    let call = || text(attachment, "toolUseID").map(str::to_owned);
    let hook = text(attachment, "hookName").or_else(|| text(attachment, "hookEvent")).unwrap_or("a hook");
    let why =
        || ["stderr", "blockingError", "message"].iter().find_map(|name| text(attachment, name)).unwrap_or_default();
    match text(attachment, "type").unwrap_or_default() {
        "hook_permission_decision" => {
            let decision = match text(attachment, "decision").unwrap_or_default() {
                "allow" => "allowed",
                "deny" => "denied",
                other => other,
            };
            steps.push(What::Approval { call: call(), decision: clip(decision), by: Some(clip(hook)) });
        }
        "hook_non_blocking_error" => {
            steps.push(What::Error { text: clip(&format!("The hook {hook} failed and was passed over: {}", why())) });
        }
        "hook_cancelled" => {
            let late = attachment.get("timedOut") == Some(&Value::Bool(true));
            let how = if late { "took too long and was passed over" } else { "was stopped" };
            steps.push(What::Note { text: clip(&format!("The hook {hook} {how}.")) });
        }
        "hook_blocking_error" => {
            let why = match attachment.get("blockingError") {
                Some(Value::Object(error)) => text(error, "blockingError").unwrap_or_default(),
                _ => why(),
            };
            steps.push(What::Note { text: clip(&format!("The hook {hook} said no: {why}")) });
        }
        "hook_deferred_tool" => {
            steps.push(What::Approval { call: call(), decision: "asked".to_owned(), by: Some(clip(hook)) });
        }
        "hook_stopped_continuation" => {
            steps.push(What::Note { text: clip(&format!("The hook {hook} ended the turn: {}", why())) });
        }
        "hook_error_during_execution" => {
            steps.push(What::Error { text: clip(&format!("The hook {hook} failed: {}", why())) });
        }
        // A person named it with `@`: no hook sees that it is read.
        kind @ ("file"
        | "directory"
        | "mcp_resource"
        | "pdf_reference"
        | "message_pdf_reads"
        | "project_doc_reads"
        | "inlined_image_paths") => {
            let path = ["displayPath", "filename", "path", "uri"].iter().find_map(|name| text(attachment, name));
            let path = path.unwrap_or(if kind == "mcp_resource" { "a resource of an MCP server" } else { "a file" });
            steps.push(What::Note {
                text: clip(&format!("The client read {path} for the prompt, without a tool call.")),
            });
        }
        "max_turns_reached" => steps.push(What::Note { text: "The turn ended at its bound of answers.".to_owned() }),
        "queued_command" => prompts::queued(steps, attachment),
        kind if quiet::ATTACHMENTS.binary_search(&kind).is_ok() => {}
        other => steps.push(What::Unknown { kind: clip(&format!("attachment/{other}")) }),
    }
}
