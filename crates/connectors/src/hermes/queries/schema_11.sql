SELECT id * 1048576 AS cursor, 'message' AS kind, role, content, tool_call_id, tool_calls, tool_name, timestamp,
    finish_reason, COALESCE(reasoning_content, reasoning) AS reasoning, NULL AS source, NULL AS model, NULL AS title,
    NULL AS cwd, NULL AS branch, NULL AS ended_at, NULL AS end_reason, NULL AS compacted, NULL AS usage,
    NULL AS children
FROM messages WHERE session_id = ?2 AND id > (?1 / 1048576)
UNION ALL
SELECT * FROM (
    SELECT (SELECT COALESCE(MAX(id), 0) FROM messages WHERE session_id = ?2) * 1048576 + MIN(1048575, 1
        + (title IS NOT NULL) + (ended_at IS NOT NULL) + COALESCE(api_call_count, 0)
        + (SELECT COUNT(*) + COUNT(ended_at) FROM sessions c WHERE c.parent_session_id = ?2 AND c.source = 'subagent')
        ) AS cursor, 'session', NULL, NULL, NULL, NULL, NULL, started_at, NULL, NULL, source, model, title,
        NULL, NULL, ended_at, end_reason, 0, json_array(json_object('model', model, 'task', '', 'provider', billing_provider, 'input', input_tokens,
            'output', output_tokens, 'cache_read', cache_read_tokens, 'cache_write', cache_write_tokens,
            'reasoning', reasoning_tokens, 'estimated', estimated_cost_usd, 'actual', actual_cost_usd,
            'status', cost_status, 'at', ended_at)),
        (SELECT json_group_array(json_object('id', c.id, 'started', c.started_at, 'ended', c.ended_at,
            'reason', c.end_reason)) FROM sessions c WHERE c.parent_session_id = ?2 AND c.source = 'subagent')
    FROM sessions WHERE id = ?2
) WHERE cursor > ?1
ORDER BY 1 LIMIT ?3
