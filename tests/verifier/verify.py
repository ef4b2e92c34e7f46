#!/usr/bin/env python3
"""Checks an exported ClawButler audit log from docs/AUDIT-FORMAT.md alone.

Usage: verify.py EXPORT.jsonl    Exit status 0 only when every entry holds.
"""
import hashlib
import json
import sys

GENESIS = "0" * 64


def no_float(text):
    raise ValueError(f"a number with a fraction: {text}")


def canonical(value):
    """Sorted keys, no white space, text as UTF-8, integers only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check(path):
    prev, seq = GENESIS, 0
    with open(path, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            row = json.loads(line, parse_float=no_float)
            entry, seq = row["entry"], seq + 1
            if set(row) != {"hash", "prev", "entry"}:
                return seq, "the line has other fields than hash, prev and entry"
            if entry["v"] != 1:
                return seq, f"unknown version {entry['v']}"
            if entry["seq"] != seq:
                return seq, f"expected sequence number {seq}, found {entry['seq']}"
            if row["prev"] != prev:
                return seq, "it does not follow the entry before it"
            body = canonical(entry)
            digest = hashlib.sha256(f"clawbutler-ledger-v1\n{prev}\n{body}".encode("utf-8")).hexdigest()
            if digest != row["hash"]:
                return seq, "its content does not fit its hash"
            prev = row["hash"]
    return None, f"{seq} entries hold, head {prev}"


if __name__ == "__main__":
    bad, words = check(sys.argv[1])
    print(words if bad is None else f"entry {bad}: {words}")
    sys.exit(0 if bad is None else 1)
