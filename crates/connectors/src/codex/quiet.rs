//! Kinds of records that mean nothing to a person, or that say again what another record says.

/// Lines.
pub(super) const LINES: [&str; 3] = ["inter_agent_communication_metadata", "world_state", "ghost_snapshot"];

/// What went to the model and came from it: messages are told by the events beside them.
pub(super) const RESPONSES: [&str; 6] =
    ["additional_tools", "compaction", "compaction_summary", "context_compaction", "ghost_snapshot", "other"];

/// Events.
pub(super) const EVENTS: [&str; 34] = [
    "agent_message_content_delta", "agent_message_delta", "agent_reasoning", "agent_reasoning_delta",
    "agent_reasoning_raw_content", "agent_reasoning_section_break", "background_event", "context_compacted",
    "deprecation_notice", "exec_command_begin", "exec_command_output_delta", "get_history_entry_response",
    "hook_completed", "hook_started", "item_started", "list_skills_response", "mcp_list_tools_response",
    "mcp_startup_complete", "mcp_startup_update", "mcp_tool_call_begin", "patch_apply_begin", "plan_delta",
    "plan_update", "raw_response_item", "reasoning_content_delta", "session_configured", "shutdown_complete",
    "skills_update_available", "terminal_interaction", "thread_goal_updated", "turn_diff", "view_image_tool_call",
    "web_search_begin", "web_search_end",
];

/// Things that happened, told by the call and its output.
pub(super) const ITEMS: [&str; 9] = [
    "ContextCompaction", "DynamicToolCall", "HookPrompt", "ImageGeneration", "ImageView", "Plan", "Reasoning",
    "TodoList", "WebSearch",
];
