"""Masks standard input with the pattern recognizers of presidio-analyzer (no language model), line by line."""

import sys

import tldextract
from presidio_analyzer import PatternRecognizer, RecognizerRegistry

registry = RecognizerRegistry()
registry.load_predefined_recognizers(languages=["en"])
recognizers = [one for one in registry.recognizers if isinstance(one, PatternRecognizer)]

for line in sys.stdin:
    found = []
    for one in recognizers:
        found += [hit for hit in one.analyze(line, one.supported_entities, None) or [] if hit.score >= 0.5]
    end = 0
    out = []
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= end:
            out += [line[end : hit.start], f"<{hit.entity_type}>"]
            end = hit.end
    sys.stdout.write("".join(out) + line[end:])
