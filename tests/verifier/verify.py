#!/usr/bin/env python3
"""Checks ClawButler's audit log from docs/AUDIT-FORMAT.md and docs/EVIDENCE-PACK.md alone, with nothing but Python's
standard library.

Usage: verify.py EXPORT.jsonl [--checkpoints FILE --key KEY] [--accept-unproven]
       verify.py PROOF.json --key KEY
       verify.py PACK.zip --key KEY [--accept-unproven]

Exit status 0 only when everything holds, 3 when it does and the end, or a stretch the log names, is not proven; 1 when
something does not hold, 2 when nothing can be said: a file cannot be read, or what is needed was not given.
"""
import argparse
import base64
import bisect
import hashlib
import json
import re
import struct
import sys
import zlib

GENESIS = bytes(32)
LINE_BYTES = 16 * 1024 * 1024
NOTE_BYTES = 4096
# Checkpoints in one file, proofs of one entry, small files of a pack, whole packs.
NOTES_BYTES = 64 * 1024 * 1024
PROOF_BYTES = 32 * 1024 * 1024
SMALL_BYTES = LINE_BYTES + 64 * 1024
PACK_BYTES = 3 * 1024 * 1024 * 1024
PACK_ENTRIES = 200_000
LEVELS = 127
# Hashes of one proof; acknowledgements that are looked at.
PROOF_HASHES = 128
ACKNOWLEDGED = 1_000


class Refused(Exception):
    """What does not hold; the entry it is about, or None."""

    def __init__(self, entry, words):
        super().__init__(words)
        self.entry = entry


class Unsaid(Exception):
    """Why nothing can be said."""


# Canonical form

def no_float(text):
    raise ValueError(f"a number with a fraction: {text}")


def no_constant(text):
    raise ValueError(f"no number: {text}")


def integer(text):
    value = int(text)
    if text == "-0" or not -2**63 <= value < 2**64:
        raise ValueError(f"a number out of range: {text}")
    return value


def parse(text):
    return json.loads(text, parse_int=integer, parse_float=no_float, parse_constant=no_constant)


def escaped(text):
    """Python writes U+007F as itself and everything else as the page says."""
    return json.dumps(text, ensure_ascii=False)


def canonical(value, levels=LEVELS):
    """Keys sorted by their UTF-8 bytes, no white space, integers only, nested no deeper than so many levels."""
    if isinstance(value, (dict, list)) and not levels:
        raise ValueError("too many levels")
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-8"))
        return "{" + ",".join(escaped(key) + ":" + canonical(item, levels - 1) for key, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, levels - 1) for item in value) + "]"
    if isinstance(value, str):
        return escaped(value)
    return json.dumps(value)


def shaped(value, members):
    """Whether it is an object of exactly these members and types."""
    return type(value) is dict and set(value) == set(members) and all(type(value[one]) is members[one] for one in members)


def decoded(text):
    """Base64 in its one spelling."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 in another spelling")
    return data


def bounded(path, limit):
    with open(path, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Unsaid(f"{path} is longer than {limit} bytes")
    return data


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# The tree (RFC 9162)

def leaf_hash(data):
    return sha256(b"\x00", data)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


class Tree:
    """Roots of the complete subtrees, largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        size, self.size = self.size, self.size + 1
        while size & 1:
            leaf, size = node_hash(self.peaks.pop(), leaf), size >> 1
        self.peaks.append(leaf)

    def root(self):
        if not self.peaks:
            return sha256()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def included(leaf, index, size, proof, root):
    if not 0 <= index < size or len(proof) > PROOF_HASHES:
        return False
    first, last, value = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            value = node_hash(step, value)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            value = node_hash(value, step)
        first, last = first >> 1, last >> 1
    return last == 0 and value == root


# Ed25519 (RFC 8032, section 6)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(factor, point):
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    if len(signature) != 64:
        return False
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return same(times(s, BASE), add(r, times(h, a)))


# Checkpoints

ORIGIN = "clawbutler.local/log/"
NOTE = re.compile(
    r"(?<![^\n])(?P<text>(?P<origin>" + re.escape(ORIGIN) + "[0-9a-f]{16})\n(?P<size>[1-9][0-9]*)\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    "head (?P<head>[0-9a-f]{64})\ntime (?P<time>0|-?[1-9][0-9]*)\n)\n(?P<signatures>(?:— [^\n]*(?:\n|\\Z))+)"
)


def public_key(text):
    """The key, or None where that is none."""
    text = text.strip()
    try:
        data = decoded(text.split("+", 2)[2] if text.startswith(ORIGIN) else text)
    except (ValueError, IndexError):
        return None
    return data[1:] if len(data) == 33 and data[0] == 1 and point(data[1:]) is not None else None


def has_form(found):
    """Whether a note has the form besides what its pattern says."""
    lines = [line.split(" ", 2) for line in found["signatures"].split("\n")]
    try:
        signatures = [decoded(encoded) for _, name, encoded in lines[:-1] if name]
        decoded(found["root"])
    except ValueError:
        return False
    if lines[-1] != [""] or len(signatures) < len(lines) - 1:
        return False
    short = len(found["size"]) <= 20 and len(found["time"]) <= 20
    return (len(found[0].encode("utf-8")) <= NOTE_BYTES and all(len(data) >= 4 for data in signatures)
            and short and int(found["size"]) < 2**64 and -2**63 <= int(found["time"]) < 2**63)


def opened(found, key):
    """A checkpoint whose signature by the key holds."""
    origin = found["origin"]
    key_id = sha256(origin.encode(), b"\n\x01", key)[:4]
    wrong = Refused(None, "a checkpoint is signed by another key")
    for line in found["signatures"].split("\n")[:-1]:
        _, name, encoded = line.split(" ", 2)
        data = decoded(encoded)
        if name == origin and data[:4] == key_id:
            if signed(key, found["text"].encode("utf-8"), data[4:]):
                return origin, int(found["size"]), decoded(found["root"]), found["head"]
            wrong = Refused(None, "a checkpoint is damaged or its signature does not fit")
    raise wrong


def checkpoints(text, key):
    """Those that hold, the smallest first, and what is wrong with the others or None. Where one has not the form, nobody
    can say which of the others are whole."""
    found = list(NOTE.finditer(text))
    begun = sum(line.startswith(ORIGIN) for line in text.split("\n"))
    if len(found) != begun or not all(map(has_form, found)):
        return [], Refused(None, "a checkpoint is damaged or its signature does not fit")
    held, wrong = [], None
    for one in found:
        try:
            held.append(opened(one, key))
        except Refused as refused:
            wrong = wrong or refused
    return sorted(held, key=lambda one: one[1]), wrong


# The log

LINE = re.compile(r'\{"hash":"([0-9a-f]{64})","prev":"([0-9a-f]{64})","entry":')


def read_line(text, seq):
    """Hash, hash before, header and payload as they stand in the line."""
    match = LINE.match(text)
    try:
        row = parse(text)
        entry, data = row["entry"], row.get("data")
        body = canonical(entry)
        payload = canonical(data) if "data" in row else None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(seq, "the line cannot be read")
    rebuilt = body + "}" if payload is None else f'{body},"data":{payload}}}'
    if match is None or text[match.end():] != rebuilt:
        raise Refused(seq, "the line or its content is not in canonical form")
    return match[1], bytes.fromhex(match[1]), bytes.fromhex(match[2]), entry, body.encode("utf-8"), payload, data


def lines(path, whole=True):
    """The lines with their numbers. Without `whole` what is no line is passed over: it is told in its turn."""
    with open(path, "rb") as file:
        seq = 0
        while line := file.readline(LINE_BYTES + 1):
            seq += 1
            if not line.endswith(b"\n"):
                if not whole:
                    return
                raise Refused(seq, "the line is too long or has no end")
            try:
                yield seq, line[:-1].decode("utf-8")
            except UnicodeDecodeError:
                if whole:
                    raise Refused(seq, "the line is not UTF-8")


DAY = 24 * 60 * 60 * 1000
KEPT = {"audit.pruned", "retention.ran", "backup.made", "backup.restored", "log.damaged", "log.set_aside",
        "log.tail_unproven", "log.acknowledged", "tampering.noticed"}
NEEDED = ("engine.started", "rules.changed")


def retention(path):
    """The retention runs that count, in order: below which number, before which time, which kinds, and which entries
    they never took. A line that does not hold by itself says nothing."""
    runs, newest = [], {}
    for seq, text in lines(path, whole=False):
        if not any(f'"kind":"{kind}"' in text for kind in NEEDED + ("audit.pruned",)):
            continue
        try:
            row = read_line(text, seq)
            check_own(seq, row, 1)
        except Refused:
            continue
        entry, data = row[3], row[6]
        if entry["kind"] in NEEDED:
            newest[entry["kind"]] = seq
        elif entry["kind"] == "audit.pruned" and entry["actor"].get("kind") == "engine" and isinstance(data, dict):
            below, kinds = data.get("below"), data.get("kinds")
            listed = type(kinds) is list and all(type(kind) is str for kind in kinds)
            if number(below) and listed and not KEPT & set(kinds):
                runs.append((min(below, seq), entry["at"] - DAY, set(kinds), set(newest.values())))
    return runs


def pruned_by_a_run(seq, entry, runs):
    return any(seq < below and entry["at"] < before and entry["kind"] in kinds and seq not in kept
               for below, before, kinds, kept in runs)


DIGEST = re.compile("[0-9a-f]{64}")


def number(value):
    """Whether it is a number of an entry, and no true or false, which Python counts among them."""
    return type(value) is int and value >= 0


def whole_header(entry, v):
    """Whether every member is there and of its type."""
    texts = ("kind", "span", "trace") + (("parent",) if "parent" in entry else ())
    facts = entry.get("data")
    return (all(isinstance(entry.get(name), str) for name in texts) and entry["kind"] != ""
            and isinstance(entry.get("actor"), dict) and number(entry.get("seq"))
            and type(entry.get("at")) is int and entry["at"] < 2**63
            and (isinstance(facts, dict) if v == 1 else isinstance(facts, str) and DIGEST.fullmatch(facts) is not None))


def check_entry(seq, row, head, version, runs):
    _, digest, prev, entry, body, payload, _ = row
    if prev != head:
        raise Refused(seq, "it does not follow the entry before it")
    v = entry.get("v") if isinstance(entry, dict) else None
    if v == 1:
        chained = sha256(b"clawbutler-ledger-v1\n", head.hex().encode(), b"\n", body)
    else:
        chained = sha256(b"clawbutler-ledger-v2\n", head, leaf_hash(body))
    if chained != digest:
        raise Refused(seq, "its content does not fit its hash")
    check_own(seq, row, version)
    if v == 1 or payload is not None:
        return v, 0
    if not pruned_by_a_run(seq, entry, runs):
        raise Refused(seq, "its payload is missing and no retention run removed it")
    return 2, 1


def check_own(seq, row, version):
    """What can be said of an entry without the one before it and without retention runs."""
    entry, payload = row[3], row[5]
    v = entry.get("v") if isinstance(entry, dict) else None
    if type(v) is not int or v not in (1, 2) or v < version:
        raise Refused(seq, f"version {v} cannot stand there")
    if not whole_header(entry, v):
        raise Refused(seq, "its header is not whole")
    if entry["seq"] != seq:
        raise Refused(seq, f"its content carries the number {entry['seq']}")
    if v == 1 and payload is not None:
        raise Refused(seq, "an entry of version 1 has no payload of its own")
    if payload is not None and hashlib.sha256(payload.encode("utf-8")).hexdigest() != entry["data"]:
        raise Refused(seq, "its payload does not fit its digest")


class Told:
    """What entries tell of stretches that nothing covered, and of a person's word on them."""

    def __init__(self):
        self.named, self.acts = [], []

    def see(self, seq, entry, data, digest):
        if not isinstance(data, dict):
            return
        if entry["kind"] == "log.tail_unproven" and data.get("lost") is not True:
            if number(data.get("from")) and number(data.get("to")):
                self.named.append((data["from"], data["to"], seq, digest))
        if entry["kind"] == "log.acknowledged" and data.get("of") == "unproven" and number(data.get("entry")):
            if entry["actor"] == {"kind": "local_user"} and len(self.acts) < ACKNOWLEDGED:
                self.acts.append((seq, data["entry"], data.get("hash")))

    def stretches(self, holds, touched=lambda start, end: True):
        """What is said of those that nobody knows of, and of the others. An acknowledgement counts when it is covered
        itself, and was not written while nothing covered the end."""
        acts = [act for act in self.acts if act[0] <= holds and len(self.named) < 100
                and not any(start <= act[0] <= end for start, end, _, _ in self.named)]
        unknown, known = [], []
        for start, end, seq, digest in self.named:
            if not touched(start, end):
                continue
            if any(act[1:] == (seq, digest) and act[0] > seq for act in acts):
                known.append(f"KNOWN: nothing covered the entries {start} to {end}; a person acknowledged that.")
            else:
                unknown.append(f"UNPROVEN: nothing covered the entries {start} to {end} when a start found them.")
        return unknown, known


def check_log(path, notes, wrong=None):
    """`wrong`: what is wrong with a checkpoint besides `notes`; told where the log itself holds."""
    runs, tree, head, first = retention(path), Tree(), GENESIS, None
    seq = version = pruned = holds = 0
    told = Told()
    waiting = list(notes)
    for seq, text in lines(path):
        row = read_line(text, seq)
        version, gone = check_entry(seq, row, head, version, runs)
        told.see(seq, row[3], row[6], row[1].hex())
        pruned, head = pruned + gone, row[1]
        first = first or ORIGIN + head.hex()[:16]
        tree.push(leaf_hash(row[4]))
        while waiting and waiting[0][1] == seq:
            origin, size, root, noted = waiting.pop(0)
            if origin != first:
                raise Refused(1, "the checkpoints are of another log")
            if root != tree.root() or noted != head.hex():
                raise Refused(holds + 1, f"the entries up to {size} are not those of the checkpoint")
            holds = size
    if not seq:
        raise Refused(1, "the file is empty")
    if waiting:
        if first and waiting[-1][0] != first:
            raise Refused(1, "the checkpoints are of another log")
        raise Refused(seq + 1, f"it is missing: the log had {waiting[-1][1]} entries")
    if wrong:
        raise wrong
    words = f"{seq} entries hold, {pruned} of them pruned, head {head.hex()}"
    words += f", {len(notes)} checkpoints hold up to {holds}" if notes else ""
    doubts = [] if notes else ["END NOT PROVEN: without checkpoints, entries cut off at the end do not show."]
    unknown, known = told.stretches(holds)
    return words, doubts + unknown, known, bool(notes)


def check_proof(path, key):
    proof = parsed(bounded(path, PROOF_BYTES))
    members = {"line": str, "index": int, "size": int, "proof": list, "checkpoint": str}
    named = proof.pop("key", "") if type(proof) is dict else None
    if not shaped(proof, members) or not (named is None or type(named) is str):
        raise Refused(None, "that is no proof of an entry")
    _, size, root, head = one_note(proof["checkpoint"], key)
    seq, leaf, _, _, digest = check_chosen(proof["line"])
    steps = hex_hashes(proof["proof"], "the proof")
    same_end = seq != size or digest == head
    if (proof["index"], proof["size"]) != (seq - 1, size) or not (included(leaf, seq - 1, size, steps, root) and same_end):
        raise Refused(seq, "the proof does not lead to the root of the checkpoint")
    return f"entry {seq} is in the log of that checkpoint"


# Evidence packs (docs/EVIDENCE-PACK.md)

NAMED = ["entries.jsonl", "proof.txt", "checkpoint.txt", "public-key.txt", "rule-sets.json", "summary.html", "VERIFY.md"]


class Member:
    """Where a file of an archive begins, its size, and what the directory says of it."""

    def __init__(self, name, header, size, crc, digest):
        self.name, self.header, self.size, self.digest = name, header, size, digest
        self.start = header + 30 + len(name)
        self.common = struct.pack("<HHHHLLLHH", 0, 0, 0, 0x21, crc, size, size, len(name), 0)

    def local(self):
        return b"PK\x03\x04" + struct.pack("<H", 20) + self.common + self.name.encode()

    def central(self):
        return b"PK\x01\x02" + struct.pack("<HH", 20, 20) + self.common + bytes(10) + struct.pack("<L", self.header) + self.name.encode()


def unpacked(file):
    """The nine files, where the archive is the one that they make. Nothing of them is kept in memory."""
    length = file.seek(0, 2)
    not_one = Refused(None, "it is not an evidence pack, or bytes of it were changed")
    if length > PACK_BYTES + 64 * 1024:
        raise not_one
    found, at = [], 0
    for name in NAMED + ["manifest.json", "seal.json"]:
        file.seek(at)
        header = file.read(30 + len(name))
        size = int.from_bytes(header[22:26], "little")
        if at + 30 + len(name) + size > length:
            raise not_one
        crc, digest, left = 0, hashlib.sha256(), size
        while left and (chunk := file.read(min(left, 64 * 1024))):
            crc, left = zlib.crc32(chunk, crc), left - len(chunk)
            digest.update(chunk)
        member = Member(name, at, size, crc, digest.hexdigest())
        if left or member.local() != header:
            raise not_one
        found.append(member)
        at = member.start + size
    directory = b"".join(member.central() for member in found)
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, len(found), len(found), len(directory), at, 0)
    if file.read(len(directory + end) + 1) != directory + end:
        raise not_one
    return {member.name: member for member in found}


def malformed(name):
    return Refused(None, f"{name} has not the form it must have")


def content(file, member):
    """A small file as text."""
    if member.size > SMALL_BYTES:
        raise malformed(member.name)
    file.seek(member.start)
    try:
        return file.read(member.size).decode("utf-8")
    except UnicodeDecodeError:
        raise malformed(member.name)


def text_lines(file, member, most):
    """Its lines of at most so many bytes, their LF among them. Others may read elsewhere in the file meanwhile."""
    at, end = member.start, member.start + member.size
    while at < end:
        file.seek(at)
        line = file.readline(min(most, end - at))
        at += len(line)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise malformed(member.name)
        if not text.endswith("\n"):
            raise malformed(member.name)
        yield text[:-1]


def parsed(data):
    """JSON no deeper than the levels of the canonical form, or None."""
    try:
        value = parse(data.decode("utf-8"))
        canonical(value)
        return value
    except (ValueError, RecursionError):
        return None


def canonical_json(text, name, members):
    value = parsed(text.encode("utf-8"))
    if not shaped(value, members) or canonical(value) != text:
        raise malformed(name)
    return value


def one_note(text, key):
    """A note that is signed once."""
    found = NOTE.fullmatch(text)
    if not found or not has_form(found) or found["signatures"].count("\n") != 1:
        raise Refused(None, "a checkpoint has not the form it must have")
    return opened(found, key)


def check_chosen(text):
    """An entry by itself: its number, leaf, header, payload and hash."""
    _, digest, prev, entry, body, payload, data = read_line(text, None)
    v = entry.get("v") if isinstance(entry, dict) else None
    if type(v) is not int or v not in (1, 2) or not whole_header(entry, v):
        raise Refused(None, "the header of an entry is not whole")
    seq, leaf = entry["seq"], leaf_hash(body)
    if v == 1:
        chained, fits = sha256(b"clawbutler-ledger-v1\n", prev.hex().encode(), b"\n", body), payload is None
    else:
        chained = sha256(b"clawbutler-ledger-v2\n", prev, leaf)
        fits = payload is None or hashlib.sha256(payload.encode("utf-8")).hexdigest() == entry["data"]
    if chained != digest or not fits:
        raise Refused(seq, "it was changed")
    return seq, leaf, entry, data, digest.hex()


def partial_root(size, leaves, hashes):
    """Root from chosen leaves and the roots of the largest subtrees without one, from left to right."""
    leaves, hashes = iter(leaves), iter(hashes)
    coming = next(leaves, None)

    def within(low, high):
        nonlocal coming
        if coming is None or coming[0] >= high:
            return next(hashes)
        if coming[0] < low:
            raise StopIteration
        if high - low == 1:
            leaf, coming = coming[1], next(leaves, None)
            return leaf
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        return node_hash(within(low, middle), within(middle, high))

    try:
        root = within(0, size)
    except (StopIteration, RuntimeError):
        return None
    return root if coming is None and next(hashes, None) is None else None


def consistent(old, size, old_root, root, proof):
    """RFC 9162, 2.1.4.2."""
    if old == size:
        return not proof and old_root == root
    if not 0 < old < size:
        return False
    steps = list(proof) if old & (old - 1) else [old_root] + list(proof)
    if not steps:
        return False
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    left = right = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            left, right = node_hash(step, left), node_hash(step, right)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            right = node_hash(right, step)
        first, last = first >> 1, last >> 1
    return last == 0 and left == old_root and right == root


def hex_hashes(texts, name):
    if len(texts) > PROOF_HASHES or not all(type(text) is str and DIGEST.fullmatch(text) for text in texts):
        raise malformed(name)
    return [bytes.fromhex(text) for text in texts]


MANIFEST = {"checkpoint": int, "entries": int, "files": list, "filter": str, "format": str, "log": str, "made_at": int}
SEAL = {"checkpoint": str, "consistency": list, "line": str, "proof": list}


class Chosen:
    """The entries of a pack, read one after the other."""

    def __init__(self):
        self.numbers, self.pruned, self.told = [], 0, Told()

    def leaves(self, lines):
        for text in lines:
            seq, leaf, entry, data, digest = check_chosen(text)
            if seq <= (self.numbers[-1] if self.numbers else 0) or len(self.numbers) >= PACK_ENTRIES:
                raise malformed("entries.jsonl")
            self.numbers.append(seq)
            self.pruned += entry["v"] == 2 and data is None
            self.told.see(seq, entry, data, digest)
            yield seq - 1, leaf

    def stands_in(self, start, end):
        first = bisect.bisect_left(self.numbers, start)
        return first < len(self.numbers) and self.numbers[first] <= end


def proof_hashes(lines):
    for text in lines:
        if not DIGEST.fullmatch(text):
            raise malformed("proof.txt")
        yield bytes.fromhex(text)


def check_manifest(text, files):
    manifest = canonical_json(text, "manifest.json", MANIFEST)
    if manifest["format"] != "clawbutler-evidence-1" or not (number(manifest["checkpoint"]) and number(manifest["entries"])
                                                             and manifest["made_at"] < 2**63):
        raise malformed("manifest.json")
    named = [{"bytes": files[name].size, "name": name, "sha256": files[name].digest} for name in NAMED]
    if canonical(manifest["files"]) != canonical(named):
        raise Refused(None, "a file is not the one the manifest names")
    return manifest


def check_seal(seal, key, manifest, checkpoint):
    """The number of the entry that names the manifest of this digest."""
    origin, size, root, _ = checkpoint
    over, over_size, over_root, over_head = one_note(seal["checkpoint"], key)
    seq, leaf, entry, data, digest = check_chosen(seal["line"])
    names = entry["kind"] == "audit.exported" and isinstance(data, dict) and data.get("format") == "pack"
    names = names and data.get("manifest") == manifest and seq > size and (seq != over_size or digest == over_head)
    proof, steps = hex_hashes(seal["proof"], "seal.json"), hex_hashes(seal["consistency"], "seal.json")
    if not (names and over == origin and included(leaf, seq - 1, over_size, proof, over_root)
            and consistent(size, over_size, root, over_root, steps)):
        raise Refused(None, "the seal does not hold: the log does not name this pack")
    return seq


def check_pack(path, key):
    with open(path, "rb") as file:
        files = unpacked(file)
        text = content(file, files["manifest.json"])
        manifest = check_manifest(text, files)
        if public_key(content(file, files["public-key.txt"])) != key:
            raise Refused(None, "it is signed by another key")
        checkpoint = one_note(content(file, files["checkpoint.txt"]), key)
        if checkpoint[:2] != (manifest["log"], manifest["checkpoint"]):
            raise malformed("manifest.json")
        own = Chosen()
        leaves = own.leaves(text_lines(file, files["entries.jsonl"], LINE_BYTES))
        root = partial_root(checkpoint[1], leaves, proof_hashes(text_lines(file, files["proof.txt"], 65)))
        if root != checkpoint[2]:
            raise Refused(None, "the entries are not those of the checkpoint")
        if len(own.numbers) != manifest["entries"]:
            raise malformed("manifest.json")
        seal = canonical_json(content(file, files["seal.json"]), "seal.json", SEAL)
        seq = check_seal(seal, key, hashlib.sha256(text.encode("utf-8")).hexdigest(), checkpoint)
    unknown, known = own.told.stretches(checkpoint[1], own.stands_in)
    words = f"{len(own.numbers)} entries hold, {own.pruned} of them pruned, proven up to {checkpoint[1]}"
    return f"{words}; entry {seq} of the log names this pack", unknown, known


def read_arguments(arguments):
    words = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][len("Usage: "):], allow_abbrev=False)
    words.add_argument("file")
    words.add_argument("--key")
    words.add_argument("--checkpoints")
    words.add_argument("--accept-unproven", action="store_true")
    return words.parse_args(arguments)


def main(arguments):
    asked = read_arguments(arguments)
    path, accepted = asked.file, asked.accept_unproven
    key = public_key(asked.key) if asked.key is not None else None
    if asked.key is not None and key is None:
        raise Unsaid("that is no public key")
    if key is None and (path.endswith((".zip", ".json")) or asked.checkpoints):
        raise Unsaid("give the public key of the log with --key")
    if path.endswith(".zip"):
        words, doubts, known = check_pack(path, key)
        return "\n".join([words] + known + doubts), 3 if doubts and not accepted else 0
    if path.endswith(".json"):
        return check_proof(path, key), 0
    notes, wrong = [], None
    if asked.checkpoints:
        try:
            text = bounded(asked.checkpoints, NOTES_BYTES).decode("utf-8")
        except UnicodeDecodeError:
            raise Unsaid("the file of checkpoints is not UTF-8")
        notes, wrong = checkpoints(text, key)
        if text.strip() and not notes and not wrong:
            raise Unsaid("there is no checkpoint in that file")
    words, doubts, known, ended = check_log(path, notes, wrong)
    return "\n".join([words] + known + doubts), 3 if not ended or doubts and not accepted else 0


def answer(arguments):
    """What is said, and the exit status."""
    try:
        return main(arguments)
    except Refused as refused:
        where = "" if refused.entry is None else f"entry {refused.entry}: "
        return f"{where}{refused}", 1
    except Unsaid as unsaid:
        return str(unsaid), 2
    except OSError as error:
        return f"{error.filename or 'the file'} cannot be read: {error.strerror or error}", 2
    except (MemoryError, RecursionError):
        return "there is not memory enough to check it", 2


if __name__ == "__main__":
    said, status = answer(sys.argv[1:])
    print(said)
    sys.exit(status)
