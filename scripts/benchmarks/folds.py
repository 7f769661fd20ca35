#!/usr/bin/env python3
"""Splits a gold file into seeded folds for cross-validation.

usage: folds.py IN.jsonl N OUTDIR [--seed 1]

Writes OUTDIR/fold1.train.jsonl, fold1.test.jsonl, … Each record is in the test part of exactly one fold. Records with
the same text, or the same id up to a `#`, stay together, so that no sentence is both learnt and tested. Groups are dealt
out label by label, so that folds have like shares of each stance.
"""
import argparse
import collections
import os
import random

from common import Malformed, read_jsonl, run, write_jsonl


def grouped(records):
    """Lists of indices that must stay together, in order of their first record."""
    parent = list(range(len(records)))

    def root(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first = {}
    for i, record in enumerate(records):
        for key in (("id", record["id"].split("#")[0]), ("text", record["text"])):
            a, b = root(first.setdefault(key, i)), root(i)
            parent[max(a, b)] = min(a, b)
    groups = collections.defaultdict(list)
    for i in range(len(records)):
        groups[root(i)].append(i)
    return list(groups.values())


def assign(records, count, seed):
    """The fold of each record, from 0."""
    groups = grouped(records)
    if not 2 <= count <= len(groups):
        raise Malformed(f"{count} folds, expected from 2 to {len(groups)}, the number of texts that can be told apart")
    by_label = collections.defaultdict(list)
    for group in groups:
        labels = [p.get("stance") for p in records[group[0]]["pairs"]]
        by_label[next((s for s in labels if s not in (None, "none")), "none")].append(group)
    generator, folds, turn = random.Random(seed), [0] * len(records), 0
    for label in sorted(by_label):
        generator.shuffle(by_label[label])
        for group in by_label[label]:
            for i in group:
                folds[i] = turn % count
            turn += 1
    return folds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source")
    parser.add_argument("count", type=int)
    parser.add_argument("outdir")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    records = []
    for number, record in read_jsonl(args.source):
        for field, kind in (("id", str), ("text", str), ("pairs", list)):
            if not isinstance(record.get(field), kind):
                raise Malformed(f"{args.source}:{number}: {field} is {record.get(field)!r}, expected a {kind.__name__}")
        records.append(record)
    folds = assign(records, args.count, args.seed)
    os.makedirs(args.outdir, exist_ok=True)
    for fold in range(args.count):
        parts = {"train": [r for r, f in zip(records, folds) if f != fold],
                 "test": [r for r, f in zip(records, folds) if f == fold]}
        for name, part in parts.items():
            write_jsonl(os.path.join(args.outdir, f"fold{fold + 1}.{name}.jsonl"), part)
        print(f"fold{fold + 1}: train {len(parts['train'])}, test {len(parts['test'])} texts")
    return 0


if __name__ == "__main__":
    run(main)
