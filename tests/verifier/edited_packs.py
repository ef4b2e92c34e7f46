#!/usr/bin/env python3
"""Writes evidence packs, proofs and checkpoints that were changed after they were made, and what verify.py says of each.

Usage: edited_packs.py FOLDER SEED CASES

FOLDER gets `<n>.zip`, `<n>.json`, or `<n>.jsonl` and `<n>.notes` of each case and `said.json`: the public key, and for each case the file, what was
done, whether that changed nothing, and the exit status. The same seed gives the same cases.
"""
import base64
import copy
import hashlib
import io
import json
import pathlib
import random
import struct
import sys
import zipfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import edited
import verify
from edited import OTHER, OURS, VALUES, chain, note, written
from verify import canonical

ORDER = verify.NAMED + ["manifest.json", "seal.json"]
DEEP = b"[" * 100_000
KEY = base64.b64encode(b"\x01" + OURS.public).decode()


# Proofs (RFC 9162, 2.1.3.1 and 2.1.4.1)

def split(count):
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return verify.node_hash(root(leaves[:middle]), root(leaves[middle:]))


def inclusion(at, leaves):
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if at < middle:
        return inclusion(at, leaves[:middle]) + [root(leaves[middle:])]
    return inclusion(at - middle, leaves[middle:]) + [root(leaves[:middle])]


def consistency(old, leaves, whole=True):
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    middle = split(len(leaves))
    if old <= middle:
        return consistency(old, leaves[:middle], whole) + [root(leaves[middle:])]
    return consistency(old - middle, leaves[middle:], False) + [root(leaves[:middle])]


def partial(chosen, leaves, first=0):
    """Roots of the largest subtrees without a chosen leaf, from left to right."""
    if not any(first <= at < first + len(leaves) for at in chosen):
        return [root(leaves)]
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    return partial(chosen, leaves[:middle], first) + partial(chosen, leaves[middle:], first + middle)


def texts(hashes):
    return [one.hex() for one in hashes]


# Packs

def archive(files, declare=None):
    """Every file behind its header, then the directory; `declare` changes the numbers of a header."""
    out, directory = bytearray(), bytearray()
    for name, data in files:
        numbers = {"flags": 0, "method": 0, "crc": zlib.crc32(data), "packed": len(data), "size": len(data)}
        numbers.update((declare or {}).get(name, {}))
        name = name.encode()
        common = struct.pack("<HHHHLLLHH", numbers["flags"], numbers["method"], 0, 0x21, numbers["crc"], numbers["packed"],
                             numbers["size"], len(name), 0)
        directory += b"PK\x01\x02" + struct.pack("<HH", 20, 20) + common + bytes(10) + struct.pack("<L", len(out)) + name
        out += b"PK\x03\x04" + struct.pack("<H", 20) + common + name + data
    count, at = len(files), len(out)
    return bytes(out + directory) + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)


def manifest_of(files, manifest):
    named = [{"bytes": len(files[name]), "name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in verify.NAMED]
    return manifest | {"files": named}


def sealed(rows, size, manifest, key=OURS, payload=None, more=0):
    """The seal of a manifest: an entry behind the log and those that came behind it meanwhile."""
    rows = copy.deepcopy(rows)
    data = {"format": "pack", "manifest": hashlib.sha256(manifest).hexdigest(), "count": 1} | (payload or {})
    for _ in range(more + 1):
        rows.append(copy.deepcopy(rows[-1]) | {"data": {"text": "x"}})
        rows[-1]["entry"] |= {"v": 2, "seq": len(rows), "kind": "engine.started", "data": ""}
        rows[-1]["entry"].pop("parent", None)
    own = len(rows) - 1 - more
    rows[own]["data"] = data
    rows[own]["entry"]["kind"] = "audit.exported"
    chain(rows, own)
    leaves = [verify.leaf_hash(canonical(row["entry"]).encode()) for row in rows]
    return {"checkpoint": note(rows, len(rows), key), "line": written(rows[own])[:-1], "proof": texts(inclusion(own, leaves)),
            "consistency": texts(consistency(size, leaves))}


def pack(dice, rows, chosen, size, key=OURS):
    """The files of a pack of these entries (numbers from 0), and its seal."""
    leaves = [verify.leaf_hash(canonical(row["entry"]).encode()) for row in rows[:size]]
    origin = verify.ORIGIN + rows[0]["hash"][:16]
    public = base64.b64encode(b"\x01" + key.public).decode()
    named = f"{origin}+{verify.sha256(origin.encode(), bytes([10, 1]), key.public)[:4].hex()}+{public}\n"
    files = {
        "entries.jsonl": "".join(written(rows[at]) for at in chosen).encode(),
        "proof.txt": "".join(text + "\n" for text in texts(partial(chosen, leaves))).encode(),
        "checkpoint.txt": note(rows, size, key).encode(), "public-key.txt": named.encode(),
        "rule-sets.json": b'{"rule_sets":[]}', "summary.html": b"<!doctype html>\n", "VERIFY.md": b"# How\n",
    }
    manifest = {"checkpoint": size, "entries": len(chosen), "filter": "{}", "format": "clawbutler-evidence-1", "log": origin,
                "made_at": 1_795_000_000_000}
    files["manifest.json"] = canonical(manifest_of(files, manifest)).encode()
    seal = sealed(rows, size, files["manifest.json"], key, more=dice.choice([0, 0, 1, 5]))
    files["seal.json"] = canonical(seal).encode()
    return files


def laid(files):
    return archive([(name, files[name]) for name in ORDER])


def chosen_of(dice, count):
    """Entries of a log of so many: none, one, the first, the newest, all, some."""
    some = sorted(dice.sample(range(count), dice.randint(1, count)))
    return dice.choice([[], [dice.randrange(count)], [0], [count - 1], list(range(count)), some, some])


# Changes

def flipped(dice, data):
    """One byte anywhere, or around a file: its header, the directory, the end."""
    edges = [at for at in range(len(data)) if data[at:at + 2] == b"PK"] + [len(data) - 22]
    place = dice.choice([dice.randrange(len(data)), min(dice.choice(edges) + dice.randrange(64), len(data) - 1)])
    return data[:place] + bytes([data[place] ^ dice.choice([1, 32, 128, 255, dice.randrange(1, 256)])]) + data[place + 1:]


def cut_or_added(dice, data):
    edges = [at for at in range(len(data)) if data[at:at + 2] == b"PK"] + [0, len(data), len(data) - 22]
    place = min(max(0, dice.choice(edges) + dice.choice([-1, 0, 1, 4, 26, 30, dice.randrange(60)])), len(data))
    more = dice.choice([b"\0", b"PK\x05\x06" + bytes(18), b"#!/bin/sh\n", bytes(70_000)])
    return dice.choice([data[:place], data[:place], data[place:], data + more, more + data, data[:place] + more + data[place:],
                        data[:place] + data[place + 1:], data + data, b""])


def other_order(dice, files):
    listed = [(name, files[name]) for name in ORDER]
    first, other = dice.sample(range(len(listed)), 2)
    done = dice.choice(["swap", "names", "leave out", "twice", "rename", "folder", "more"])
    if done == "swap":
        listed[first], listed[other] = listed[other], listed[first]
    elif done == "names":
        listed[first], listed[other] = (listed[first][0], listed[other][1]), (listed[other][0], listed[first][1])
    elif done == "leave out":
        del listed[first]
    elif done == "twice":
        listed.insert(other, listed[first])
    elif done == "rename":
        listed[first] = (dice.choice(["../x", "/etc/passwd", "ENTRIES.JSONL", "", "é", listed[first][0] + " "]), listed[first][1])
    else:
        listed.insert(other, ("x/" if done == "folder" else "x.txt", b"x"))
    return archive(listed)


def other_tool(dice, files):
    """The same files as another program packs them, or as headers lie about them."""
    name = dice.choice(ORDER)
    done = dice.choice(["deflated", "stored", "zip64", "bomb", "method", "flags", "crc"])
    if done in ("deflated", "stored", "zip64"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED if done == "deflated" else zipfile.ZIP_STORED) as out:
            for one in ORDER:
                with out.open(one, "w", force_zip64=done == "zip64") as member:
                    member.write(files[one])
        return made.getvalue()
    lies = {"bomb": {"packed": dice.choice([2**32 - 1, 2**31, 10**9]), "size": 2**32 - 1}, "method": {"method": 8},
            "flags": {"flags": dice.choice([1, 8, 0x800])}, "crc": {"crc": dice.randrange(2**32)}}
    return archive([(one, files[one]) for one in ORDER], {name: lies[done]})


def contents(dice, data):
    """A file of a pack as it must not be."""
    text = data.decode("utf-8", "replace")
    return dice.choice([
        b"", b"\n", b"{}", b"[]", b"null", b"0", b'""', b"\xff\xfe", b"\xef\xbb\xbf" + data, data + b"\n", data + b" ", data[:-1],
        DEEP, b'{"a":' * 100_000, b"9" * 5_000, b"NaN", b"1e999", b"-0", b'{"a":1,"a":1}', data * 2, data.replace(b"\n", b"\r\n"),
        text.replace(":", ": ", 1).encode(), text.replace("a", "\\u0061", 1).encode(), b'"\\ud800"', data.upper(),
        data.replace(b"1", b"1.0", 1), data.replace(b"\"", b"'"), data.split(b"\n")[0] + b"\n", data[::-1],
    ])


def wrong_member(dice, value):
    """Another value at one place of an object, one place more or less."""
    value = copy.deepcopy(value)
    name = dice.choice(list(value))
    other = dice.choice(VALUES + [10**400, {"a": 1}, [[]] * 3, -5, True])
    if type(value[name]) is list and value[name] and dice.random() < 0.6:
        at = dice.randrange(len(value[name]))
        value[name] = dice.choice([value[name][:at], value[name] + value[name][:1], value[name][::-1], value[name] * 40, "",
                                   {one: 1 for one in value[name] if type(one) is str}, [one.upper() for one in texts_of(value[name])],
                                   value[name][:at] + [other] + value[name][at + 1:], [" " + one for one in texts_of(value[name])]])
        return value
    if dice.random() < 0.2:
        del value[name]
    elif dice.random() < 0.2:
        value[dice.choice(["other", "", name + "x", "\ud800"])] = other
    else:
        value[name] = other
    return value


def texts_of(values):
    return [one if type(one) is str else "" for one in values]


def as_json(value):
    """Canonical where that can be; a surrogate alone as Python writes it."""
    try:
        return canonical(value).encode()
    except ValueError:
        return json.dumps(value).encode()


def other_note(dice, text):
    """A checkpoint with something added or spelt otherwise that its signature does not cover, or that it does."""
    lines = text.split("\n")
    signature = lines[-2]
    blank = base64.b64encode(bytes(68)).decode()
    last = signature[-2]
    loose = signature[:-2] + chr(ord(last) + 1) + "=" if signature.endswith("=") else signature
    return dice.choice([
        text + f"— other {blank}\n", f"{text[:-1]}\n— a\u2028b {blank}\n", text + "— other AAAA\n", text + "— x not base64\n",
        text + f"—  {blank}\n", text + signature + "\n", text.replace(signature, f"— {lines[0]} {blank}\n{signature}"),
        text.replace(signature, loose), text.replace("— ", "—  "), text.replace("— ", "- "), text + "\n", "\n" + text, text[:-1],
        text + f"— other {blank}\n" * 60, text.replace("time ", "time 0"), text.replace("time ", "time -"),
        text.replace("head ", "head  "), text.replace("\n\n", "\n"), text.replace("\n\n", "\n\n\n"), text + text,
        text.replace(signature, f"— {lines[0]} AAAA\n{signature}"), text.replace("\n", "\r\n"), text.upper(),
    ])


def signed_again(dice, rows, size, key=OURS):
    """A note of the key itself that says something odd."""
    lines = note(rows, size, key).split("\n")[:5]
    at = dice.randrange(5)
    lines[at] = dice.choice(["", "0", "-1", lines[at] + " ", "0" + lines[at], str(2**64), str(2**63), "9" * 5_000,
                             lines[at].upper(), "time 99999999999999999999", "time -0", "time 007", lines[at] + "\u2028",
                             verify.ORIGIN + "x", verify.ORIGIN + "0" * 17, verify.ORIGIN + "0" * 16])
    text, origin = "\n".join(lines) + "\n", lines[0]
    signature = verify.sha256(origin.encode(), b"\n\x01", key.public)[:4] + key.sign(text.encode())
    return f"{text}\n— {origin} {base64.b64encode(signature).decode()}\n"


def reseal(dice, rows, files, size, payload=None):
    files["manifest.json"] = as_json(manifest_of(files, json.loads(files["manifest.json"])))
    files["seal.json"] = canonical(sealed(rows, size, files["manifest.json"], payload=payload)).encode()


def own_hands(dice, rows, files, chosen, size):
    """What only whoever holds the key can do: everything is named and signed again."""
    done = dice.choice(["manifest", "manifest", "entry", "entry", "payload", "content", "note", "seal", "no entry", "lines"])
    if done == "manifest":
        manifest = as_json(wrong_member(dice, json.loads(files["manifest.json"])))
        files["manifest.json"] = manifest
        files["seal.json"] = canonical(sealed(rows, size, manifest)).encode()
        return files
    if done in ("entry", "payload") and chosen:
        row = rows[dice.choice(chosen)]
        where = row["data"] if done == "payload" and row.get("data") else row["entry"]
        where[dice.choice(list(where) + ["other"])] = dice.choice(VALUES)
        chain(rows, digests=done == "payload")
        return pack(dice, rows, chosen, size)
    if done == "content":
        name = dice.choice(verify.NAMED)
        files[name] = contents(dice, files[name])
    elif done == "note":
        files["checkpoint.txt"] = dice.choice([signed_again(dice, rows, size),
                                               other_note(dice, files["checkpoint.txt"].decode())]).encode()
    elif done == "seal":
        reseal(dice, rows, files, size, {dice.choice(["format", "manifest", "count", "other"]): dice.choice(VALUES)})
        return files
    elif done == "lines":
        lines = files["entries.jsonl"].splitlines(keepends=True)
        dice.shuffle(lines)
        files["entries.jsonl"] = b"".join(lines) + dice.choice([b"", b"\n", b"x\n", lines[0] if lines else b"{}\n", DEEP + b"\n"])
    reseal(dice, rows, files, size)
    return files


def unsigned(dice, rows, files, size):
    """What anyone can do to the parts that no digest names: the seal."""
    seal = json.loads(files["seal.json"])
    done = dice.choice(["member", "member", "note", "line", "content", "more"])
    if done == "member":
        seal = wrong_member(dice, seal)
    elif done == "note":
        seal["checkpoint"] = other_note(dice, seal["checkpoint"])
    elif done == "line":
        row = json.loads(seal["line"])
        row["prev"] = "%064x" % dice.getrandbits(256)
        leaf = verify.leaf_hash(canonical(row["entry"]).encode())
        row["hash"] = verify.sha256(b"clawbutler-ledger-v2\n", bytes.fromhex(row["prev"]), leaf).hex()
        seal["line"] = dice.choice([written(row)[:-1], written(row), seal["line"] + " ", seal["line"].replace('"data":{', '"data":{ ')])
    elif done == "content":
        files["seal.json"] = contents(dice, files["seal.json"])
        return files
    elif done == "more":
        files["seal.json"] = canonical(seal).encode()[:-1] + b',"z":' + dice.choice([DEEP, b"1}", b"{}}", b"NaN}", b"1.5}"])
        return files
    files["seal.json"] = as_json(seal)
    return files


def change(dice, rows, files, chosen, size):
    """What was done, and the bytes of the pack."""
    rows, files = copy.deepcopy(rows), dict(files)
    done = dice.choice(["nothing", "byte", "byte", "byte", "cut", "cut", "order", "tool", "content", "honest", "own", "own", "own",
                        "seal", "seal", "seal", "mixed", "key", "grown"])
    if done == "content" or done == "honest":
        name = dice.choice(ORDER)
        files[name] = contents(dice, files[name])
        if done == "honest":
            files["manifest.json"] = as_json(manifest_of(files, json.loads(pack(dice, rows, chosen, size)["manifest.json"])))
    elif done == "own":
        files = own_hands(dice, rows, files, chosen, size)
    elif done == "seal":
        files = unsigned(dice, rows, files, size)
    elif done == "mixed":
        other = pack(dice, rows, chosen_of(dice, size), size)
        names = dice.sample(ORDER, dice.randint(1, 8))
        files |= {name: other[name] for name in names}
    elif done == "key":
        files = pack(dice, rows, chosen, size, OTHER) | dice.choice([{}, {"public-key.txt": files["public-key.txt"]}])
    elif done == "grown":
        # Entries and proof of the same log at another size, or of one that went another way after a restore.
        less = dice.randint(1, size)
        if dice.random() < 0.5:
            rows[less - 1]["entry"]["span"] = "0" * 16
            chain(rows, less - 1)
        other = pack(dice, rows, [at for at in chosen if at < less], less)
        files |= {name: other[name] for name in dice.choice([["seal.json"], ["checkpoint.txt"], ORDER, ["manifest.json", "seal.json"]])}
    if done == "order":
        return done, other_order(dice, files)
    if done == "tool":
        return done, other_tool(dice, files)
    data = laid(files)
    if done == "byte":
        return done, flipped(dice, data)
    return done, cut_or_added(dice, data) if done == "cut" else data


def changed_proof(dice, rows):
    """What was done, and the bytes of the proof of one entry."""
    size = dice.randint(1, len(rows))
    at = dice.randrange(size)
    leaves = [verify.leaf_hash(canonical(row["entry"]).encode()) for row in rows[:size]]
    proof = {"line": written(rows[at])[:-1], "index": at, "size": size, "proof": texts(inclusion(at, leaves)),
             "checkpoint": note(rows, size), "key": KEY}
    done = dice.choice(["nothing", "byte", "byte", "member", "member", "member", "note", "content", "line"])
    if done == "member":
        proof = wrong_member(dice, proof)
    elif done == "note":
        proof["checkpoint"] = dice.choice([other_note(dice, proof["checkpoint"]), signed_again(dice, rows, size)])
    elif done == "line":
        proof["line"] = dice.choice([written(dice.choice(rows))[:-1], proof["line"].replace('"prev":"', '"prev":"f', 1),
                                     proof["line"] + " ", proof["line"].replace('"hash":"', '"hash":"0', 1)])
    data = json.dumps(proof).encode()
    if done == "byte":
        place = dice.randrange(len(data))
        data = data[:place] + bytes([data[place] ^ dice.choice([1, 4, 32, 128])]) + data[place + 1:]
    return "proof " + done, contents(dice, data) if done == "content" else data


def changed_notes(dice, rows):
    """Checkpoints of a log of which one was changed."""
    notes = [note(rows, size) for size in dice.sample(range(1, len(rows) + 1), min(3, len(rows)))]
    at = dice.randrange(len(notes))
    notes[at] = dice.choice([other_note(dice, notes[at]), other_note(dice, notes[at]), signed_again(dice, rows, len(rows))])
    return dice.choice(["\n", "\n", "", "\n\nsomething else\n"]).join(notes)


def main(folder, seed, cases):
    dice, told = random.Random(seed), []
    while len(told) < cases:
        rows = edited.log(dice, folder / "log.jsonl")
        size = dice.randint(1, len(rows))
        chosen = chosen_of(dice, size)
        files = pack(dice, rows, chosen, size)
        made = [change(dice, rows, files, chosen, size) + ("zip",) for _ in range(8)]
        made += [changed_proof(dice, rows) + ("json",) for _ in range(3)]
        made += [("checkpoint", "".join(map(written, rows)).encode(), "jsonl")] * 2
        whole = laid(files)
        for done, data, end in made[:cases - len(told)]:
            name = f"{len(told)}.{end}"
            (folder / name).write_bytes(data)
            arguments = [str(folder / name), "--key", KEY]
            if end == "jsonl":
                notes = folder / f"{len(told)}.notes"
                notes.write_text(changed_notes(dice, rows), encoding="utf-8", newline="")
                arguments += ["--checkpoints", str(notes)]
            words, status = verify.answer(arguments)
            told.append({"file": name, "done": done, "same": data == whole, "status": status, "words": words})
    (folder / "said.json").write_text(json.dumps({"key": KEY, "cases": told}), encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
