#!/usr/bin/env python3
"""Joins the project's labels (datasets/annotations) with a corpus that cannot be distributed: gold for `train`.

usage: annotations.py LABELS.jsonl CORPUS.jsonl[.gz] OUT.jsonl   Refuses a corpus whose texts are not those labelled.

Labels hold no text. A record names its text by `line` (from 1) or `id` and by `digest` (the first 12 digits of its
SHA-256), and holds `mentions` ([start, end, code], in code points) and either `pairs` or, for whole articles,
`sentences` ([start, end]) and `stances` ({number of the sentence: pairs}). A pair is [actor, target, stance, sure]; what
is not listed is a sure `none`, and if `pairs` is null nothing is labelled. A record without `mentions` takes its text's
own, and its pairs replace theirs.
"""
import gzip
import hashlib
import itertools
import json
import os
import sys

from excerpts import open_excerpts


def lines(path):
    """The records of a JSONL file, plain or gzip."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def known(pairs, codes):
    """Refuses pairs of polities that are not mentioned."""
    for actor, target, *_ in pairs:
        if actor not in codes or target not in codes or actor == target:
            raise ValueError(f"the pair {actor} {target} has no mention")


def whole(label, source):
    """A short text as one passage."""
    mentions = [{"start": s, "end": e, "code": c} for s, e, c in label["mentions"]]
    if label["pairs"] is None:
        yield {"text": source["text"], "mentions": mentions, "pairs": []}
        return
    known(label["pairs"], {m["code"] for m in mentions})
    listed = {(a, t): (stance, sure) for a, t, stance, sure in label["pairs"]}
    pairs = []
    for actor, target in itertools.permutations(dict.fromkeys(m["code"] for m in mentions), 2):
        stance, sure = listed.get((actor, target), ("none", True))
        pairs.append({"actor": actor, "target": target, "stance": stance, "sure": sure})
    yield {"text": source["text"], "mentions": mentions, "pairs": pairs}


def article(label, source):
    """An article as the passages that `label` would read."""
    for number, pairs in label["stances"].items():
        if not 1 <= int(number) <= len(label["sentences"]):
            raise ValueError(f"there is no sentence {number}")
        known(pairs, {code for _, _, code in label["mentions"]})
    sentences = []
    for number, (start, end) in enumerate(label["sentences"], 1):
        inside = [m for m in label["mentions"] if start <= m[0] and m[1] <= end]
        mentions = [{"start": s - start, "end": e - start, "code": c} for s, e, c in inside]
        stances = label["stances"].get(str(number), [])
        sentences.append({"text": source["text"][start:end], "mentions": mentions, "stances": stances})
    for _, found in open_excerpts(sentences):
        yield found


def relabelled(label, source):
    """A gold text with some of its pairs labelled anew."""
    listed = {(a, t): (stance, sure) for a, t, stance, sure in label["pairs"]}
    for pair in source["pairs"]:
        if (pair["actor"], pair["target"]) in listed:
            pair["stance"], pair["sure"] = listed.pop((pair["actor"], pair["target"]))
    if listed:
        raise ValueError(f"the text has no pair {' '.join(next(iter(listed)))}")
    yield {key: source[key] for key in ("text", "mentions", "pairs")}


def main(labels, corpus, destination):
    wanted = {label.get("line", label.get("id")): label for label in lines(labels)}
    anew = any("mentions" not in label for label in wanted.values())
    done = texts = 0
    part = f"{destination}.part"
    with open(part, "w", encoding="utf-8") as out:
        for number, source in enumerate(lines(corpus), 1):
            key = source["id"] if source.get("id") in wanted else number
            label = wanted.pop(key, None)
            if label is None:
                if anew:
                    out.write(json.dumps(source, ensure_ascii=False) + "\n")
                continue
            if digest(source["text"]) != label["digest"]:
                sys.exit(f"{corpus}:{number}: not the text that {labels} labels as {key}")
            make = relabelled if "mentions" not in label else article if "sentences" in label else whole
            texts += 1
            try:
                passages = list(make(label, source))
            except ValueError as error:
                sys.exit(f"{labels}: the record of {key}: {error}")
            for i, passage in enumerate(passages):
                name = source.get("id", f"u{number}") + (f"#{i:02}" if make is article else "")
                date = {"date": source["date"]} if source.get("date") else {}
                out.write(json.dumps({"id": name, **date, **passage}, ensure_ascii=False) + "\n")
                done += 1
    if wanted:
        sys.exit(f"{corpus} lacks {len(wanted)} labelled texts, such as {next(iter(wanted))}")
    os.replace(part, destination)
    print(f"{destination}: {done} passages of {texts} labelled texts", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
