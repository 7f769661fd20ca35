#!/usr/bin/env python3
"""Turns SEESAW (Zhang et al. 2022; the folder SEESAW of launchnlp/SEESAW) into the gold format.

usage: seesaw.py SEESAW_FOLDER OUT.jsonl [--split train|valid|test]

The folder holds `articles` (sentences) and `annotations` (who is for or against whom, by sentence), file by file; with
--split also `meta`. A sentence with stances is one text. Entities are given by canonical names, so each is looked up in
its sentence: the whole name, or for a person the surname. What is not found there is counted, not guessed.
"""
import argparse
import json
import pathlib
import re

from common import Malformed, Tally, finish, mention, run

SENTIMENTS = {"POS": "engage", "NEG": "condemn"}
UNNAMED = {"None": "the author is actor or target", "Not in the list": "actor or target is not in the article's list"}
# Capitalised words that may stand before a surname; any other capitalised word makes it somebody else's.
TITLES = set("""president mr mrs ms dr sen senator rep representative gov governor secretary speaker leader justice judge
minister chancellor king queen prince general chairman chairwoman director attorney mayor candidate republican democrat
democratic sir and but when if as after while for since although because in by with to what now then""".split())
SUFFIXES = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"}


def squeeze(text):
    return " ".join(text.split())


def surname(name):
    words = [w for w in name.split() if w.lower() not in SUFFIXES]
    return words[-1] if len(words) > 1 else None


def occurrences(text, name):
    """Spans of a whole name. Several words: in any case; one word: as it is written, or capitalised."""
    any_case = re.IGNORECASE if " " in name else 0
    forms = {re.escape(name), re.escape(name[:1].upper() + name[1:])}
    return [m.span() for m in re.finditer(rf"(?<!\w)(?:{'|'.join(sorted(forms))})(?!\w)", text, any_case)]


def surnames(text, name):
    """Spans of a person's surname, capitalised and not behind the capitalised name of somebody else."""
    last, own = surname(name), {w.lower() for w in name.split()}
    spans = []
    for start, end in occurrences(text, last[:1].upper() + last[1:]):
        before = re.search(r"(\w+)[.]?\s+$", text[:start])
        word = before[1] if before else ""
        if not word[:1].isupper() or word.lower() in TITLES | own:
            spans.append((start, end))
    return spans


def place(text, wanted, people):
    """{name: spans} of the wanted names; longer finds win where two overlap. `people` are the article's persons."""
    last = [surname(name).lower() for name in people if surname(name)]
    found = []
    for name in wanted:
        spans = occurrences(text, name)
        if name in people and surname(name) and last.count(surname(name).lower()) == 1:
            spans += [s for s in surnames(text, name) if not any(a <= s[0] < b for a, b in spans)]
        found += [(start, end, name) for start, end in spans]
    placed, taken = {}, []
    for start, end, name in sorted(found, key=lambda f: (f[0] - f[1], f[0])):
        if not any(start < b and a < end for a, b in taken):
            taken.append((start, end))
            placed.setdefault(name, []).append((start, end))
    return placed


def load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise Malformed(f"{path}: not JSON ({error})") from None


def stances(items, where, tally):
    """{(actor, target): stance} of one sentence; what has no such pair goes to the tally."""
    found, contradicted = {}, set()
    for item in items:
        tally.read += 1
        try:
            subject, object_, sentiment = squeeze(item["subject"]), squeeze(item["object"]), item["sentiment"]
        except (KeyError, TypeError, AttributeError) as error:
            tally.bad(where, f"{item!r}: expected subject, object and sentiment as strings ({error})")
            continue
        unnamed = UNNAMED.get(subject) or UNNAMED.get(object_)
        if sentiment not in SENTIMENTS:
            tally.bad(where, f"sentiment {sentiment!r}, expected POS or NEG")
        elif unnamed:
            tally.skipped[unnamed] += 1
        elif subject == object_:
            tally.skipped["actor and target are the same"] += 1
        elif (subject, object_) in contradicted:
            tally.skipped["both POS and NEG for one pair"] += 1
        elif found.get((subject, object_)) == SENTIMENTS[sentiment]:
            tally.skipped["the same stance twice"] += 1
        elif (subject, object_) in found:
            tally.skipped["both POS and NEG for one pair"] += 2
            contradicted.add((subject, object_))
            del found[subject, object_]
        else:
            found[subject, object_] = SENTIMENTS[sentiment]
    return found


def article(path, annotation, tally):
    """Gold records of one article."""
    notes = load(annotation)
    try:
        sentences = {str(s["id"]): s["text"] for s in load(path)["text"]}
        entities = [(squeeze(name), kinds) for name, kinds, *_ in notes["entity lists"]]
        by_sentence = notes["sentence-level stances"]
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"{annotation}: expected `entity lists` and `sentence-level stances`, and `text` in the article"
                        f" ({error})") from None
    people = [name for name, kinds in entities if "People" in kinds]
    codes = {}
    for number, items in sorted(by_sentence.items(), key=lambda i: int(i[0]) if i[0].isdigit() else -1):
        where = f"{annotation}, sentence {number}"
        text = sentences.get(number, "")
        if not text.strip():
            tally.read += len(items)
            for _ in items:
                tally.bad(where, f"no text with this number, expected one in {path}")
            continue
        found = stances(items, where, tally)
        placed = place(text, list(dict.fromkeys(name for pair in found for name in pair)), people)
        pairs = []
        for (actor, target), stance in found.items():
            missing = [role for role, name in (("actor", actor), ("target", target)) if name not in placed]
            if missing:
                tally.skipped[f"{' and '.join(missing)} not named in the sentence"] += 1
                continue
            tally.converted += 1
            code = lambda name: codes.setdefault(name, f"#E{len(codes) + 1}")
            pairs.append({"actor": code(actor), "target": code(target), "stance": stance, "sure": True})
        if pairs:
            used = {pair[role] for pair in pairs for role in ("actor", "target")}
            mentions = [mention(text, a, b, codes[name]) for name, spans in placed.items()
                        if codes.get(name) in used for a, b in spans]
            yield {"id": f"seesaw-{path.stem}#{number}", "text": text, "pairs": pairs,
                   "mentions": sorted(mentions, key=lambda m: m["start"])}


def convert(folder, split=None):
    folder, tally, gold = pathlib.Path(folder), Tally("stances"), []
    annotations = sorted((folder / "annotations").glob("*.json"))
    if not annotations:
        raise Malformed(f"{folder}: no annotations/*.json, expected the folder SEESAW of the authors' repository")
    for annotation in annotations:
        if split:
            meta = folder / "meta" / f"{annotation.stem.split('_DOCUMENT')[0]}.json"
            if load(meta).get("Split") != split:
                continue
        source = folder / "articles" / annotation.name
        if not source.exists():
            raise Malformed(f"{annotation}: no article {source}")
        gold += article(source, annotation, tally)
    return gold, tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("output")
    parser.add_argument("--split", choices=["train", "valid", "test"])
    args = parser.parse_args()
    return finish(args.output, *convert(args.folder, args.split))


if __name__ == "__main__":
    run(main)
