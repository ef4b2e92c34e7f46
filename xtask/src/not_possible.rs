//! What a real client cannot be put through, and why: the page of real clients says it instead of an empty cell.

/// A client, the start of the scenarios that it cannot go through, and the reason as a sentence about the client.
pub(crate) type Entry = (&'static str, &'static str, &'static str);

/// Every one known. The words of a scenario are those of its test.
pub(crate) const ALL: &[Entry] = &[
    ("Claude Code", "attached: ", "It offers no way in which another program could answer its questions."),
    ("Claude Code", "ask: deny and allow once in a gateway", "It has no gateway."),
    ("Claude Code", "static rules: ", "ClawButler writes static rules for Codex alone."),
    ("Claude Code", "guard: every profile for itself", "It has no profiles with a home of their own."),
    ("Claude Code", "guard: tried by itself", "It starts the hook program itself; there is nothing of ours to load."),
    (
        "Claude Code",
        "guard: in force only when the client trusts it",
        "It runs the hooks of its user's settings unasked.",
    ),
    (
        "Claude Code",
        "guard: switched off by the client's own command",
        "It has no such command; the setting that does it has a row.",
    ),
    (
        "Claude Code",
        "guard: trusted over the client's own interface",
        "It runs the hooks of its user's settings unasked.",
    ),
    ("Codex", "ask: deny and allow once in a gateway", "It has no gateway; its server has the rows of `attached`."),
    ("Codex", "attached: gateway, ", "It has no gateway; its server has the other rows of `attached`."),
    ("Codex", "ask: a call of a scheduled job", "Its command line has no scheduler."),
    ("Codex", "found: scheduled jobs and their runs", "Its command line has no scheduler."),
    ("Codex", "found: scheduled jobs that fail say why", "Its command line has no scheduler."),
    ("Codex", "guard: tried by itself", "It starts the hook program itself; there is nothing of ours to load."),
    ("Codex", "guard: every profile for itself", "Its profiles are settings of one home."),
    ("Gemini CLI", "ask: ", "ClawButler only observes it: there is no guard that asks."),
    ("Gemini CLI", "attached: ", "It offers no way in which another program could answer its questions."),
    ("Gemini CLI", "fail: ", "ClawButler only observes it: there is no guard that could fail."),
    ("Gemini CLI", "in a terminal: ", "ClawButler only observes it: there is no guard that asks."),
    ("Gemini CLI", "guard: ", "ClawButler only observes it: there is no guard."),
    ("Gemini CLI", "state: disabled, with the app and without", "Nothing would hold it, so it is refused."),
    ("Gemini CLI", "state: kill switch and revival", "It is not held: see the kill switch without a guard."),
    ("Gemini CLI", "static rules: ", "ClawButler writes static rules for Codex alone."),
    (
        "Hermes",
        "ask: the client's own question, once",
        "0.19 has no transport for it; the guard answers its prompt (`ask: allow once`).",
    ),
    ("Hermes", "attached: gateway, ", "Its server has nothing of the kind: it is watched only."),
    (
        "Hermes",
        "attached: answered in the client first",
        "Its server tells a session's questions to the one connection that began it.",
    ),
    (
        "Hermes",
        "attached: deny, allow once, always allow",
        "Its server tells a session's questions to the one connection that began it.",
    ),
    (
        "Hermes",
        "attached: the app restarts while a question stands",
        "Its server tells a session's questions to the one connection that began it.",
    ),
    (
        "Hermes",
        "attached: with the guard, each call",
        "Its server tells a session's questions to the one connection that began it.",
    ),
    ("Hermes", "guard: in force only when the client trusts it", "It loads the plugins its settings name unasked."),
    ("Hermes", "guard: trusted over the client's own interface", "It loads the plugins its settings name unasked."),
    (
        "Hermes",
        "guard: machine-wide, against",
        "Its settings of the machine name plugins, but every home has to hold the plugin itself.",
    ),
    (
        "Hermes",
        "attached: states, limits",
        "Its server tells no limits, and contexts only to the connection that began the session; states have a row.",
    ),
    ("Hermes", "records: the model's server refuses", "It writes nothing of it into its records."),
    (
        "Hermes",
        "records: what no hook sees is said",
        "Every tool call reaches the guard; jobs that run a script without an agent are a check of the home.",
    ),
    (
        "Hermes",
        "guard: taken in by a running client",
        "It loads plugins when it starts; one without the guard raises the alarm.",
    ),
    ("Hermes", "static rules: ", "ClawButler writes static rules for Codex alone."),
    ("OpenClaw", "ask: the client's own question, once", "It asks over its gateway alone: see the rows of `attached`."),
    ("OpenClaw", "attached: a turn is stopped", "Its server is the gateway: see the row of its chat."),
    (
        "OpenClaw",
        "attached: kill switch, every session of the server",
        "Its server is the gateway: see the rows of two at once and of the kill switch.",
    ),
    (
        "OpenClaw",
        "in a terminal: ",
        "Its terminal is a window of its gateway, which calls the tools: see the rows of `ask`.",
    ),
    ("OpenClaw", "found: sessions in the background", "It has none of its own: its gateway runs every session."),
    ("OpenClaw", "state: a session in the background", "It has none of its own: its gateway runs every session."),
    (
        "OpenClaw",
        "state: kill switch on a session in the background",
        "It has none of its own: its gateway runs every session.",
    ),
    (
        "OpenClaw",
        "attached: states, limits and contexts are told",
        "Its server is the gateway: see the row of its parts.",
    ),
    (
        "OpenClaw",
        "attached: the client's server restarts",
        "Its server is the gateway: see the row of one that goes and returns.",
    ),
    (
        "OpenClaw",
        "attached: what a server's sessions do is shown",
        "Its server is the gateway: see the rows of its chat and its parts.",
    ),
    ("OpenClaw", "guard: in force only when the client trusts it", "It loads the plugins its settings name unasked."),
    ("OpenClaw", "guard: trusted over the client's own interface", "It loads the plugins its settings name unasked."),
    ("OpenClaw", "guard: machine-wide, against", "It has no settings of the machine that stand above its user's."),
    ("OpenClaw", "static rules: ", "ClawButler writes static rules for Codex alone."),
];

/// Why a client cannot go through a scenario.
pub(crate) fn reason(client: &str, scenario: &str) -> Option<&'static str> {
    let fits = |entry: &&Entry| entry.0 == client && scenario.starts_with(entry.1);
    ALL.iter().find(fits).map(|entry| entry.2)
}
