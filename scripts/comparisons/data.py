"""Reads labelled and unlabelled texts: JSON lines, plain or gzip, in the format of src/gold.rs.

Refuses what `demarche` would refuse, naming file and line. Knows no tokens.
"""
import dataclasses
import gzip
import itertools
import json
import random

STANCES = ("none", "recognize", "engage", "condemn")


class DataError(Exception):
    """A file cannot be used; the message names it and the line."""


@dataclasses.dataclass(frozen=True)
class Text:
    """A text with linked mentions. Offsets are code points, mentions sorted."""

    id: str
    text: str
    mentions: tuple  # of (start, end, code)
    pairs: tuple  # of (actor, target, stance or None, sure)
    weight: float = 1.0


def records(path):
    """(number of the line, record) of a JSONL file."""
    opener = gzip.open if str(path).endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        yield number, json.loads(line)
                    except ValueError as error:
                        raise DataError(f"{path}:{number}: {error}") from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: {error}") from None


def parsed(record, weight):
    """The record as a `Text`; a ValueError or KeyError says what is wrong with it."""
    text = record["text"]
    mentions = sorted((m["start"], m["end"], m["code"]) for m in record["mentions"])
    for start, end, code in mentions:
        if not 0 <= start < end <= len(text):
            raise ValueError(f"the mention of {code} at {start}..{end} is not in the text")
    for (_, end, code), (start, _, other) in itertools.pairwise(mentions):
        if start < end:
            raise ValueError(f"mentions of {code} and {other} overlap")
    codes = {code for _, _, code in mentions}
    pairs = []
    for pair in record["pairs"]:
        actor, target, stance = pair["actor"], pair["target"], pair["stance"]
        if stance is not None and stance not in STANCES:
            raise ValueError(f"`{stance}` is no stance")
        for code in (actor, target):
            if stance is not None and code not in codes:
                raise ValueError(f"a pair names `{code}`, which has no mention")
        pairs.append((actor, target, stance, pair.get("sure", True)))
    return Text(record["id"], text, tuple(mentions), tuple(pairs), weight)


def read(path, weight=1.0):
    """All texts of a gold file, with the pairs that have a label."""
    texts = []
    for number, record in records(path):
        try:
            text = parsed(record, weight)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {describe(error)}") from None
        texts.append(dataclasses.replace(text, pairs=tuple(p for p in text.pairs if p[2] is not None)))
    return texts


def read_weighted(argument):
    """The texts of `FILE` or `FILE@WEIGHT`."""
    path, at, weight = argument.rpartition("@")
    if not at:
        return read(argument)
    try:
        return read(path, float(weight))
    except ValueError:
        raise DataError(f"`{argument}`: the weight after @ is not a number") from None


def read_unlabelled(path):
    """The raw texts of a file, and those of its texts that have two linked polities, asked about every listed pair,
    or about all pairs if none is listed."""
    raw, asked = [], []
    for number, record in records(path):
        try:
            raw.append(record["text"])
            if "mentions" not in record:
                continue
            text = parsed({"id": f"line {number}", "pairs": [], **record}, 1.0)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {describe(error)}") from None
        codes = dict.fromkeys(code for _, _, code in text.mentions)
        pairs = [(a, t) for a, t, _, _ in text.pairs if a in codes and t in codes]
        pairs = pairs or list(itertools.permutations(codes, 2))
        if pairs:
            asked.append(dataclasses.replace(text, pairs=tuple((a, t, None, True) for a, t in pairs)))
    return raw, asked


def describe(error):
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def subsample(texts, count):
    """`count` of the texts in their order, the same whatever is compared; all if there are no more."""
    if count is None or count >= len(texts):
        return texts
    chosen = random.Random(1).sample(range(len(texts)), count)
    return [texts[i] for i in sorted(chosen)]
