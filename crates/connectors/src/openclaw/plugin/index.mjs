// ClawButler's guard in OpenClaw. Written and removed by ClawButler; changes here are reported as damage.
//
// Before every tool call it starts the hook program, hands it the call, and does as it says. Whatever goes
// wrong with that blocks the call, except for tools that touch nothing outside the conversation. It never
// allows a call that OpenClaw's own rules refuse: no opinion is the most it has in favour.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const RUNTIME = "openclaw";
// OpenClaw allows a hook 600 s at most; ours ends first, so that the reason is ours.
const OPENCLAW_MS = 600_000;
const GATE_MS = 590_000;
const OBSERVE_MS = 5_000;
// A payload over the hook's own bound (1 MiB) is refused by it; this only bounds what is built here.
const ANSWER_BYTES = 256 * 1024;
// How many reports are under way at once, and how many wait: a gateway that ends tells of all its sessions at once.
const OBSERVERS = 16;
const WAITING = 1_000;
const BLOCKED = 1_000;
// Runs after every other plugin: what they rewrite is set back to what was judged.
const LAST = -1_000_000;
const LOW = new Set([
  "agents_list", "agents_wait", "ask_user", "conversations_list", "create_goal", "dismiss_task", "get_goal",
  "github_identity_status", "heartbeat_respond", "memory_get", "memory_search", "progress_card",
  "sessions_history", "sessions_list", "sessions_search", "sessions_yield", "show_widget", "spawn_task",
  "structured_output", "suggest_task", "transcripts", "update_goal",
]);

/** Runs the hook program; resolves to its parsed answer, rejects on anything else. */
function ask(program, verb, payload, ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Error("the call was cancelled"));
    const child = spawn(program, [RUNTIME, verb], { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    const out = [];
    let size = 0;
    let words = "";
    let settled = false;
    const settle = (act, value) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancelled);
      act(value);
    };
    const stop = (why) => {
      child.kill("SIGKILL");
      settle(reject, new Error(why));
    };
    const cancelled = () => stop("the call was cancelled");
    const timer = setTimeout(() => stop("nobody answered in time"), ms);
    signal?.addEventListener("abort", cancelled, { once: true });
    child.on("error", (error) => settle(reject, new Error(`the hook program cannot run (${error.code ?? "error"})`)));
    child.stdin.on("error", () => {});
    child.stdout.on("data", (bytes) => {
      size += bytes.length;
      if (size > ANSWER_BYTES) stop("the hook program said too much");
      else out.push(bytes);
    });
    child.stderr.on("data", (bytes) => {
      if (words.length < 2_000) words += bytes.toString("utf8");
    });
    child.on("close", (code, killed) => {
      if (code !== 0) {
        const said = code === 2 ? words.trim().slice(0, 1_000) : "";
        return settle(reject, new Error(said || `the hook program ended with ${killed ?? code}`));
      }
      try {
        settle(resolve, JSON.parse(Buffer.concat(out).toString("utf8")));
      } catch {
        settle(reject, new Error("the hook program said something else than an answer"));
      }
    });
    child.stdin.end(JSON.stringify(payload));
  });
}

/** The folder relative paths of an agent start from. */
function folder(api, home, agentId) {
  try {
    const found = api.runtime?.agent?.resolveAgentWorkspaceDir?.(api.config, agentId);
    if (typeof found === "string" && isAbsolute(found)) return found;
  } catch {
    // Older releases lack it: the configuration says the same.
  }
  const agents = api.config?.agents ?? {};
  const own = agents.entries?.[agentId] ?? agents.list?.find?.((agent) => agent?.id === agentId);
  const set = own?.workspace ?? agents.defaults?.workspace;
  if (typeof set !== "string" || set === "") return join(home, "workspace");
  return set === "~" || set.startsWith("~/") ? join(homedir(), set.slice(1)) : set;
}

/** Runs what may fail without harm; gives nothing then. */
function tried(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}

/** Whether a process with this id runs. */
function runs(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error?.code !== "ESRCH";
  }
}

/** Tells ClawButler, in a file of ours, that this process has loaded the guard; forgets those that ended. */
function announce(home, version) {
  const folder = join(home, "clawbutler-guard", "seen");
  // Where the guard was taken out meanwhile there is nothing to write to, and nothing is made for it.
  tried(() => mkdirSync(folder, { mode: 0o700 }));
  const others = tried(() => readdirSync(folder)) ?? [];
  for (const name of others.slice(0, BLOCKED)) {
    const pid = Number.parseInt(name, 10);
    if (pid > 0 && pid !== process.pid && !runs(pid)) tried(() => rmSync(join(folder, name)));
  }
  const stat = tried(() => readFileSync("/proc/self/stat", "utf8")) ?? "";
  const started = Number(stat.slice(stat.lastIndexOf(")") + 1).trim().split(/\s+/)[19]);
  const code = tried(() => readFileSync(fileURLToPath(import.meta.url)));
  const said = {
    pid: process.pid,
    started: Number.isSafeInteger(started) && started > 0 ? started : undefined,
    edition: code && createHash("sha256").update(code).digest("hex"),
    version,
    loadedAt: Date.now(),
  };
  const place = join(folder, String(process.pid));
  tried(() => {
    writeFileSync(`${place}.new`, JSON.stringify(said), { mode: 0o600 });
    renameSync(`${place}.new`, `${place}.json`);
  });
}

export default {
  id: "clawbutler-guard",
  name: "ClawButler guard",
  description: "Asks ClawButler before every tool call.",
  register(api) {
    const config = api.pluginConfig ?? {};
    const hook = typeof config.hook === "string" ? config.hook : "";
    const home = typeof config.home === "string" ? config.home : "";
    // Calls we blocked: what OpenClaw reports about them afterwards is no outcome of theirs.
    const blocked = new Set();
    // Calls that begin sub-agents, until one was told of each: two at once are told apart by their labels.
    const spawning = new Map();
    let observers = 0;
    const waiting = [];

    const facts = (name, event, ctx) => ({
      event: name,
      home,
      pid: process.pid,
      surface: process.title,
      version: api.runtime?.version,
      agentId: ctx?.agentId,
      // What is told of a sub-agent names the session that began it in its own way.
      sessionKey: ctx?.sessionKey ?? event?.sessionKey ?? ctx?.requesterSessionKey ?? ctx?.childSessionKey,
      sessionId: ctx?.sessionId ?? event?.sessionId,
      runId: event?.runId ?? ctx?.runId,
      channel: ctx?.requester?.channel ?? ctx?.channelId,
      owner: ctx?.requester?.senderIsOwner,
      cwd: folder(api, home, ctx?.agentId ?? "main"),
      mode: api.config?.tools?.exec?.mode,
    });
    const call = (name, event, ctx) => ({
      ...facts(name, event, ctx),
      toolName: event.toolName,
      toolKind: event.toolKind ?? ctx?.toolKind,
      toolInputKind: event.toolInputKind ?? ctx?.toolInputKind,
      toolCallId: event.toolCallId ?? ctx?.toolCallId,
      params: event.params ?? {},
    });
    /** Reports something; resolves when it is told or given up, so that a gateway that ends can wait for it. */
    const tell = (payload) =>
      new Promise((resolve) => {
        const begin = () => {
          observers += 1;
          ask(hook, "observe", payload, OBSERVE_MS)
            .catch((error) => api.logger?.warn?.(`clawbutler-guard: not reported: ${error.message}`))
            .finally(() => {
              observers -= 1;
              waiting.shift()?.();
              resolve();
            });
        };
        if (observers < OBSERVERS) return begin();
        if (waiting.length < WAITING) return waiting.push(begin);
        api.logger?.warn?.("clawbutler-guard: too much to report at once; one report is lost");
        resolve();
      });

    api.on(
      "before_tool_call",
      async (event, ctx) => {
        const refuse = (reason) => {
          if (blocked.size >= BLOCKED) blocked.clear();
          blocked.add(event.toolCallId ?? ctx?.toolCallId);
          return { block: true, blockReason: reason };
        };
        try {
          if (hook === "") throw new Error("the guard does not know its hook program");
          const answer = await ask(hook, "gate", call("before_tool_call", event, ctx), GATE_MS, ctx?.abortSignal);
          if (answer?.decision === "allow" || answer?.decision === "defer") {
            if (event.toolName === "sessions_spawn") {
              if (spawning.size >= BLOCKED) spawning.clear();
              spawning.set(event.toolCallId ?? ctx?.toolCallId, { by: ctx?.sessionKey, label: event.params?.label });
            }
            return { params: event.params };
          }
          if (answer?.decision === "deny") return refuse(String(answer.reason ?? "Denied by ClawButler."));
          throw new Error("the hook program said something else than an answer");
        } catch (error) {
          const why = error instanceof Error ? error.message : "something went wrong";
          api.logger?.warn?.(`clawbutler-guard: ${event.toolName} was not judged: ${why}`);
          if (LOW.has(event.toolName)) return undefined;
          return refuse(`ClawButler could not judge this call, so it is blocked: ${why}. Tell the user about it.`);
        }
      },
      { priority: LAST, timeoutMs: OPENCLAW_MS },
    );
    api.on("after_tool_call", (event, ctx) => {
      spawning.delete(event.toolCallId ?? ctx?.toolCallId);
      if (blocked.delete(event.toolCallId ?? ctx?.toolCallId)) return;
      const said = { error: event.error, durationMs: event.durationMs, exitCode: event.result?.details?.exitCode };
      tell({ ...call("after_tool_call", event, ctx), ...said });
    });
    api.on("session_start", (event, ctx) =>
      tell({ ...facts("session_start", event, ctx), resumedFrom: event?.resumedFrom }));
    api.on("session_end", (event, ctx) => tell({ ...facts("session_end", event, ctx), reason: event?.reason }));
    /** The one call under way that began a sub-agent of this label; nothing where there are more. */
    const begunBy = (label, by) => {
      const fits = [...spawning].filter(([, call]) => call.by === by && call.label === label);
      if (fits.length !== 1) return undefined;
      spawning.delete(fits[0][0]);
      return fits[0][0];
    };
    api.on("subagent_spawned", (event, ctx) =>
      tell({
        ...facts("subagent_spawned", event, ctx),
        toolCallId: begunBy(event?.label, ctx?.requesterSessionKey ?? ctx?.sessionKey ?? event?.sessionKey),
        child: event?.childSessionKey ?? ctx?.childSessionKey,
        label: event?.label,
      }));
    api.on("subagent_ended", (event, ctx) =>
      tell({
        ...facts("subagent_ended", event, ctx),
        child: event?.targetSessionKey ?? ctx?.childSessionKey,
        result: event?.outcome,
        reason: event?.reason,
        error: event?.error,
      }));
    // Also loaded to be listed, without its hooks.
    if (home !== "" && (api.registrationMode ?? "full") === "full") announce(home, api.runtime?.version);
  },
};
