#!/usr/bin/env python3
"""Writes logs that were changed after they were made, with their checkpoints, and what verify.py says of each.

Usage: edited.py FOLDER SEED CASES

FOLDER gets `<n>.jsonl` and `<n>.notes` of each case and `said.json`: the public key, and for each case what was done, the
exit status and the first entry that does not hold, or null. The same seed gives the same cases.
"""
import base64
import copy
import hashlib
import json
import pathlib
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import verify
from verify import canonical

TAKEN = ["action.requested", "action.decided", "action.completed", "approval.requested", "engine.started", "rules.changed"]
VALUES = [None, True, False, 0, -1, 1, 2, 3, 7, 2**63 - 1, 2**63, 2**64 - 1, -2**63, "", "x", "\0", '"', "é", "a" * 64, "A" * 64,
          [], [1], ["action.requested"], ["audit.pruned"], {}, {"kind": "engine"}, {"kind": "local_user"}, "engine.started",
          "audit.pruned", "rules.changed", "log.tail_unproven", "log.acknowledged"]
DAY = 86_400_000


# Signing (RFC 8032), which the verifier has no need of

def encoded(point):
    inverse = pow(point[2], verify.P - 2, verify.P)
    x, y = point[0] * inverse % verify.P, point[1] * inverse % verify.P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Key:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self.prefix, self.public = digest[32:], encoded(verify.times(self.scalar, verify.BASE))

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % verify.L

        nonce = number(self.prefix, message)
        point = encoded(verify.times(nonce, verify.BASE))
        answer = (nonce + number(point, self.public, message) * self.scalar) % verify.L
        return point + answer.to_bytes(32, "little")


OURS, OTHER = Key(bytes([7]) * 32), Key(bytes([9]) * 32)


def note(rows, size, key=OURS):
    tree = verify.Tree()
    for row in rows[:size]:
        tree.push(verify.leaf_hash(canonical(row["entry"]).encode()))
    origin = verify.ORIGIN + rows[0]["hash"][:16]
    root = base64.b64encode(tree.root()).decode()
    text = f"{origin}\n{size}\n{root}\nhead {rows[size - 1]['hash']}\ntime {size}\n"
    signature = verify.sha256(origin.encode(), b"\n\x01", key.public)[:4] + key.sign(text.encode())
    return f"{text}\n— {origin} {base64.b64encode(signature).decode()}\n"


# A log

def chain(rows, start=0, end=None, digests=True):
    """Makes hashes fit again, of all from `start` or of some."""
    for at, row in list(enumerate(rows))[start:end]:
        row["prev"] = rows[at - 1]["hash"] if at else "0" * 64
        entry = row["entry"]
        if digests and "data" in row and entry.get("v") == 2:
            entry["data"] = hashlib.sha256(canonical(row["data"]).encode()).hexdigest()
        body = canonical(entry).encode()
        if entry.get("v") == 1:
            made = verify.sha256(b"clawbutler-ledger-v1\n", row["prev"].encode(), b"\n", body)
        else:
            made = verify.sha256(b"clawbutler-ledger-v2\n", bytes.fromhex(row["prev"]), verify.leaf_hash(body))
        row["hash"] = made.hex()


def written(row):
    body, facts = row.get("raw", canonical(row["entry"])), ""
    if "data" in row:
        facts = ',"data":' + row.get("raw_data", canonical(row["data"]))
    return '{"hash":"%s","prev":"%s","entry":%s%s}\n' % (row["hash"], row["prev"], body, facts)


def log(dice, file):
    """8 to 24 entries: some of version 1, retention runs and what they pruned, stretches and what a person said of them."""
    rows, old = [], dice.choice([0, 0, 0, 3])
    for at in range(dice.randint(8, 24)):
        entry = {"v": 2, "seq": at + 1, "at": 1_795_000_000_000 + at * DAY, "kind": dice.choice(TAKEN),
                 "actor": dice.choice([{"kind": "engine"}, {"kind": "agent", "id": "a"}, {"kind": "local_user"}]),
                 "trace": "%032x" % dice.getrandbits(128), "span": "%016x" % dice.getrandbits(64), "data": ""}
        data = {"text": dice.choice(["x", "é\n", '"q"', "\x7f\x01"]), "n": dice.randint(-5, 5)}
        if at < old:
            rows.append({"entry": entry | {"v": 1, "data": data}})
            chain(rows, at)
            continue
        if dice.random() < 0.3:
            entry["parent"] = "%016x" % dice.getrandbits(64)
        told = dice.random()
        if at > 5 and told < 0.2:
            entry |= {"kind": "audit.pruned", "actor": {"kind": "engine"}}
            data = {"below": dice.randint(3, at + 1), "kinds": dice.sample(TAKEN, 4)}
        elif at > 2 and told < 0.3:
            start = dice.randint(1, at)
            entry |= {"kind": "log.tail_unproven", "actor": {"kind": "engine"}}
            data = {"from": start, "to": dice.randint(start, at), "kinds": {}}
        rows.append({"entry": entry, "data": data})
        chain(rows, at)
        named = [one for one, row in enumerate(rows[:at]) if row["entry"]["kind"] == "log.tail_unproven"]
        if named and told > 0.8:
            of = rows[named[-1]]
            entry |= {"kind": "log.acknowledged", "actor": {"kind": "local_user"}}
            rows[at]["data"] = {"of": "unproven", "entry": named[-1] + 1, "hash": of["hash"]}
    chain(rows)
    file.write_text("".join(map(written, rows)), encoding="utf-8")
    runs = verify.retention(file)
    for seq, row in enumerate(rows, 1):
        if "data" in row and dice.random() < 0.7 and verify.pruned_by_a_run(seq, row["entry"], runs):
            del row["data"]
    return rows


# Changes

def change(dice, rows):
    """What was done, the bytes of the export, its checkpoints."""
    rows = copy.deepcopy(rows)
    at = dice.randrange(len(rows))
    sizes = dice.sample(range(1, len(rows) + 1), dice.randint(0, 3))
    notes = "\n".join(note(rows, size) for size in sizes)
    runs = [one for one, row in enumerate(rows) if row["entry"]["kind"] == "audit.pruned"]
    done = dice.choice(["nothing", "header", "header", "without", "payload", "payload", "run", "run", "run", "run form", "run form",
                        "delete", "repeat", "insert", "swap", "truncate", "prune", "unprune", "rewrite", "byte", "byte", "byte",
                        "line", "line", "cut", "newline", "note", "note", "other log", "other key"])
    if done.startswith("run") and runs:
        at = dice.choice(runs)
    row = rows[at]
    # Nothing made to fit, this entry alone, all from it on.
    fits = dice.choice([0, 1, len(rows), len(rows)])
    if done == "header" or done == "run" and dice.random() < 0.5:
        name = dice.choice(list(row["entry"]) + ["parent", "other"])
        row["entry"][name] = dice.choice(VALUES)
        chain(rows, at, at + fits, name != "data")
    elif done == "without":
        del row["entry"][dice.choice(list(row["entry"]))]
        chain(rows, at, at + fits, False)
    elif done in ("payload", "run") and row.get("data"):
        row["data"][dice.choice(list(row["data"]))] = dice.choice(VALUES)
        chain(rows, at, at + fits)
    elif done == "run form" and "data" in row:
        data = canonical(row["data"])
        row |= dice.choice([{"raw": canonical(row["entry"]).replace(",", ", ", 1)}, {"raw_data": data.replace(":", ": ", 1)},
                            {"raw_data": data[:-1] + ',"z":1.5}'}, {"raw_data": data[:-1] + ',"a":1}'}])
    elif done == "delete":
        del rows[at]
        chain(rows, at, at + fits)
    elif done in ("repeat", "insert"):
        rows.insert(at, copy.deepcopy(row if done == "repeat" else dice.choice(rows)))
        chain(rows, at, at + fits)
    elif done == "swap":
        other = dice.randrange(len(rows))
        rows[at], rows[other] = rows[other], rows[at]
        chain(rows, min(at, other), at + fits)
    elif done == "truncate":
        rows = rows[:at]
    elif done == "prune":
        row.pop("data", None)
    elif done == "unprune":
        row["data"] = {"x": 1}
    elif done == "rewrite":
        row["entry"]["span"] = "0" * 16
        chain(rows, at)
    elif done == "other log":
        other = copy.deepcopy(rows)
        other[0]["entry"]["span"] = "0" * 16
        chain(other)
        notes += "\n" + note(other, dice.randint(1, len(other)))
    elif done == "other key":
        notes += "\n" + note(rows, dice.randint(1, len(rows)), OTHER)
    elif done == "note" and notes:
        place = dice.randrange(len(notes))
        put = dice.choice([" ", "\n", "0", "+", "A", ""])
        notes = notes[:place] + put + notes[place + dice.choice([1, 1, 1, 60]):]
    data = "".join(map(written, rows)).encode()
    place = dice.randrange(len(data)) if data else 0
    if done == "byte":
        data = data[:place] + bytes([dice.choice([data[place] ^ 1, data[place] ^ 32, dice.randrange(256), *b' "\\{}0\n'])]) + data[place + 1:]
    elif done == "cut":
        data = data[:place]
    elif done == "newline":
        data = data[:place] + dice.choice([b"\n", b"\r\n", b"\n\n"]) + data[place:]
    elif done == "line":
        lines = data.split(b"\n")
        line = lines[at]
        lines[at] = dice.choice([line + b" ", b" " + line, line[:-1] + b',"x":1}', line.replace(b'"prev"', b'"prv"'), line + b"}", b"",
                                 line.replace(b'"hash":"', b'"hash":"A', 1), b"{}", b"null", b"\xff" + line, line + b"\r"])
        data = b"\n".join(lines)
    return done, data, notes


def said(path, notes):
    """Exit status and first entry that does not hold, as `verify.py` on the command line has them."""
    try:
        held, wrong = verify.checkpoints(notes, OURS.public)
        _, doubts, _, ended = verify.check_log(path, held, wrong)
        return 0 if ended and not doubts else 3, None
    except verify.Refused as refused:
        return 1, refused.entry


def main(folder, seed, cases):
    dice, told = random.Random(seed), []
    while len(told) < cases:
        rows = log(dice, folder / "log.jsonl")
        for _ in range(min(6, cases - len(told))):
            done, data, notes = change(dice, rows)
            path = folder / f"{len(told)}.jsonl"
            path.write_bytes(data)
            (folder / f"{len(told)}.notes").write_text(notes, encoding="utf-8", newline="")
            status, first = said(path, notes)
            told.append({"done": done, "status": status, "first_bad": first})
    key = base64.b64encode(b"\x01" + OURS.public).decode()
    (folder / "said.json").write_text(json.dumps({"key": key, "cases": told}), encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
