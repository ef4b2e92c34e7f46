// Answers the commands about sessions in place of the host, from steps that the test adds: long sessions, histories
// half read and records that cannot be read come about at once, and stay as they are for a picture.
const store = { rows: [], steps: {}, agents: {}, malformed: {}, backfill: [], asked: [], failure: null };
window.scripted = store;

const pages = (all, key, { before, after, limit }, fallback) => {
    const most = limit ?? fallback;
    let items = all;
    if (before) items = items.filter((one) => key(one) < before);
    if (after) items = items.filter((one) => key(one) > after);
    return after ? items.slice(0, most) : items.slice(-most);
};

const answers = {
    list_sessions: ({ states, search }) => {
        const fits = (row) => (states.length === 0 || states.includes(row.state)) && (row.title ?? "").toLowerCase().includes(search.toLowerCase());
        const items = store.rows.filter(fits);
        return { items, total: items.length, backfill: store.backfill, now: Date.now() };
    },
    show_session: ({ id }) => {
        const row = store.rows.find((one) => one.id === id);
        if (!row) return null;
        const recordings = [{ path: row.home + "/projects/p/" + row.session + ".jsonl", position: 900, size: 1000, records: 40, malformed: row.malformed, rewritten: 1, present: true }];
        return { row, agents: store.agents[id] ?? [], children: store.rows.filter((one) => one.parent === id), recordings, malformed: store.malformed[id] ?? [] };
    },
    list_steps: (request) => {
        store.asked.push(request);
        const all = store.steps[request.session] ?? [];
        const fits = (step) => (request.kinds.length === 0 || request.kinds.includes(step.what.step)) && (request.agent == null || (step.agent ?? "") === request.agent);
        const last = String(all.length ? all[all.length - 1].seq : 0);
        let items = all.filter(fits);
        if (request.since) items = items.filter((step) => Number(step.seq) > Number(request.since)).slice(0, request.limit);
        else items = pages(items, (step) => step.place, request, 200);
        const every = all.filter(fits);
        const first = items[0], end = items[items.length - 1];
        return {
            items, last, generation: 1,
            older: first && every[0] !== first ? first.place : null,
            newer: end && every[every.length - 1] !== end ? end.place : null,
        };
    },
    backfill_sessions: ({ home_id, verb }) => {
        const view = store.backfill.find((one) => one.home_id === home_id);
        view.state = verb === "cancel" ? "cancelled" : "running";
        return view;
    },
};

store.add = (session, what, more) => {
    const all = (store.steps[session] ??= []);
    const seq = all.length + 1;
    all.push({ seq: String(seq), place: String(seq).padStart(12, "0"), at: 1790000000000 + seq * 4000, ...more, what });
};

const real = window.fetch.bind(window);
window.fetch = async (url, init) => {
    const name = String(url).split("/ipc/")[1];
    if (!answers[name]) return real(url, init);
    if (store.failure) return new Response(JSON.stringify({ code: "unavailable", message: store.failure, hint: "Free some space." }), { status: 503 });
    const reply = answers[name](JSON.parse(init.body));
    const error = { code: "not_found", message: "There is no such session." };
    return new Response(JSON.stringify(reply ?? error), { status: reply ? 200 : 404 });
};
