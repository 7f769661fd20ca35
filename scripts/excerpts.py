#!/usr/bin/env python3
"""Cuts composed articles with sentence-level stances into the passages that `label` would read.

usage: excerpts.py [--every-sentence] ARTICLES.jsonl... OUT.jsonl
Refuses articles whose mentions or stances do not fit their text.

A passage is a sentence that mentions a polity with the sentences before it while all stay within WORDS. With
`--every-sentence`, for training, so is one that mentions none: it speaks of those of the last before it that does. An article with a `target` asks for
stances toward it (`stances`: [actor, stance]) and of it (`reverse`); if the target is not named in a passage, the nearest
earlier sentence that names it goes in front. An article without one asks for every pair of which one polity stands in
the sentence itself (`stances`: [actor, target, stance]); besides, passages that lack the polity which the article names
most are asked about it as those of an article with a target are. A pair's label in a passage is its latest stance there.
A stance may end with `false`: an annotator doubted it. The passage at the fifth sentence of `a` is named `a#05`, one
toward the polity named most `a#05t`.
"""
import collections
import itertools
import json
import os
import sys

WORDS = 78  # about 112 tokens; `label` reads as many as `context_tokens` says
LABELS = ("recognize", "engage", "condemn")


def place(article):
    """Adds offsets to the mentions of each sentence; refuses stances of polities that the article does not mention."""
    codes = {code for sentence in article["sentences"] for _, code in sentence["mentions"]}
    if not codes:
        raise ValueError(f"article {article['id']} mentions no polity")
    for sentence in article["sentences"]:
        at, placed = 0, []
        for surface, code in sentence["mentions"]:
            start = sentence["text"].find(surface, at)
            if start < 0:
                raise ValueError(f"mention {surface!r} is not in {sentence['text']!r} after position {at}")
            at = start + len(surface)
            placed.append({"start": start, "end": at, "surface": surface, "code": code})
        sentence["mentions"] = placed
        target = article["target"]["code"] if "target" in article else None
        for said in sentence["stances"] + sentence.get("reverse", []):
            actor, toward, stance = (said[0], target, said[1]) if target else said[:3]
            if stance not in LABELS or actor == toward or not {actor, toward} <= codes | {target}:
                raise ValueError(f"stance {actor} {toward} {stance} in {sentence['text']!r}")


def window(words, i):
    """The sentences up to the `i`th that stay within WORDS together with it."""
    first = i
    while first > 0 and sum(words[first - 1 : i + 1]) <= WORDS:
        first -= 1
    return range(first, i + 1)


def spoken_of(sentences, i):
    """The last sentence up to the `i`th that mentions a polity: "it" in one that mentions none goes back there."""
    return next((j for j in range(i, -1, -1) if sentences[j]["mentions"]), None)


def open_passage(sentences, indices):
    """The sentences at `indices`, asked about every pair with a polity that the last speaks of, or None if there is none.

    A stance is [actor, target, label] or [actor, target, label, sure].
    """
    text, mentions, latest = "", [], {}
    for i in indices:
        text += " " if text else ""
        for m in sentences[i]["mentions"]:
            mentions.append({**m, "start": m["start"] + len(text), "end": m["end"] + len(text)})
        text += sentences[i]["text"]
        latest.update({(s[0], s[1]): s[2:] for s in sentences[i]["stances"]})
    here = {m["code"] for m in sentences[spoken_of(sentences, indices[-1])]["mentions"]}
    pairs = []
    for actor, target in itertools.permutations(dict.fromkeys(m["code"] for m in mentions), 2):
        if actor in here or target in here:
            stance, *sure = latest.get((actor, target), ["none"])
            pairs.append({"actor": actor, "target": target, "stance": stance, "sure": all(sure)})
    return {"text": text, "mentions": mentions, "pairs": pairs} if pairs else None


def read(sentences, i, indices, every):
    """Whether the `i`th sentence, with its context at `indices`, makes a passage."""
    return spoken_of(sentences, i) in indices if every else bool(sentences[i]["mentions"])


def open_excerpts(sentences, every=False):
    """(number of the sentence, passage) for every sentence that mentions, or speaks of, a polity."""
    words = [len(s["text"].split()) for s in sentences]
    for i in range(len(sentences)):
        indices = window(words, i)
        found = open_passage(sentences, indices) if read(sentences, i, indices, every) else None
        if found:
            yield i + 1, found


def passage(article, indices):
    """The sentences at `indices` as one text labelled toward the target, or None if there is nothing to ask."""
    target = article["target"]["code"]
    text, mentions, toward, back = "", [], {}, {}
    for i in indices:
        sentence = article["sentences"][i]
        text += " " if text else ""
        for m in sentence["mentions"]:
            mentions.append({**m, "start": m["start"] + len(text), "end": m["end"] + len(text)})
        text += sentence["text"]
        toward.update({actor: said for actor, *said in sentence["stances"]})
        back.update({actor: said for actor, *said in sentence.get("reverse", [])})
    polities = list(dict.fromkeys(m["code"] for m in mentions))
    if target not in polities or len(polities) < 2:
        return None
    pairs = []
    for polity in polities:
        if polity != target:
            for actor, other, said in ((polity, target, toward), (target, polity, back)):
                stance, *sure = said.get(polity, ["none"])
                pairs.append({"actor": actor, "target": other, "stance": stance, "sure": all(sure)})
    return {"text": text, "mentions": mentions, "pairs": pairs}


def excerpts(article, every=False):
    """One passage a sentence that mentions, or speaks of, a polity."""
    place(article)
    anchored_only = False
    if "target" not in article:
        for number, found in open_excerpts(article["sentences"], every):
            yield {"id": f"{article['id']}#{number:02}", "date": article["date"], **found}
        article, anchored_only = toward_most_named(article), True
    sentences, target = article["sentences"], article["target"]["code"]
    words = [len(s["text"].split()) for s in sentences]
    named = [any(m["code"] == target for m in s["mentions"]) for s in sentences]
    for i in range(len(sentences)):
        indices = list(window(words, i))
        if not read(sentences, i, indices, every):
            continue
        anchored = not any(named[j] for j in indices)
        if anchored_only and not anchored:
            continue
        if anchored:
            anchor = next((j for j in range(indices[0] - 1, -1, -1) if named[j]), None)
            if anchor is None:
                continue
            indices.insert(0, anchor)
        found = passage(article, indices)
        if found:
            yield {"id": f"{article['id']}#{i + 1:02}{'t' if anchored_only else ''}", "date": article["date"], **found}


def toward_most_named(article):
    """The article with stances toward and of the polity that it mentions most, the first of several."""
    counts = collections.Counter(m["code"] for s in article["sentences"] for m in s["mentions"])
    target = max(counts, key=counts.get)
    sentences = [
        {
            **s,
            "stances": [[a, *said] for a, t, *said in s["stances"] if t == target],
            "reverse": [[t, *said] for a, t, *said in s["stances"] if a == target],
        }
        for s in article["sentences"]
    ]
    return {**article, "target": {"code": target}, "sentences": sentences}


def main(*paths):
    every = "--every-sentence" in paths
    *sources, destination = (path for path in paths if path != "--every-sentence")
    done, part = 0, f"{destination}.part"
    with open(part, "w", encoding="utf-8") as out:
        for source in sources:
            with open(source, encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        for excerpt in excerpts(json.loads(line), every):
                            out.write(json.dumps(excerpt, ensure_ascii=False) + "\n")
                            done += 1
                    except (ValueError, KeyError) as error:
                        sys.exit(f"{source}:{number}: {error}")
    os.replace(part, destination)
    print(f"{destination}: {done} passages", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
