"""Loads ClawButler's guard as Hermes would and shows that it blocks what nobody judged. Tells nobody, asks nobody."""

import importlib.util
import os
import sys

path, missing = sys.argv[1], sys.argv[2]
spec = importlib.util.spec_from_file_location("clawbutler_guard", path)
guard = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guard)
# This is no process of Hermes: nothing is announced, and the question reaches no person.
guard._announce = guard._forget_dead = lambda: None
guard.HOOK = missing


class Context:
    """As much of Hermes' own as a plugin is handed."""

    def __init__(self):
        self.hooks = {}

    def register_hook(self, name, callback):
        self.hooks[name] = callback


context = Context()
guard.register(context)
gate = context.hooks["pre_tool_call"]
call = {"session_id": "self-test", "task_id": "", "tool_call_id": "self-test"}
answer = gate(tool_name="terminal", args={"command": "rm -rf ~"}, **call)
if not isinstance(answer, dict) or answer.get("action") != "block" or not answer.get("message"):
    sys.exit("a call that nobody judged was not blocked: %r" % (answer,))
answer = gate(tool_name="todo", args={}, **call)
if answer is not None:
    sys.exit("a harmless call was blocked: %r" % (answer,))
print("%s works with Python %s" % (guard.EDITION, sys.version.split()[0]), flush=True)
# Without what runs at an orderly end: there is nothing to hand over.
os._exit(0)
