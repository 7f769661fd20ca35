#!/usr/bin/env python3
"""Turns PLV (Hu et al. 2024; PLV_train.tsv, PLV_test.tsv of snowood1/Zero-Shot-PLOVER) into the gold format.

usage: plv.py PLV_test.tsv OUT.jsonl [--peer COLUMN PREDICTIONS.jsonl]

--peer also writes a column of root codes that the file holds for another system (`root_L2`) as predictions on the same
rows, for polarity.py. One row is one text with one pair, #SRC toward #TGT. Rows of the same sentence share the id up to
the `#`, so that intervals can draw them together.
"""
import argparse
import re

from common import Malformed, Tally, finish, mention, overlap, rows, run, trim, word_end, write_jsonl

ROOTS = {root: "engage" for root in "AGREE CONSULT SUPPORT COOPERATE AID YIELD".split()}
ROOTS |= {root: "condemn" for root in "ACCUSE REJECT THREATEN SANCTION PROTEST COERCE ASSAULT MOBILIZE".split()}
ROOTS["REQUEST"] = None
CODES = {"s": "#SRC", "t": "#TGT"}


def marks(marked):
    """The text without its marks, and the marked spans as (start, end, code) in order of their ends."""
    text, open_marks, spans, at = "", [], [], 0
    for tag in re.finditer(r"<(/?)([st])>", marked):
        text += marked[at : tag.start()]
        at = tag.end()
        if not tag[1]:
            open_marks.append((tag[2], len(text)))
        elif open_marks and open_marks[-1][0] == tag[2]:
            spans.append((open_marks.pop()[1], len(text), CODES[tag[2]]))
        else:
            raise Malformed(f"marked_sentence: {tag[0]} closes nothing, expected <{tag[2]}> before it")
    if open_marks:
        raise Malformed(f"marked_sentence: <{open_marks[-1][0]}> is never closed")
    return text + marked[at:], spans


def whole_word(text, start, end):
    """The span as whole words, or None where the mark fell into another word (`he` in `the`, `UN` in `UNICEF`)."""
    start, end = trim(text, start, end)
    if start == end or (start > 0 and text[start - 1].isalnum() and text[start].isalnum()):
        return None
    full = word_end(text, end)
    tail = text[end:full]
    if tail and not (text[start].isupper() and tail.islower() and len(tail) <= 4):
        return None
    return start, full


def place(marked):
    """Text and mentions, or the reason why the row has none."""
    text, spans = marks(marked)
    mentions, seen = [], {code for _, _, code in spans}
    for code in CODES.values():
        if code not in seen:
            return text, f"{'source' if code == '#SRC' else 'target'} not marked in the sentence"
    for start, end, code in sorted(spans, key=lambda s: s[0] - s[1]):
        span = whole_word(text, start, end)
        if span and not any(span[0] < m["end"] and m["start"] < span[1] for m in mentions):
            mentions.append(mention(text, *span, code))
    mentions.sort(key=lambda m: m["start"])
    if {m["code"] for m in mentions} != set(CODES.values()):
        return text, "source or target only inside a word or inside the other"
    assert not overlap(mentions)
    return text, mentions


def convert(path, peer=None):
    """Gold records, predictions of `peer`, tally."""
    tally, gold, predictions, firsts = Tally(), [], [], {}
    lines = rows(path)
    header = next(lines, (1, []))[1]
    for name in ["marked_sentence", "gold_root"] + ([peer] if peer else []):
        if header.count(name) != 1:
            raise Malformed(f"{path}:1: column {name!r} found {header.count(name)} times, expected once, in {header}")
    stem = re.sub(r"\.tsv$", "", path.replace("\\", "/").rsplit("/", 1)[-1])
    for number, cells in rows(path, len(header)):
        if number == 1:
            continue
        tally.read += 1
        try:
            if isinstance(cells, Malformed):
                raise cells
            row = dict(zip(header, cells))
            for column in ["gold_root"] + ([peer] if peer else []):
                if row[column] not in ROOTS:
                    raise Malformed(f"{column} {row[column]!r}, expected one of {', '.join(sorted(ROOTS))}")
            text, mentions = place(row["marked_sentence"])
        except Malformed as error:
            tally.bad(f"{path}:{number}", error)
            continue
        stance = ROOTS[row["gold_root"]]
        if stance is None or isinstance(mentions, str):
            tally.skipped[f"{row['gold_root']} has no stance" if stance is None else mentions] += 1
            continue
        same = firsts.setdefault(text, [number, 0])
        same[1] += 1
        identity = f"{stem}-{same[0]}#{same[1]}"
        pair = {"actor": "#SRC", "target": "#TGT"}
        gold.append({"id": identity, "text": text, "mentions": mentions, "root": row["gold_root"],
                     "pairs": [{**pair, "stance": stance, "sure": True}]})
        if peer:
            said = ROOTS[row[peer]] or "none"
            share = {f"p_{c}": float(c == said) for c in ("none", "recognize", "engage", "condemn")}
            predictions.append({"id": identity, **pair, "gold": stance, "stance": said, **share})
        tally.converted += 1
    return gold, predictions, tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source")
    parser.add_argument("output")
    parser.add_argument("--peer", nargs=2, metavar=("COLUMN", "PREDICTIONS"))
    args = parser.parse_args()
    gold, predictions, tally = convert(args.source, args.peer and args.peer[0])
    status = finish(args.output, gold, tally)
    if args.peer and gold:
        write_jsonl(args.peer[1], predictions)
        print(f"{args.peer[1]}: {args.peer[0]} of the same {len(predictions)} rows")
    return status


if __name__ == "__main__":
    run(main)
