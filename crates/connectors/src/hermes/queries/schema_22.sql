SELECT id * 1048576 AS cursor, 'message' AS kind, role, content, tool_call_id, tool_calls, tool_name, timestamp,
    finish_reason, COALESCE(reasoning_content, reasoning) AS reasoning, NULL AS source, NULL AS model, NULL AS title,
    NULL AS cwd, NULL AS branch, NULL AS ended_at, NULL AS end_reason, NULL AS compacted, NULL AS usage,
    NULL AS children
FROM messages WHERE session_id = ?2 AND id > (?1 / 1048576)
UNION ALL
SELECT * FROM (
    SELECT (SELECT COALESCE(MAX(id), 0) FROM messages WHERE session_id = ?2) * 1048576 + MIN(1048575, 1
        + (title IS NOT NULL) + (ended_at IS NOT NULL) + (SELECT COALESCE(SUM(u.api_call_count), 0) FROM session_model_usage u WHERE u.session_id = ?2)
        + (SELECT COUNT(*) + COUNT(ended_at) FROM sessions c WHERE c.parent_session_id = ?2 AND c.source = 'subagent')
        ) AS cursor, 'session', NULL, NULL, NULL, NULL, NULL, started_at, NULL, NULL, source, model, title,
        cwd, git_branch, ended_at, end_reason, (SELECT COUNT(*) FROM messages m WHERE m.session_id = ?2 AND m.compacted = 1), (SELECT json_group_array(json_object('model', u.model, 'task', u.task, 'provider', u.billing_provider,
            'input', u.input_tokens, 'output', u.output_tokens, 'cache_read', u.cache_read_tokens,
            'cache_write', u.cache_write_tokens, 'reasoning', u.reasoning_tokens,
            'estimated', u.estimated_cost_usd, 'actual', u.actual_cost_usd, 'status', u.cost_status,
            'at', u.last_seen)) FROM session_model_usage u WHERE u.session_id = ?2),
        (SELECT json_group_array(json_object('id', c.id, 'started', c.started_at, 'ended', c.ended_at,
            'reason', c.end_reason)) FROM sessions c WHERE c.parent_session_id = ?2 AND c.source = 'subagent')
    FROM sessions WHERE id = ?2
) WHERE cursor > ?1
ORDER BY 1 LIMIT ?3
