#!/usr/bin/env python3
"""Cuts composed articles with sentence-level stances into the passages that `label` would read toward their target.

usage: excerpts.py ARTICLES.jsonl... OUT.jsonl   Refuses articles whose mentions or stances do not fit their text.

A passage is a sentence with the sentences before it while all stay within WORDS; if the target is not named there, the
nearest earlier sentence that names it goes in front. A polity's label in a passage is its latest stance there.
"""
import json
import sys

WORDS = 68  # about the 96 tokens of `context_tokens`
LABELS = ("recognize", "engage", "condemn")


def place(article):
    """Adds offsets to the mentions of each sentence."""
    for sentence in article["sentences"]:
        at, placed = 0, []
        for surface, code in sentence["mentions"]:
            start = sentence["text"].find(surface, at)
            if start < 0:
                raise ValueError(f"mention {surface!r} is not in {sentence['text']!r} after position {at}")
            at = start + len(surface)
            placed.append({"start": start, "end": at, "surface": surface, "code": code})
        sentence["mentions"] = placed
        for polity, stance in sentence["stances"] + sentence.get("reverse", []):
            if stance not in LABELS or polity == article["target"]["code"]:
                raise ValueError(f"stance {polity} {stance} in {sentence['text']!r}")


def passage(article, indices):
    """The sentences at `indices` as one labelled text, or None if there is nothing to ask."""
    target = article["target"]["code"]
    text, mentions, toward, back = "", [], {}, {}
    for i in indices:
        sentence = article["sentences"][i]
        text += " " if text else ""
        for m in sentence["mentions"]:
            mentions.append({**m, "start": m["start"] + len(text), "end": m["end"] + len(text)})
        text += sentence["text"]
        toward.update(dict(sentence["stances"]))
        back.update(dict(sentence.get("reverse", [])))
    polities = list(dict.fromkeys(m["code"] for m in mentions))
    if target not in polities or len(polities) < 2:
        return None
    pairs = []
    for polity in polities:
        if polity != target:
            pairs.append({"actor": polity, "target": target, "stance": toward.get(polity, "none"), "sure": True})
            pairs.append({"actor": target, "target": polity, "stance": back.get(polity, "none"), "sure": True})
    return {"text": text, "mentions": mentions, "pairs": pairs}


def excerpts(article):
    """One passage a sentence that mentions a polity."""
    place(article)
    sentences, target = article["sentences"], article["target"]["code"]
    words = [len(s["text"].split()) for s in sentences]
    named = [any(m["code"] == target for m in s["mentions"]) for s in sentences]
    for i, sentence in enumerate(sentences):
        if not sentence["mentions"]:
            continue
        first = i
        while first > 0 and sum(words[first - 1 : i + 1]) <= WORDS:
            first -= 1
        indices = list(range(first, i + 1))
        if not any(named[j] for j in indices):
            anchor = next((j for j in range(first - 1, -1, -1) if named[j]), None)
            if anchor is None:
                continue
            indices.insert(0, anchor)
        found = passage(article, indices)
        if found:
            yield {"id": f"{article['id']}-{i + 1:02}", "date": article["date"], **found}


def main(*paths):
    *sources, destination = paths
    done = 0
    with open(destination, "w", encoding="utf-8") as out:
        for source in sources:
            with open(source, encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        for excerpt in excerpts(json.loads(line)):
                            out.write(json.dumps(excerpt, ensure_ascii=False) + "\n")
                            done += 1
                    except (ValueError, KeyError) as error:
                        sys.exit(f"{source}:{number}: {error}")
    print(f"{destination}: {done} passages", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
