// Answers some commands about the log in place of the host, so that states that need a large or an old log come
// about at once: a search stopped by its time, facts that retention removed, long work under way, a failing disk.
const it = { looked: null, busy: null, fails: null, held: [] };
window.scriptedAudit = it;
const genuine = window.fetch.bind(window);
const answer = (value, status = 200) => new Response(JSON.stringify(value), { status });
window.fetch = async (url, init) => {
    const name = String(url).split("/ipc/")[1];
    if (it.fails && name === "search_audit") return answer({ code: "unavailable", message: it.fails, hint: "Check the disk." }, 503);
    if (it.held.includes(name)) return new Promise(() => {});
    if (it.looked && name === "search_audit") {
        return answer({ items: [], older: it.looked, newer: null, count: null, searched_to: it.looked, indexed: "9000000" });
    }
    if (it.busy && name === "show_verify") return answer({ running: true, at: it.busy, total: "9000000" });
    if (it.busy && name === "verify_audit") return new Promise(() => {});
    if (it.busy && (name === "show_export" || name === "export_audit")) {
        return answer({ state: "running", out: "/home/ann/clawbutler-audit.jsonl", at: it.busy, total: "9000000", written: "312044" });
    }
    if (it.busy && name === "stop_export") {
        it.busy = null;
        return answer({ state: "stopped", out: "/home/ann/clawbutler-audit.jsonl", at: "1", total: "9000000", written: "312044" });
    }
    return genuine(url, init);
};
