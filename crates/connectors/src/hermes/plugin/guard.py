"""ClawButler's guard in Hermes: asks ClawButler before a tool runs. Written and removed by ClawButler.

Hermes (up to 0.19 at least) runs a call when a plugin raises, hangs it when a plugin hangs, and ignores an
answer it does not know. So this file needs nothing but the standard library, catches everything, bounds every
wait, and blocks what it could not have judged, unless the call is known to be of low risk.
"""

import atexit
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections import OrderedDict
from pathlib import Path

HOOK = __HOOK__
EDITION = "__EDITION__"
HERE = Path(__file__).parent
HOME = HERE.parents[1]
# Below Hermes' own watchdog of a gateway (15 minutes without a sign of life), seconds.
GATE_SECONDS = 14 * 60
OBSERVE_SECONDS = 10
REMEMBERED = 256
ADVICE = (
    " Do not retry this call or reach the same effect another way. Tell the user what you wanted to do and why,"
    " and go on with what does not need it."
)
# Touch nothing outside the conversation.
HARMLESS = frozenset({"todo", "clarify", "skills_list", "skill_view", "session_search"})
# Names of files that hold secrets.
SECRET_WORDS = ("secret", "credential", "password", "token", "key", ".env", ".pem", ".p12", ".pfx", ".kdbx", "auth")

_lock = threading.Lock()
_sessions = OrderedDict()
_children = OrderedDict()
_granted = OrderedDict()
_unjudged = 0
_loaded_at = time.time()
_outbox = queue.Queue(maxsize=256)


class Unanswered(Exception):
    """There is no answer; the text says why."""


class Stopped(Exception):
    """The user stopped the turn while the question stood."""


def _remember(table, key, value):
    with _lock:
        table[key] = value
        while len(table) > REMEMBERED:
            table.popitem(last=False)


def _started():
    """When this process started, in the kernel's ticks; None where the system does not say."""
    try:
        text = Path("/proc/self/stat").read_text()
        return int(text.rsplit(")", 1)[1].split()[19])
    except Exception:
        return None


def _hermes_version():
    try:
        import hermes_cli

        return str(hermes_cli.__version__)
    except Exception:
        return ""


def _announce():
    """Tells ClawButler, in a file of ours, that this process has loaded the guard."""
    try:
        folder = HERE / "seen"
        folder.mkdir(mode=0o700, exist_ok=True)
        with _lock:
            last = next(reversed(_sessions), None)
            session = _sessions.get(last) or {}
            unjudged = _unjudged
        said = {
            "pid": os.getpid(),
            "started": _started(),
            "edition": EDITION,
            "hermes": _hermes_version(),
            "session": last,
            "platform": session.get("platform", ""),
            "cwd": _cwd(""),
            "loaded_at": int(_loaded_at * 1000),
            "unjudged": unjudged,
        }
        fresh = folder / ("%d.new" % os.getpid())
        fresh.write_text(json.dumps(said), encoding="utf-8")
        os.replace(fresh, folder / ("%d.json" % os.getpid()))
    except Exception:
        pass


def _forget_dead():
    try:
        for entry in sorted((HERE / "seen").iterdir())[:500]:
            pid = entry.name.split(".", 1)[0]
            old = time.time() - entry.stat().st_mtime > 30 * 24 * 3600
            gone = os.name == "posix" and pid.isdigit() and int(pid) != os.getpid() and not _alive(int(pid))
            if old or gone:
                entry.unlink()
    except Exception:
        pass


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except Exception:
        return True
    return True


def _cwd(task):
    """Where relative paths of the next call start from."""
    try:
        from tools import terminal_tool

        running = terminal_tool._active_environments.get(task or "default")
        if running is not None and isinstance(running.cwd, str) and os.path.isabs(running.cwd):
            return running.cwd
    except Exception:
        pass
    seed = os.environ.get("TERMINAL_CWD", "")
    if os.path.isabs(seed):
        return seed
    try:
        return os.getcwd()
    except OSError:
        return ""


def _truthy(name):
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


def _mode():
    """Hermes' own approval mode: manual, smart, off, or yolo where all its prompts are skipped."""
    try:
        from tools import approval

        mode = str(approval._get_approval_mode())
        if mode != "off" and approval.is_approval_bypass_active():
            return "yolo"
        return mode
    except Exception:
        return ""


def _attended():
    """Whether a person sits at this process."""
    try:
        from tools import approval

        return bool(approval._is_interactive_cli()) and sys.stdin is not None and sys.stdin.isatty()
    except Exception:
        return False


def _can_ask():
    """Whether an answer of "approve" makes Hermes ask a person: where its prompts are skipped, or nobody can
    see them, it would run the call."""
    try:
        from tools import approval

        if not hasattr(approval, "request_tool_approval") or approval.is_approval_bypass_active():
            return False
        if _truthy("HERMES_CRON_SESSION"):
            return False
        if approval._is_gateway_approval_context():
            return approval._gateway_notify_cbs.get(approval.get_current_session_key()) is not None
        if approval._hermes_interactive_ctx.get() is not None:
            from tools import terminal_tool

            return terminal_tool._get_approval_callback() is not None and approval._is_interactive_cli()
        return _attended()
    except Exception:
        return False


def _facts(event, kw):
    """What ClawButler is told of an event."""
    session = kw.get("session_id") or kw.get("task_id") or "process-%d" % os.getpid()
    task = kw.get("task_id") or ""
    with _lock:
        known = dict(_sessions.get(session) or {})
        child = dict(_children.get(session) or _children.get(task) or {})
    platform = kw.get("platform") or known.get("platform") or ""
    return {
        "event": event,
        "session_id": str(session),
        "task_id": str(task),
        "turn_id": str(kw.get("turn_id") or ""),
        "tool_call_id": str(kw.get("tool_call_id") or ""),
        "cwd": _cwd(task),
        "pid": os.getpid(),
        "home": str(HOME),
        "platform": str(platform),
        "mode": _mode(),
        "attended": _attended(),
        "background": _truthy("HERMES_CRON_SESSION") or platform == "cron",
        "hermes": _hermes_version(),
        "agent": child.get("id", ""),
        "agent_name": child.get("name", ""),
    }


def _environment():
    """The few variables that the hook needs; the keys in this process's environment are not its business."""
    names = (
        "HOME", "PATH", "LANG", "TMPDIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "CLAWBUTLER_HOME",
        "USERPROFILE", "LOCALAPPDATA", "APPDATA", "SYSTEMROOT", "SystemRoot", "TEMP", "TMP", "USERNAME",
    )
    found = {name: os.environ[name] for name in names if name in os.environ}
    found["HERMES_HOME"] = str(HOME)
    return found


def _interrupted():
    try:
        from tools.interrupt import is_interrupted

        return bool(is_interrupted())
    except Exception:
        return False


def _ask(verb, facts, seconds, heed_interrupt):
    """One run of the hook: its answer, or why there is none. Never longer than `seconds`."""
    body = json.dumps(facts, default=str).encode("utf-8")
    hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {}
    child = subprocess.Popen(
        [HOOK, "hermes", verb],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        **hidden,
    )
    box = {}

    def talk():
        try:
            box["said"] = child.communicate(body)
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=talk, daemon=True, name="clawbutler-" + verb)
    try:
        thread.start()
        end = time.monotonic() + seconds
        while thread.is_alive():
            thread.join(0.1)
            if heed_interrupt and thread.is_alive() and _interrupted():
                raise Stopped()
            if time.monotonic() > end:
                raise Unanswered("nobody answered in time")
    finally:
        if child.poll() is None:
            child.kill()
    if "said" not in box:
        raise Unanswered("the hook could not be spoken to")
    out, err = box["said"]
    if child.returncode != 0:
        why = err.decode("utf-8", "replace").strip()[:400]
        raise Unanswered(why or "the hook ended with %s" % child.returncode)
    if verb != "gate":
        return None
    answer = json.loads(out.decode("utf-8"))
    if not isinstance(answer, dict):
        raise Unanswered("the hook answered with something else")
    return answer


def _is_low(tool, args, cwd):
    """Whether the call is known to be of low risk without anybody's judgement: it touches nothing, or it reads
    an ordinary file of the folder the agent works in."""
    if tool in HARMLESS:
        return True
    if tool not in ("read_file", "search_files") or not isinstance(args, dict):
        return False
    path = args.get("path", "." if tool == "search_files" else None)
    if not isinstance(path, str) or not path or path.startswith("~") or not os.path.isabs(cwd):
        return False
    base = os.path.realpath(cwd)
    real = os.path.realpath(os.path.join(base, path))
    if real != base and not real.startswith(base.rstrip(os.sep) + os.sep):
        return False
    below = os.path.relpath(real, base)
    parts = [] if below == os.curdir else below.lower().split(os.sep)
    if tool == "search_files" and str(args.get("target", "content")) not in ("files", "find"):
        # Shows the content of what lies below, hidden and secret files too.
        return False
    return not any(part.startswith(".") or any(word in part for word in SECRET_WORDS) for part in parts)


def _block(text):
    return {"action": "block", "message": text}


def _without_answer(kw, why, stopped):
    global _unjudged
    with _lock:
        _unjudged += 1
    _announce()
    if stopped:
        return _block("The turn was stopped while ClawButler asked about this call, so it did not run.")
    try:
        if _is_low(kw.get("tool_name"), kw.get("args"), _cwd(kw.get("task_id") or "")):
            return None
    except BaseException:
        pass
    return _block("ClawButler could not judge this call (%s), so it is blocked.%s" % (why, ADVICE))


def _gate(**kw):
    try:
        facts = _facts("pre_tool_call", kw)
        facts["tool_name"] = kw.get("tool_name")
        facts["args"] = kw.get("args")
        facts["native"] = _can_ask()
        # Without an id of the call, two equal calls are still two.
        facts["nonce"] = uuid.uuid4().hex
        answer = _ask("gate", facts, GATE_SECONDS, True)
        return _obey(answer, kw)
    except Stopped:
        return _without_answer(kw, "", True)
    except Unanswered as error:
        return _without_answer(kw, str(error), False)
    except BaseException as error:
        return _without_answer(kw, type(error).__name__, False)


def _obey(answer, kw):
    decision, reason = answer.get("decision"), answer.get("reason")
    reason = reason if isinstance(reason, str) else ""
    if decision == "defer":
        return None
    if decision == "allow":
        _grant(kw)
        return None
    if decision == "deny":
        return _block(reason or "Denied by ClawButler." + ADVICE)
    if decision == "ask" and _can_ask():
        # A key of this very call: "for the session" covers its repetition and nothing else.
        call = json.dumps([kw.get("tool_name"), kw.get("args")], sort_keys=True, default=str)
        key = "clawbutler:" + hashlib.sha256(call.encode("utf-8")).hexdigest()[:24]
        return {"action": "approve", "message": reason or "ClawButler wants a person to decide.", "rule_key": key}
    if decision == "ask":
        return _block((reason or "ClawButler wants a person to decide") + " Nobody can be asked here." + ADVICE)
    raise Unanswered("the hook answered with an unknown word")


def _grant(kw):
    """Answers Hermes' own prompt for the very call that was allowed, so that nobody is asked twice. Uses
    internals of Hermes; where they differ, its prompt simply stays."""
    call = kw.get("tool_call_id")
    if not call:
        return
    args = kw.get("args")
    command = args.get("command") if isinstance(args, dict) else None
    _remember(_granted, call, (command, time.monotonic()))
    try:
        from tools import approval, terminal_tool

        before = terminal_tool._get_approval_callback()
        if getattr(before, "of_clawbutler", False):
            return

        def answer(command, description, **options):
            if _take(approval._approval_tool_call_id.get()):
                return "once"
            if before is None:
                return approval.prompt_dangerous_approval(command, description, **options)
            return before(command, description, **options)

        answer.of_clawbutler = True
        terminal_tool.set_approval_callback(answer)
    except Exception:
        pass


def _take(call):
    """Whether this call was allowed and its prompt not answered yet."""
    with _lock:
        return bool(call) and _granted.pop(call, None) is not None


def _before_prompt(**kw):
    """A gateway's prompt is already queued when this is called, and its queue knows no ids: only a question that
    stands alone can be answered."""
    try:
        if kw.get("surface") != "gateway" or kw.get("tool_call_id") not in _granted:
            return None
        from tools import approval

        key = kw.get("session_key")
        if len(approval._gateway_queues.get(key) or ()) == 1 and _take(kw.get("tool_call_id")):
            approval.resolve_gateway_approval(key, "once")
    except Exception:
        pass
    return None


def _present(request):
    """Approval transport (0.21 and later): says "once" for a command that was just allowed. Anything else is
    left to Hermes' own prompt, by failing."""
    call = None
    try:
        from tools import approval

        call = approval._approval_tool_call_id.get()
    except Exception:
        pass
    if not call:
        command, now = getattr(request, "command", None), time.monotonic()
        with _lock:
            fits = [key for key, (text, at) in _granted.items() if text and text == command and now - at < 30]
        call = fits[0] if len(fits) == 1 else None
    if _take(call):
        return request.respond("once")
    raise Unanswered("not a call that ClawButler allowed")


def _post():
    while True:
        facts = _outbox.get()
        try:
            _ask("observe", facts, OBSERVE_SECONDS, False)
        except BaseException:
            pass
        finally:
            _outbox.task_done()


def _tell(facts):
    try:
        _outbox.put_nowait(facts)
    except queue.Full:
        pass


def _flush(seconds):
    end = time.monotonic() + seconds
    while _outbox.unfinished_tasks and time.monotonic() < end:
        time.sleep(0.02)


def _tool_ended(**kw):
    try:
        facts = _facts("post_tool_call", kw)
        facts["tool_name"] = kw.get("tool_name")
        facts["args"] = kw.get("args")
        result = kw.get("result")
        failed = kw.get("status") in ("error", "blocked")
        if kw.get("status") is None and isinstance(result, str) and result.lstrip().startswith("{"):
            # Before 0.19 there is no status.
            shown = json.loads(result)
            failed = isinstance(shown, dict) and bool(shown.get("error"))
        facts["outcome"] = kw.get("status") or ("error" if failed else "ok")
        facts["error_type"] = str(kw.get("error_type") or "")
        facts["duration_ms"] = kw.get("duration_ms")
        _tell(facts)
    except Exception:
        pass
    return None


def _session_started(**kw):
    try:
        _remember(_sessions, str(kw.get("session_id") or ""), {"platform": str(kw.get("platform") or "")})
        _announce()
        facts = _facts("on_session_start", kw)
        facts["model"] = str(kw.get("model") or "")
        _tell(facts)
    except Exception:
        pass
    return None


def _turn_ended(**kw):
    try:
        _tell(_facts("on_session_end", kw))
    except Exception:
        pass
    return None


def _session_ended(**kw):
    try:
        _tell(_facts("on_session_finalize", kw))
        _flush(2)
    except Exception:
        pass
    return None


def _agent_started(**kw):
    try:
        child = {
            "id": str(kw.get("child_subagent_id") or kw.get("child_session_id") or ""),
            "name": str(kw.get("child_role") or "subagent"),
        }
        for key in (kw.get("child_session_id"), kw.get("child_subagent_id")):
            if key:
                _remember(_children, str(key), child)
        facts = _facts("subagent_start", {"session_id": kw.get("child_session_id")})
        facts["parent_session"] = str(kw.get("parent_session_id") or "")
        _tell(facts)
    except Exception:
        pass
    return None


def _agent_ended(**kw):
    try:
        facts = _facts("subagent_stop", {"session_id": kw.get("child_session_id")})
        facts["parent_session"] = str(kw.get("parent_session_id") or "")
        facts["outcome"] = str(kw.get("child_status") or "")
        _tell(facts)
    except Exception:
        pass
    return None


def register(ctx):
    ctx.register_hook("pre_tool_call", _gate)
    try:
        # The first answer counts; another plugin's "approve" must not stand before our "block".
        gates = ctx._manager._hooks["pre_tool_call"]
        gates.remove(_gate)
        gates.insert(0, _gate)
    except Exception:
        pass
    observers = {
        "pre_approval_request": _before_prompt,
        "post_tool_call": _tool_ended,
        "on_session_start": _session_started,
        "on_session_end": _turn_ended,
        "on_session_finalize": _session_ended,
        "subagent_start": _agent_started,
        "subagent_stop": _agent_ended,
    }
    for name, callback in observers.items():
        try:
            ctx.register_hook(name, callback)
        except Exception:
            pass
    try:
        if hasattr(ctx, "register_approval_transport"):
            ctx.register_approval_transport("clawbutler", _present)
    except Exception:
        pass
    try:
        threading.Thread(target=_post, daemon=True, name="clawbutler-post").start()
        atexit.register(_flush, 2)
    except Exception:
        pass
    _forget_dead()
    _announce()
