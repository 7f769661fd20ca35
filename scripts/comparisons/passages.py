"""Texts in token ids: every stretch is tokenised once, and all input forms are selections of the result.

A passage holds the text's own tokens, the tokens of every mention's name, and before and behind each name a place for
a role or marker token. Token 1 of "Peru met Chad" is the place where `[P1]` may stand, the next ones are "peru".
Text between mentions is tokenised as plain text, as src/encode/tokenize.rs does. Knows no forms.
"""
import dataclasses
import json

import numpy as np
from tokenizers import Tokenizer

from comparisons.data import STANCES

ROLES = 24
PAIR = ("[ACTOR]", "[TARGET]", "[OTHER]")
TEXT, NAME, OPEN, CLOSE = range(4)


class Vocabulary:
    """The tokenizer of a start folder, its first unused entries renamed to role tokens."""

    def __init__(self, path):
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content["model"]["vocab"]
        names = [f"[P{slot}]" for slot in range(1, ROLES + 1)] + list(PAIR)
        for slot, name in enumerate(names, 1):
            if name not in entries:
                if f"[unused{slot}]" not in entries:
                    raise ValueError(f"{path}: the vocabulary has no `[unused{slot}]`")
                entries[name] = entries.pop(f"[unused{slot}]")
        self.tokenizer = Tokenizer.from_str(json.dumps({**content, "padding": None, "truncation": None}))
        self.tokenizer.encode_special_tokens = True  # a literal `[CLS]` in a text is text
        self.size = max(entries.values()) + 1
        self.cls, self.sep, self.mask = (entries[token] for token in ("[CLS]", "[SEP]", "[MASK]"))
        self.roles = np.array([entries[name] for name in names[:ROLES]], np.int32)
        self.pair = tuple(entries[name] for name in PAIR)

    def encode(self, strings):
        """Token ids of each string, without `[CLS]` and `[SEP]`."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch(strings, add_special_tokens=False)]


@dataclasses.dataclass
class Passage:
    """`T` tokens, `M` mentions, `D` directed pairs."""

    id: str
    ids: np.ndarray  # (T,) token ids; any at OPEN and CLOSE
    kinds: np.ndarray  # (T,) TEXT, NAME, OPEN or CLOSE
    mentions: np.ndarray  # (T,) index of the mention that the token belongs to, or -1
    slots: np.ndarray  # (T,) index in `polities` of that mention's polity, or -1
    polities: tuple  # codes by first appearance
    dyads: np.ndarray  # (D, 2) slots of actor and target
    gold: np.ndarray  # (D, 4) probability of each label
    weights: np.ndarray  # (D,) of each pair
    weight: float  # of the text
    size: int  # bytes of the text


def stretches(text):
    """(string, code or None) from left to right."""
    at = 0
    for start, end, code in text.mentions:
        yield text.text[at:start], None
        yield text.text[start:end], code
        at = end
    yield text.text[at:], None


def compiled(texts, vocabulary, unsure_weight=0.5, chunk=4096):
    """One passage a text. Pairs marked unsure get `unsure_weight`; pairs without a label get none."""
    passages = []
    for at in range(0, len(texts), chunk):
        parts = [[s for s in stretches(text) if s[0]] for text in texts[at : at + chunk]]
        tokens = iter(vocabulary.encode([string for part in parts for string, _ in part]))
        for text, part in zip(texts[at : at + chunk], parts):
            passages.append(passage(text, [(next(tokens), code) for _, code in part], unsure_weight))
    return passages


def passage(text, stretches, unsure_weight):
    ids, kinds, mentions, owners, slots = [], [], [], [], {}
    for tokens, code in stretches:
        if code is None:
            ids += tokens
            kinds += [TEXT] * len(tokens)
            mentions += [-1] * len(tokens)
        else:
            ids += [0, *tokens, 0]
            kinds += [OPEN, *[NAME] * len(tokens), CLOSE]
            mentions += [len(owners)] * (len(tokens) + 2)
            owners.append(slots.setdefault(code, len(slots)))
    gold = np.zeros((len(text.pairs), len(STANCES)), np.float32)
    for row, (_, _, stance, _) in zip(gold, text.pairs):
        if stance is not None:
            row[STANCES.index(stance)] = 1.0
    mentions = np.array(mentions, np.int32)
    return Passage(
        id=text.id,
        ids=np.array(ids, np.int32),
        kinds=np.array(kinds, np.int8),
        mentions=mentions,
        slots=np.array(owners + [-1], np.int32)[mentions],  # index -1 is the last
        polities=tuple(slots),
        dyads=np.array([(slots[a], slots[t]) for a, t, _, _ in text.pairs], np.int32).reshape(-1, 2),
        gold=gold,
        weights=text.weight * np.array([1.0 if sure else unsure_weight for *_, sure in text.pairs], np.float32),
        weight=text.weight,
        size=len(text.text.encode()),
    )
