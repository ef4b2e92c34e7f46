#!/usr/bin/env python3
"""Holds verify.py against docs/audit-vectors.json; exit status 0 only when every vector fits."""
import hashlib
import hmac
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import verify

vectors = json.loads((pathlib.Path(__file__).parents[2] / "docs/audit-vectors.json").read_text(encoding="utf-8"))
tree, head = verify.Tree(), verify.GENESIS
for seq, entry in enumerate(vectors["entries"], 1):
    _, digest, prev, header, body, payload, _ = verify.read_line(entry["line"], seq)
    assert (body.decode("utf-8"), payload, prev) == (entry["canonical"], entry["payload"], head), seq
    assert verify.leaf_hash(body).hex() == entry["leaf"], seq
    verify.check_entry(seq, (None, digest, prev, header, body, payload, None), head, 1, [])
    tree.push(verify.leaf_hash(body))
    assert tree.root().hex() == entry["root"] and digest.hex() == entry["hash"], seq
    head = digest
key = verify.public_key(vectors["key"])
found, wrong = verify.checkpoints("\n".join(vectors["notes"]), key)
assert wrong is None
assert [(origin, size) for origin, size, _, _ in found] == [(vectors["log"], 2), (vectors["log"], 4)]
assert found[1][2] == tree.root()
for text in vectors["not_canonical"]:
    try:
        assert verify.canonical(verify.parse(text)) != text, text
    except ValueError:
        pass
seal_key = hmac.digest(bytes.fromhex(vectors["seed"]), b"clawbutler-seal-key-v1", hashlib.sha256)
for name, version in [("seal", b"v2"), ("seal_begun", b"v2"), ("seal_v1", b"v1")]:
    words, mac = vectors[name].removesuffix("\n").rsplit(" ", 1)
    made = hmac.digest(seal_key, b"clawbutler-seal-" + version + b"\n" + words.encode(), hashlib.sha256)
    assert made.hex() == mac, name
    seq, _, sealed, *towards = words.split(" ")
    for number, digest in [(seq, sealed), tuple(towards)] if towards else [(seq, sealed)]:
        number = int(number)
        assert digest == (vectors["entries"][number - 1]["hash"] if number else "0" * 64), name
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "export.jsonl"
    path.write_text("".join(entry["line"] + "\n" for entry in vectors["entries"]), encoding="utf-8")
    assert verify.check_log(path, found)[0].startswith("4 entries hold")
print(f"{len(vectors['entries'])} entries, {len(found)} notes, 3 seals fit")
