#!/usr/bin/env python3
"""Draws some tenths of the labelled texts of a file, by their ids: the same texts every time, others under another seed.

usage: portion.py SEED FROM TO IN.jsonl OUT.jsonl      the texts of the tenths FROM to TO - 1, of 0 to 9
"""
import hashlib
import json
import sys

seed, start, end, source, out = sys.argv[1:]
tenth = lambda text: int(hashlib.sha256((seed + text["id"]).encode()).hexdigest(), 16) % 10
with open(source, encoding="utf-8") as lines, open(out, "w", encoding="utf-8") as kept:
    for line in lines:
        if int(start) <= tenth(json.loads(line)) < int(end):
            kept.write(line)
