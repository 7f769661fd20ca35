#!/usr/bin/env python3
"""Counts what the files of datasets/ hold, as the Markdown tables of datasets/CARD.md.

usage: counts.py [DATASETS_FOLDER]   Files are found by their names, so new passages, articles and annotations show up.
"""
import collections
import csv
import json
import pathlib
import sys

STANCES = ("none", "recognize", "engage", "condemn")


def records(path):
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                sys.exit(f"{path}:{number}: not JSON ({error}), expected one object a line")


def table(head, found):
    """A table, its columns from the second on being numbers."""
    print("| " + " | ".join(head) + " |")
    print("|---|" + "---:|" * (len(head) - 1))
    for row in found:
        print("| " + " | ".join(f"{c:,}" if isinstance(c, int) else c for c in row) + " |")
    print()


def stances(labels):
    counts = collections.Counter(labels)
    return [counts.get(s, 0) for s in STANCES]


def passages(path):
    texts = list(records(path))
    pairs = [p for t in texts for p in t["pairs"]]
    labels = [p[2] if isinstance(p, list) else p["stance"] for p in pairs]
    unsure = sum(1 for p in pairs if isinstance(p, dict) and not p.get("sure", True))
    return [len(texts), len(pairs), *stances(labels), unsure]


def articles(path):
    texts = list(records(path))
    sentences = [s for t in texts for s in t["sentences"]]
    said = [x for s in sentences for key in ("stances", "reverse") for x in s.get(key, [])]
    unsure = sum(x[-1] is False for x in said)
    labels = [next(part for part in reversed(x) if part is not False) for x in said]
    return [len(texts), len(sentences), sum(len(s["mentions"]) for s in sentences), *stances(labels)[1:], unsure]


def annotations(path):
    texts = list(records(path))
    pairs = [p for t in texts for p in t.get("pairs") or []]
    pairs += [p for t in texts for listed in t.get("stances", {}).values() for p in listed]
    return [len(texts), len(pairs), *stances(p[2] for p in pairs), sum(1 for p in pairs if not p[3])]


def main(folder="datasets"):
    root = pathlib.Path(folder)
    if not (root / "composed").is_dir():
        sys.exit(f"{root}: no folder `composed`, expected the folder `datasets`")
    files = [f for part in ("composed", "recognition", "constructions", "news", "vocabulary", "several", "bystanders", "diplomacy", "reference") for f in sorted((root / part).glob("*.jsonl"))]
    short = [f for f in files if not f.name.startswith("articles_")]
    long = [f for f in files if f.name.startswith("articles_")]
    name = lambda path: f"`{path.relative_to(root)}`"
    table(["passages", "texts", "pairs", *STANCES, "unsure"], [[name(f), *passages(f)] for f in short])
    head = ["articles", "articles", "sentences", "mentions", *STANCES[1:], "unsure"]
    table(head, [[name(f), *articles(f)] for f in long])
    gold = list(records(root / "sample" / "gold.jsonl"))
    labels = [a["stance"] for g in gold for a in g["actors"]]
    table(["whole articles", "articles", "labels", *STANCES], [["`sample`", len(gold), len(labels), *stances(labels)]])
    groups = sorted((root / "behaviour").glob("*.jsonl"))
    expected = [[len(list(records(f))), stances(e[2] for c in records(f) for e in c["expect"])] for f in groups]
    table(["behaviour", "cases", *STANCES], [[name(f), n, *s] for f, (n, s) in zip(groups, expected)])
    with open(root / "registry" / "polities.csv", encoding="utf-8", newline="") as file:
        status = collections.Counter(row["status"] for row in csv.DictReader(file))
    kinds = collections.Counter()
    for path in sorted((root / "registry" / "aliases").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            kinds.update(row["kind"] for row in csv.DictReader(file))
    table(["registry: polities", "rows"], [*sorted(status.items()), ("all", sum(status.values()))])
    table(["registry: aliases", "rows"], [*sorted(kinds.items()), ("all", sum(kinds.values()))])
    notes = sorted((root / "annotations").glob("*.jsonl"))
    if notes:
        head = ["annotations", "texts", "listed pairs", *STANCES, "unsure"]
        table(head, [[name(f), *annotations(f)] for f in notes])


if __name__ == "__main__":
    main(*sys.argv[1:])
