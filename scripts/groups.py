#!/usr/bin/env python3
"""Share of texts whose pairs are all right, by the `group` of the gold file.

usage: groups.py GOLD.jsonl PREDICTIONS.jsonl   PREDICTIONS is what `demarche evaluate GOLD.jsonl --predictions` wrote.
"""
import collections
import json
import sys


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main(gold, predictions):
    groups = {text["id"]: text["group"] for text in records(gold)}
    wrong = {p["id"] for p in records(predictions) if p["stance"] != p["gold"]}
    unknown = wrong - groups.keys()
    if unknown:
        sys.exit(f"{predictions}: `{min(unknown)}` is not in {gold}")
    count = collections.Counter(groups.values())
    right = collections.Counter(group for name, group in groups.items() if name not in wrong)
    for group in [*count, "all"]:
        n, k = (len(groups), right.total()) if group == "all" else (count[group], right[group])
        print(f"{group:24} {k:4} of {n:4}  {k / n:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
