#!/usr/bin/env python3
"""Turns DSE (Park et al. 2021; dataset/*.txt of bywords/directed_sentiment_analysis) into the gold format.

usage: dse.py test.txt OUT.jsonl

A line is the sentence with two entities in square brackets, the first, the second, and a label from 0 to 4. #P is the
first, #Q the second; both directions are written. A neutral direction is `none` with `sure` false: the crowd judged
sentiment, and a neutral sentence may well report a meeting.
"""
import argparse
import re

from common import Malformed, Tally, finish, mention, overlap, rows, run, trim, word_end

# label: (actor, target, stance)
LABELS = {
    "0": None,
    "1": ("#P", "#Q", "engage"),
    "2": ("#Q", "#P", "engage"),
    "3": ("#P", "#Q", "condemn"),
    "4": ("#Q", "#P", "condemn"),
}


def place(sentence, first, second):
    """Text without the brackets of the two entities, and their mentions as whole words."""
    brackets = list(re.finditer(r"\[([^\[\]]*)\]", sentence))
    fits = lambda bracket, name: bracket[1].strip() == name.strip()
    p = next((b for b in brackets if fits(b, first)), None)
    q = next((b for b in brackets if p and b.start() > p.start() and fits(b, second)), None)
    if not (p and q):
        found = ", ".join(b[0] for b in brackets) or "no brackets"
        raise Malformed(f"found {found}; expected [{first}] and after it [{second}]")
    text = sentence[: p.start()] + p[1] + sentence[p.end() : q.start()] + q[1] + sentence[q.end() :]
    starts = p.start(), q.start() - 2
    left = len(text) - len(text.lstrip())
    mentions = []
    for bracket, start, code in zip((p, q), starts, ("#P", "#Q")):
        start, end = trim(text, start, start + len(bracket[1]))
        if start == end:
            raise Malformed(f"entity {bracket[0]} is empty")
        mentions.append((start - left, word_end(text, end) - left, code))
    text = text.strip()
    return text, [mention(text, *span) for span in mentions]


def convert(path):
    tally, gold = Tally(), []
    stem = re.sub(r"\.txt$", "", path.replace("\\", "/").rsplit("/", 1)[-1])
    for number, cells in rows(path, 4):
        tally.read += 1
        try:
            if isinstance(cells, Malformed):
                raise cells
            sentence, first, second, label = cells
            if label.strip() not in LABELS:
                raise Malformed(f"label {label!r}, expected 0, 1, 2, 3 or 4")
            text, mentions = place(sentence, first, second)
        except Malformed as error:
            tally.bad(f"{path}:{number}", error)
            continue
        if overlap(mentions):
            tally.skipped["the two entities stand in one word"] += 1
            continue
        polar = LABELS[label.strip()]
        pairs = []
        for actor, target in (("#P", "#Q"), ("#Q", "#P")):
            stance = polar[2] if polar and polar[:2] == (actor, target) else "none"
            pairs.append({"actor": actor, "target": target, "stance": stance, "sure": stance != "none"})
        gold.append({"id": f"dse-{stem}-{number}", "text": text, "mentions": mentions, "pairs": pairs})
        tally.converted += 1
    return gold, tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source")
    parser.add_argument("output")
    args = parser.parse_args()
    return finish(args.output, *convert(args.source))


if __name__ == "__main__":
    run(main)
