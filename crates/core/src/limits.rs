//! Every bound of the product in one file: sizes in bytes, times in milliseconds, counts.
//!
//! Over a bound means: refuse, record, show. Nothing here is tuned at run time.

/// Largest hook payload read from a runtime (bytes). A bigger one cannot be judged and is high risk.
pub const HOOK_INPUT_BYTES: usize = 1024 * 1024;
/// Largest frame on the local socket (bytes); a request is the payload plus what the hook adds.
pub const FRAME_BYTES: usize = HOOK_INPUT_BYTES + 64 * 1024;
/// Largest shell text handed to the parser (bytes). Longer text is treated as not parsable.
pub const SHELL_TEXT_BYTES: usize = 64 * 1024;
/// Deepest nesting of commands in commands that is followed.
pub const SHELL_DEPTH: usize = 16;
/// How long the hook tries to reach the engine (ms).
pub const CONNECT_MS: u64 = 400;
/// How long the engine may take for a verdict that needs no human (ms).
pub const VERDICT_MS: u64 = 3_000;
/// How long a hook whose engine died keeps trying to reconnect (ms): an app that starts again, after an update or on a busy
/// machine, takes seconds.
pub const RECONNECT_MS: u64 = 8_000;
/// How long a connection may take to send its one request (ms).
pub const REQUEST_READ_MS: u64 = 2_000;
/// Most text of one packed record that is unpacked to be read (bytes); it lies in a temporary file meanwhile.
pub const UNPACKED_BYTES: u64 = 1024 * 1024 * 1024;
/// Default time a human has (ms).
pub const APPROVAL_MS: u64 = 5 * 60 * 1000;
/// Shortest and longest time a human can be given (ms). The runtime's own hook timeout is longer.
pub const APPROVAL_MS_MIN: u64 = 2_000;
/// See [`APPROVAL_MS_MIN`].
pub const APPROVAL_MS_MAX: u64 = 55 * 60 * 1000;
/// After a restart, how long a pending approval waits for its hook to come back (ms).
pub const RECOVERY_MS: u64 = 30_000;
/// Pending approvals of one session.
pub const PENDING_PER_SESSION: usize = 32;
/// Pending approvals in all.
pub const PENDING_TOTAL: usize = 256;
/// Connections served at once on the local socket.
pub const CONNECTIONS: usize = 512;
/// Homes and addresses that were named because nothing tells of them.
pub const NAMED_HOMES: usize = 64;
/// Homes that are told apart from those that appear later.
pub const SEEN_HOMES: usize = 4_096;
/// New homes that are raised at one look, and shown as alerts at once.
pub const FOUND_HOMES: usize = 8;
/// Items in one batch decision.
pub const BATCH_ITEMS: usize = 100;
/// Rows in one page of a list.
pub const PAGE_ROWS: usize = 500;
/// Longest free-text reason (characters).
pub const REASON_CHARS: usize = 500;
/// How long the history of actions reaches back (ms), and how many it holds.
pub const HISTORY_MS: u64 = 90 * 24 * 60 * 60 * 1000;
/// See [`HISTORY_MS`].
pub const HISTORY_ROWS: u64 = 200_000;
/// Largest action kept whole in the history (bytes of JSON); a larger one cannot be judged again.
pub const HISTORY_ACTION_BYTES: usize = 16 * 1024;
/// Actions one simulation or preview looks at.
pub const SIMULATED_ACTIONS: u32 = 50_000;
/// Changed verdicts one simulation shows.
pub const SIMULATED_SHOWN: usize = 200;
/// Lines of a diff that are shown.
pub const DIFF_LINES: usize = 2_000;
/// Last part of a session's transcript that is read for an estimate of costs (bytes).
pub const TRANSCRIPT_TAIL_BYTES: u64 = 256 * 1024;
/// Copies put back one after the other, no start between them, that are each told of; more are counted.
pub const RESTORES_UNRECORDED: usize = 16;
/// Entries of restored or set-aside logs that a verification looks at, newest first.
pub const REPLACED_ENTRIES: usize = 64;
/// Wait for the engine to sign a checkpoint for an evidence pack: its disk and the keychain may take their time (ms).
pub const PACK_ANSWER_MS: u64 = 15_000;
/// Exports of the command line that are recorded within a minute; a pack counts three times.
pub const EXPORT_REPORTS: usize = 30;
/// Spool file (bytes); when it is full the hook still decides but says that recording stopped.
pub const SPOOL_BYTES: u64 = 16 * 1024 * 1024;
/// Largest file of a runtime that we read or edit (bytes).
pub const CONFIG_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Files in one patch of an agent; a larger one counts as unknown.
pub const PATCH_FILES: usize = 256;
/// Hunks in one patch of an agent, over all its files.
pub const PATCH_HUNKS: usize = 4_096;
/// Standing grants in all.
pub const GRANTS: usize = 2_000;
/// Backups kept per file of a runtime.
pub const BACKUPS_PER_FILE: usize = 20;
/// Most uses of a grant that covers “the next N like this”.
pub const GRANT_USES: u32 = 100;
/// Most uses of “allow all in this session”.
pub const SESSION_PASS_USES: u32 = 50;
/// Longest time “allow all in this session” lasts (ms).
pub const SESSION_PASS_MS: u64 = 60 * 60 * 1000;
/// Longest time a grant for a project lasts (ms).
pub const PROJECT_GRANT_MS: u64 = 90 * 24 * 60 * 60 * 1000;
/// Longest time a grant for the whole machine lasts (ms).
pub const MACHINE_GRANT_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Commands of one compound that a grant describes.
pub const GRANT_PATTERNS: usize = 16;
/// Words of one command that a grant describes.
pub const GRANT_WORDS: usize = 128;
/// Text of all words in one grant (bytes); longer commands can only be granted as the exact call.
pub const GRANT_TEXT_BYTES: usize = 8 * 1024;
/// Text shown for one grant (characters); what is longer is cut in the middle.
pub const GRANT_SHOWN_CHARS: usize = 300;
/// Longest note on a grant (characters).
pub const GRANT_NOTE_CHARS: usize = 200;
/// Rules in one set, packs included.
pub const RULES: usize = 2_000;
/// Files in one set.
pub const RULE_FILES: usize = 64;
/// Largest file of rules (bytes).
pub const RULE_FILE_BYTES: usize = 256 * 1024;
/// Entries in one condition of a rule, and examples of a rule.
pub const RULE_ENTRIES: usize = 200;
/// Longest text in a rule: a pattern, an example, a justification (characters).
pub const RULE_TEXT_CHARS: usize = 1_000;
/// Longest id of a rule, a pack or a signal (characters).
pub const RULE_ID_CHARS: usize = 80;
/// Signals that one set tunes.
pub const RULE_TUNINGS: usize = 200;
/// Arguments of one command that a rule looks at.
pub const RULE_ARGS: usize = 2_000;
/// Actions that one comparison of two sets looks at.
pub const COMPARED_ACTIONS: usize = 20_000;
/// Verdicts that one comparison of two sets reports as changed.
pub const COMPARED_CHANGES: usize = 2_000;
/// Longest `traceparent` of a client that is read (bytes); version 00 has 55.
pub const TRACEPARENT_BYTES: usize = 512;
/// Text of one step of a session's timeline (bytes); what is longer is cut and says so.
pub const STEP_TEXT_BYTES: usize = 16 * 1024;
/// Longest record of a runtime that is read (bytes); a longer one is counted and skipped.
pub const RECORD_BYTES: usize = 16 * 1024 * 1024;
/// Facts of one home that are kept and compared.
pub const FACTS: usize = 5_000;
/// Longest name or value of a fact that is kept (characters).
pub const FACT_CHARS: usize = 2_000;
/// Projects of one home whose own configuration is compared with a baseline.
pub const BASELINE_PROJECTS: usize = 16;
/// How often the configuration of homes is compared with its baseline when nothing calls for it (ms).
pub const FACTS_MS: i64 = 60_000;
/// Shortest pause between two comparisons however much calls for them (ms).
pub const FACTS_PAUSE_MS: i64 = 2_000;
/// Changes of a configuration that one audit entry lists; it tells how many there are.
pub const DRIFT_RECORDED: usize = 100;
/// How long a process may take to end after the kill switch asked it to (ms); then it is ended by force.
pub const KILL_GRACE_MS: u64 = 3_000;
/// Rounds in which the kill switch looks for sessions that came up meanwhile.
pub const KILL_ROUNDS: usize = 3;
/// Processes of one home that one use of the kill switch tries to end.
pub const KILL_PROCESSES: usize = 256;
/// How long after its start a session's hooks should have called (ms).
pub const FIRST_CONTACT_MS: i64 = 30_000;
/// Recordings of one home that are listed.
pub const RECORDINGS: usize = 50_000;
/// Largest frame of an attached runtime (bytes); OpenClaw's own bound is 25 MiB. A larger one ends the connection.
pub const ATTACH_FRAME_BYTES: usize = 32 * 1024 * 1024;
/// Events of one attached runtime that wait to be taken; what comes then is counted, and the lists are read again.
pub const ATTACH_EVENTS: usize = 1_024;
/// Calls to one attached runtime that are under way at once.
pub const ATTACH_CALLS: usize = 128;
/// How long one call to an attached runtime may take (ms).
pub const ATTACH_CALL_MS: u64 = 30_000;
/// How long a call that changes an attached runtime's configuration may take (ms): it answers when it is applied.
pub const ATTACH_CHANGE_MS: u64 = 90_000;
/// How long opening the connection and its handshake may take (ms).
pub const ATTACH_HANDSHAKE_MS: u64 = 15_000;
/// How long one frame may take to be handed over (ms).
pub const ATTACH_SEND_MS: u64 = 10_000;
/// How long a client that was started to be asked something may run (ms).
pub const CLIENT_MS: u64 = 30_000;
/// How long it may take to end by itself when nothing is asked any more (ms); then it is ended by force.
pub const CLIENT_END_MS: u64 = 3_000;
/// What is read of all it says (bytes).
pub const CLIENT_BYTES: u64 = 16 * 1024 * 1024;
/// First wait before connecting again (ms); it doubles up to [`ATTACH_BACKOFF_MAX_MS`].
pub const ATTACH_BACKOFF_MS: u64 = 250;
/// See [`ATTACH_BACKOFF_MS`].
pub const ATTACH_BACKOFF_MAX_MS: u64 = 15_000;
/// How often a connection that waits to be paired asks again (ms).
pub const ATTACH_PAIRING_MS: u64 = 5_000;
/// Unreadable frames of one connection; past it the connection is ended.
pub const ATTACH_GARBLED: u32 = 64;
/// Rows of one list of an attached runtime that are kept.
pub const ATTACH_ROWS: usize = 5_000;
/// Rows of one table of an attached runtime that are shown.
pub const ATTACH_VIEW_ROWS: usize = 500;
/// Chats of one attached runtime that are followed at once.
pub const ATTACH_CHATS: usize = 8;
/// Recorded steps of one such chat that are kept, and as many that happened since.
pub const ATTACH_CHAT_STEPS: usize = 200;
/// Configurations of one attached runtime that are kept as snapshots.
pub const ATTACH_SNAPSHOTS: usize = 20;
/// Largest configuration that is kept (bytes).
pub const ATTACH_SNAPSHOT_BYTES: usize = 512 * 1024;
/// Longest text in such a table (characters).
pub const ATTACH_CELL_CHARS: usize = 400;
/// Longest message of an attached runtime's error that is kept (characters).
pub const ATTACH_ERROR_CHARS: usize = 500;
/// Steps of one session that are kept; the oldest are forgotten and counted.
pub const SESSION_STEPS: u64 = 20_000;
/// Steps of all sessions that are kept; those of the sessions that were silent longest are forgotten.
pub const ALL_STEPS: u64 = 4_000_000;
/// What is read of recordings before it is stored (bytes).
pub const RECORDED_CHUNK_BYTES: usize = 1024 * 1024;
/// Rows of a runtime's database that are read before they are stored.
pub const RECORDED_ROWS: usize = 500;
/// Sessions of a runtime's database that are looked at when it changes; its history is read in full.
pub const RECORDED_SESSIONS: usize = 50;
/// Checkpoints of the audit log that one verification looks at, the newest.
pub const CHECKPOINTS: u32 = 20_000;
/// A checkpoint is made after so many entries.
pub const CHECKPOINT_ENTRIES: u64 = 10_000;
/// A checkpoint is made after so long when something was appended (ms).
pub const CHECKPOINT_MS: i64 = 10 * 60 * 1000;
/// File of checkpoints outside the data folder (bytes); a full one is set aside, the one before it goes.
pub const CHECKPOINT_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// How long the keychain of the operating system may take (ms).
pub const KEYCHAIN_MS: u64 = 3_000;
/// How long a checkpoint may take to be committed to a git repository (ms).
pub const ANCHOR_MS: u64 = 10_000;
/// A day (ms): the unit of retention, and how old an entry is at least when its payload is pruned.
pub const RETENTION_DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest time a payload can be kept by choice (days).
pub const RETENTION_DAYS: u32 = 3_650;
/// Most that can be kept of a class by choice (megabytes).
pub const RETENTION_MEGABYTES: u32 = 1_000_000;
/// Entries that are looked at in one transaction while a retention run is planned.
pub const RETENTION_SPAN: u64 = 20_000;
/// Payloads that are removed in one transaction: appending waits for no more.
pub const RETENTION_BATCH: usize = 64;
/// Bytes of payloads after which such a transaction ends.
pub const RETENTION_BATCH_BYTES: u64 = 512 * 1024;
/// Free pages given back to the disk in one transaction.
pub const RETENTION_PAGES: u32 = 64;
/// Steps of sessions that are forgotten in one transaction.
pub const RETENTION_STEPS: u64 = 500;
/// Steps of cleaning the search index after a run.
pub const RETENTION_MERGES: u32 = 10_000;
/// How long a look for damage at the start may take (ms); a bigger database is looked through while the app runs.
pub const DAMAGE_START_MS: u64 = 2_000;
/// How often the whole database is looked through for damage (ms).
pub const DAMAGE_EVERY_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Highest budget (US cents).
pub const BUDGET_CENTS: u32 = 100_000_000;
/// Crossings of budgets that are remembered, so that none is recorded twice.
pub const BUDGET_CROSSINGS: usize = 128;
/// Processes above another that are looked at.
pub const ANCESTORS: usize = 64;
/// Sessions, sub-agents and trace contexts of clients whose links are remembered, of each; past it they are forgotten.
pub const LINKED_SESSIONS: usize = 4_096;
/// Sessions that are shown with the one that began them, that one included.
pub const TRACE_SESSIONS: usize = 32;
/// Shortest passphrase of a backup (characters).
pub const PASSPHRASE_CHARS: usize = 12;
