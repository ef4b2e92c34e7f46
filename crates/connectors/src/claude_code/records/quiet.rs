//! What means nothing to a person. Of attachments: what the client tells the model of itself, reminders, listings, snapshots of
//! prompts, and hooks that had nothing to say. The names are all those that 2.1.332 writes but the ones that are told.

/// Lines that mean nothing to a person: the client's own book-keeping. Sorted; the names are all those that 2.1.332
/// writes but the ones that are told.
pub(super) const LINES: &[&str] = &[
    "agent-color", "agent-setting", "api-request", "api-request-blob", "api-request-resumed", "api-request-shape",
    "artifact-autoreact-ledger", "artifact-comment-monitor", "atis-latch", "attribution-snapshot", "bridge-session",
    "content-replacement", "data-flow-incomplete", "data-flow-records", "derived-from", "dev-mods",
    "file-history-delta", "file-history-snapshot", "fork-context-ref", "frame-link", "history-suppression", "host-row",
    "hybrid-organization", "isolation-latch", "last-prompt", "memory-mode", "mode", "observer-ref", "progress",
    "queue-operation", "repl-mode", "resume-head-vouch", "session-owner", "tag", "tools-used",
];

/// Sorted.
pub(super) const ATTACHMENTS: &[&str] = &[
    "account_memory_recall", "advisor_stripped", "advisor_tool", "agent_ask_notice", "agent_listing_delta",
    "agent_mention", "already_read_file", "artifact_opening_prefetch", "async_hook_response",
    "async_hook_response_batch", "at_mention_reference", "attention_budget", "auto_mode", "auto_mode_exit",
    "bash_output_audience_note", "batching_reminder", "batching_reminder_sent", "budget_usd", "claude_app_notice",
    "command_permissions", "compact_file_reference", "context_efficiency", "context_sections", "coordinator_context",
    "cowork_memory_context", "credential_org", "critical_system_reminder", "date", "date_change",
    "deferred_tools_delta", "deferred_tools_record", "diagnostics", "dynamic_skill", "edited_image_file",
    "edited_text_file", "elapsed_time_reminder", "environment", "first_week", "fork_briefing", "goal_status", "goals",
    "hook_additional_context", "hook_success", "hook_system_message", "instructions", "invoked_skills", "language",
    "linked_plugin_tools_note", "mcp_dropped_tools_delta", "mcp_instructions_delta", "memory_update", "model",
    "nested_memory", "opened_file_in_ide", "output_limit_note", "output_style", "output_style_instructions",
    "output_token_usage", "peer_mention", "plan_file_reference", "plan_mode", "plan_mode_exit", "plan_mode_reentry",
    "plugin_note", "poll_events", "prefix_delta", "proactivity", "progress_reminder_sent", "projects_thread_ask",
    "prompt_as_file", "prompt_render_point", "prompt_snapshot", "read_truncation_notice", "relevant_memories",
    "remote_session_change", "repl_mcp_needs_auth", "repl_mcp_servers", "sandbox_instructions", "secondary_reminder",
    "secondary_reminder_sent", "selected_lines_in_diff", "selected_lines_in_ide", "session_context",
    "session_cron_carry", "silent_turn_reminder", "skill_listing", "skill_mention", "structured_output",
    "task_reminder", "task_status", "team_context", "teammate_mailbox", "teammate_shutdown_batch", "thinking_drop",
    "thinking_stripped", "thread_state", "todo_reminder", "token_usage", "tool_host_result_lines",
    "tool_hosts_correction", "tool_hosts_notice", "tool_offer_record", "tool_results_cut",
    "tool_search_usage_reminder", "total_tokens_reminder", "ultra_effort_enter", "ultra_effort_exit",
    "ultrathink_effort", "unknown_command_fallback", "whole_texts_withdrawn", "widget_context_hint", "withheld_memory",
    "workflow_keyword_request", "workflow_size_guideline_change",
];
