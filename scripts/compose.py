#!/usr/bin/env python3
"""Turns hand-written passages (mentions as [surface, code] in order of appearance) into the gold format with offsets.

usage: compose.py IN.jsonl OUT.jsonl   Prints and leaves out records whose mentions or pairs do not fit the text.
"""
import json
import sys


def convert(record):
    text, at, mentions = record["text"], 0, []
    for surface, code in record["mentions"]:
        start = text.find(surface, at)
        if start < 0:
            raise ValueError(f"mention {surface!r} is not in the text after position {at}")
        at = start + len(surface)
        mentions.append({"start": start, "end": at, "surface": surface, "code": code})
    codes = {m["code"] for m in mentions}
    pairs = []
    for actor, target, stance in record["pairs"]:
        if actor not in codes or target not in codes or actor == target:
            raise ValueError(f"pair {actor} {target} has no mention")
        if stance not in ("none", "recognize", "engage", "condemn"):
            raise ValueError(f"stance {stance!r}")
        pairs.append({"actor": actor, "target": target, "stance": stance, "sure": True})
    keep = {k: record[k] for k in ("id", "group", "date") if record.get(k)}
    return {**keep, "text": text, "mentions": mentions, "pairs": pairs}


def main(source, destination):
    done = 0
    with open(source, encoding="utf-8") as lines, open(destination, "w", encoding="utf-8") as out:
        for number, line in enumerate(lines, 1):
            try:
                out.write(json.dumps(convert(json.loads(line)), ensure_ascii=False) + "\n")
                done += 1
            except (ValueError, KeyError) as error:
                print(f"{source}:{number}: {error}", file=sys.stderr)
    print(f"{destination}: {done} passages", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
