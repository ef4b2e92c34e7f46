#!/usr/bin/env python3
"""Holds verify.py against docs/audit-vectors.json; exit status 0 only when every vector fits."""
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
found = verify.checkpoints("\n".join(vectors["notes"]), key)
assert [(origin, size) for origin, size, _, _ in found] == [(vectors["log"], 2), (vectors["log"], 4)]
assert found[1][2] == tree.root()
for text in vectors["not_canonical"]:
    try:
        assert verify.canonical(verify.parse(text)) != text, text
    except ValueError:
        pass
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "export.jsonl"
    path.write_text("".join(entry["line"] + "\n" for entry in vectors["entries"]), encoding="utf-8")
    assert verify.check_log(path, found)[0].startswith("4 entries hold")
print(f"{len(vectors['entries'])} entries, {len(found)} notes fit")
