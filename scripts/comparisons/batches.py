"""Passes as padded arrays, and the batches of an epoch: shuffled, joined, renumbered and of similar length."""
import dataclasses
import random

import numpy as np
import torch

from comparisons.passages import ROLES

BATCH = 32  # texts, where a recipe does not say
WINDOW = 40  # batches that are sorted by length together
STANCES_ALONE = 3  # pairs with a stance that are read alone in one text
SILENT_PAIRS = 6  # pairs without a stance that count fully in one text
PADDED_TOKENS = 32_768  # that go through the encoder together at most
MULTIPLE = 8  # widths that suit the matrix units


@dataclasses.dataclass
class Batch:
    """`B` passes of `L` tokens, `K` states, `D` dyads: arrays, or tensors after `to`."""

    ids: np.ndarray  # (B, L)
    mask: np.ndarray  # (B, L) True for tokens
    states: np.ndarray  # (B, L) state that the token is part of, or -1
    kinds: np.ndarray  # (K,) 0, 1, … as many as there are states
    sequence: np.ndarray  # (D,) pass of each dyad
    rank: np.ndarray  # (D,) which of its pass
    actor: np.ndarray  # (D,) state
    target: np.ndarray  # (D,) state
    gold: np.ndarray  # (D, 4)
    weights: np.ndarray  # (D,)
    reverse: np.ndarray  # (D,) label of the pair from target to actor, -1 if it is not in the batch
    widest: int  # dyads of one pass at most

    def to(self, device):
        arrays = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        moved = {name: torch.from_numpy(value).to(device, non_blocking=True) for name, value in arrays.items()}
        return dataclasses.replace(self, **moved)


@dataclasses.dataclass
class Labelled:
    """A pass with the label and the weight of each of its dyads."""

    encoded: object  # forms.Pass
    gold: np.ndarray
    weights: np.ndarray


def pair_weights(passage):
    """(D,) Pairs without a stance share the weight of six, as in src/train/examples.rs."""
    silent = passage.gold.argmax(1) == 0
    share = min(1.0, SILENT_PAIRS / max(1, silent.sum()))
    return passage.weights * np.where(silent, share, 1.0)


def labelled(passage, form, numbers):
    """The passes of a passage."""
    weights = pair_weights(passage)
    return [Labelled(p, passage.gold[p.pairs], weights[p.pairs]) for p in form.passes(passage, numbers)]


def alone(passage, form, count, rng):
    """Passes that ask about one pair each, of `count` pairs at most: some with a stance, the rest without, and of these one at
    least if there is one. Those that are drawn have the weight of all of their kind."""
    weights, silent = pair_weights(passage), passage.gold.argmax(1) == 0
    out, left = [], count
    for kind, most in ((~silent, min(STANCES_ALONE, count - bool(silent.any()))), (silent, count)):
        pairs = np.flatnonzero(kind).tolist()
        drawn = rng.sample(pairs, min(len(pairs), most, left))
        left -= len(drawn)
        for pair in drawn:
            weight = weights[[pair]] * np.float32(len(pairs) / len(drawn))
            out.append(Labelled(form.alone(passage, pair), passage.gold[[pair]], weight))
    return out


def renumbering(rng):
    """Draws distinct role numbers: mostly low ones, as prediction gives them, but every role is met."""

    def numbers(count, limit):
        highest = limit if rng.random() < 0.2 else min(max(count, 6), limit)
        return rng.sample(range(highest), count)

    return numbers


def epoch(passages, mixer, mix, rng, size=BATCH):
    """Lists of passages, one list an update: `size` texts of similar length, a share `mix` of them joined with another."""
    texts = []
    for passage in passages:
        if len(passage.dyads):
            joined = mixer.join(passage, rng) if rng.random() < mix else None
            texts.append(joined or passage)
    rng.shuffle(texts)
    updates = []
    for at in range(0, len(texts), size * WINDOW):
        window = sorted(texts[at : at + size * WINDOW], key=lambda passage: len(passage.ids))
        updates += [window[start : start + size] for start in range(0, len(window), size)]
    rng.shuffle(updates)
    return updates


class Updates(torch.utils.data.Dataset):
    """The updates of an epoch as batches, for a loader: `forms` are those of all pairs together and of pairs alone, of
    which `pairs` a text are read besides. Under a seed an update is the same whoever makes it."""

    def __init__(self, updates, forms, pairs, seed):
        self.updates, self.forms, self.pairs, self.seed = updates, forms, pairs, seed

    def __len__(self):
        return len(self.updates)

    def __getitem__(self, at):
        """[Batch] that make one update."""
        rng = random.Random(f"{self.seed} {at}")
        together, single = self.forms
        numbers, passes = renumbering(rng), []
        for passage in self.updates[at]:
            passes += labelled(passage, together, numbers)
            if self.pairs:
                passes += alone(passage, single, self.pairs, rng)
        return [collated(part) for part in parts(passes)]


def parts(passes):
    """Passes by length in lists that fit together: all in one, but for forms with many long passes."""
    passes = sorted(passes, key=lambda p: len(p.encoded.ids))
    while passes:
        count = next(
            (n for n in range(len(passes), 1, -1) if n * len(passes[n - 1].encoded.ids) <= PADDED_TOKENS), 1
        )
        yield passes[:count]
        passes = passes[count:]


def padded(rows, fill, width):
    """(rows, width) of arrays of different lengths."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    out = np.full((len(rows), width), fill, np.int64)
    out[np.arange(width) < lengths[:, None]] = np.concatenate(rows)
    return out, lengths


def collated(passes):
    """Labelled passes as one batch."""
    encoded = [p.encoded for p in passes]
    width = -(-max(len(p.ids) for p in encoded) // MULTIPLE) * MULTIPLE
    ids, lengths = padded([p.ids for p in encoded], 0, width)
    states, _ = padded([p.states for p in encoded], -1, width)
    counts = np.array([len(p.dyads) for p in encoded])
    sequence = np.repeat(np.arange(len(encoded)), counts)
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    actor, target = np.concatenate([p.dyads for p in encoded]).T.astype(np.int64)
    gold = np.concatenate([p.gold for p in passes])
    arrays = {
        "ids": ids,
        "mask": np.arange(width) < lengths[:, None],
        "states": states,
        "kinds": np.arange(states.max(initial=0) + 1),
        "sequence": sequence,
        "rank": rank,
        "actor": actor,
        "target": target,
        "gold": gold,
        "weights": np.concatenate([p.weights for p in passes]).astype(np.float32),
        "reverse": reversed_labels(sequence, actor, target, gold.argmax(1)),
    }
    return Batch(**{name: np.ascontiguousarray(array) for name, array in arrays.items()}, widest=int(counts.max()))


def reversed_labels(sequence, actor, target, labels):
    """Of each dyad the label of the opposite one in the same pass, or -1."""
    base = 2 * ROLES
    forward, backward = ((sequence * base + a) * base + t for a, t in ((actor, target), (target, actor)))
    order = np.argsort(forward, kind="stable")
    found = order[np.searchsorted(forward, backward, sorter=order).clip(max=len(order) - 1)]
    return np.where(forward[found] == backward, labels[found], -1)
