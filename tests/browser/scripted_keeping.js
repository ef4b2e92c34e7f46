// Answers for the host where a state needs a large, old or full disk: a long run, one that ended early, a database
// that cannot give space back, a long copy and one that failed.
const it = { retention: null, backup: null };
window.scriptedKeeping = it;
const genuine = window.fetch.bind(window);
const place = (seq, at) => ({ seq, at });
const big = (name, entries, bytes) => ({ class: name, entries, bytes, oldest: place("12", 1735689600000), newest: place("2110400", 1787000000000) });
const classes = [big("actions", "1804211", "2911002334"), big("decisions", "84112", "41220987"), big("sessions", "20671", "9120334")];
window.fetch = async (url, init) => {
    const name = String(url).split("/ipc/")[1];
    const answer = (value) => new Response(JSON.stringify(value), { status: 200 });
    if (it.retention && name === "get_retention") return answer({ ...it.base, ...it.retention });
    if (it.retention && name === "retention_preview") return answer({ at: 1795598450000, classes, steps: "412008" });
    if (it.backup && (name === "show_backup" || name === "make_backup")) return answer(it.backup);
    return genuine(url, init);
};
const class_ = { days: 90, megabytes: 500 };
it.base = {
    settings: { on: true, actions: class_, decisions: { days: 365, megabytes: null }, sessions: class_, housekeeping: { days: null, megabytes: null }, steps_days: 30 },
    gives_back: true,
    last: { at: 1795598450000, classes, steps: "412008", returned: "2961343655" },
};
