"""Passes as padded tensors, and the batches of an epoch: shuffled, joined, renumbered and of similar length."""
import dataclasses

import numpy as np
import torch

from comparisons.passages import ROLES

BATCH = 32  # texts
WINDOW = 40  # batches that are sorted by length together
SILENT_PAIRS = 6  # pairs without a stance that count fully in one text
PADDED_TOKENS = 32_768  # that go through the encoder together at most
MULTIPLE = 8  # widths that suit the matrix units


@dataclasses.dataclass
class Batch:
    """`B` passes of `L` tokens, `K` states, `D` dyads."""

    ids: torch.Tensor  # (B, L)
    mask: torch.Tensor  # (B, L) True for tokens
    states: torch.Tensor  # (B, L) state that the token is part of, or -1
    kinds: torch.Tensor  # (K,) 0, 1, … as many as there are states
    sequence: torch.Tensor  # (D,) pass of each dyad
    rank: torch.Tensor  # (D,) which of its pass
    actor: torch.Tensor  # (D,) state
    target: torch.Tensor  # (D,) state
    gold: torch.Tensor  # (D, 4)
    weights: torch.Tensor  # (D,)
    reverse: torch.Tensor  # (D,) label of the pair from target to actor, -1 if it is not in the batch
    widest: int  # dyads of one pass at most

    def to(self, device):
        moved = {k: v.to(device, non_blocking=True) for k, v in vars(self).items() if isinstance(v, torch.Tensor)}
        return dataclasses.replace(self, **moved)


@dataclasses.dataclass
class Labelled:
    """A pass with the label and the weight of each of its dyads."""

    encoded: object  # forms.Pass
    gold: np.ndarray
    weights: np.ndarray


def labelled(passage, form, numbers):
    """The passes of a passage. Pairs without a stance share the weight of six, as in src/train/examples.rs."""
    silent = passage.gold.argmax(1) == 0
    share = min(1.0, SILENT_PAIRS / max(1, silent.sum()))
    weights = passage.weights * np.where(silent, share, 1.0)
    return [Labelled(p, passage.gold[p.pairs], weights[p.pairs]) for p in form.passes(passage, numbers)]


def renumbering(rng):
    """Draws distinct role numbers: mostly low ones, as prediction gives them, but every role is met."""

    def numbers(count, limit):
        highest = limit if rng.random() < 0.2 else min(max(count, 6), limit)
        return rng.sample(range(highest), count)

    return numbers


def epoch(passages, mixer, form, mix, rng):
    """Lists of labelled passes, one list an update: `BATCH` texts, a share `mix` of them joined with another."""
    numbers = renumbering(rng)
    texts = []
    for passage in passages:
        if len(passage.dyads):
            joined = mixer.join(passage, rng) if rng.random() < mix else None
            texts.append(labelled(joined or passage, form, numbers))
    rng.shuffle(texts)
    updates = []
    for at in range(0, len(texts), BATCH * WINDOW):
        window = sorted(texts[at : at + BATCH * WINDOW], key=lambda passes: max(len(p.encoded.ids) for p in passes))
        for start in range(0, len(window), BATCH):
            updates.append([p for passes in window[start : start + BATCH] for p in passes])
    rng.shuffle(updates)
    return updates


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
    tensors = {
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
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in tensors.items()}
    return Batch(**tensors, widest=int(counts.max()))


def reversed_labels(sequence, actor, target, labels):
    """Of each dyad the label of the opposite one in the same pass, or -1."""
    base = 2 * ROLES
    forward, backward = ((sequence * base + a) * base + t for a, t in ((actor, target), (target, actor)))
    order = np.argsort(forward, kind="stable")
    found = order[np.searchsorted(forward, backward, sorter=order).clip(max=len(order) - 1)]
    return np.where(forward[found] == backward, labels[found], -1)
