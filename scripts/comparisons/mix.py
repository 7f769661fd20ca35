"""Joins a passage with another one, side by side, as src/train/mix.rs does."""
import collections
import itertools

import numpy as np

from comparisons.passages import ROLES, Passage

LONGEST = 900  # bytes of a joined text at most
ACROSS = 5  # pairs across the two that are asked about at most
TRIES = 8
SILENT = 0.3  # share of the partners that are texts without a labelled pair, where there are any


class Mixer:
    """Passages by polity."""

    def __init__(self, passages):
        self.passages = passages
        self.silent = [p for p in passages if not len(p.dyads)]
        self.by_polity = collections.defaultdict(list)
        for passage in passages:
            for code in passage.polities:
                self.by_polity[code].append(passage)

    def join(self, passage, rng):
        """The passage with another before or behind it, or None if no partner fits."""
        for _ in range(TRIES):
            other = self.partner(passage, rng)
            first, second = (other, passage) if rng.random() < 0.5 else (passage, other)
            joined = join(first, second, rng)
            if joined:
                return joined
        return None

    def partner(self, passage, rng):
        if self.silent and rng.random() < SILENT:
            return rng.choice(self.silent)
        if passage.polities and rng.random() < 0.5:
            return rng.choice(self.by_polity[rng.choice(passage.polities)])
        return rng.choice(self.passages)


def join(first, second, rng):
    """Each pair keeps the weight that its text gives it; those across have that of the lighter text."""
    shared = set(first.polities) & set(second.polities)
    count = len(first.polities) + len(second.polities) - len(shared)
    # With two polities in common, the texts could label the same dyad differently.
    if len(shared) > 1 or count > ROLES or first.size + second.size >= LONGEST:
        return None
    polities = tuple(dict.fromkeys(first.polities + second.polities))
    moved = np.array([polities.index(code) for code in second.polities] + [-1], np.int32)  # slot -1 is the last
    mentions = np.where(second.mentions >= 0, second.mentions + first.mentions.max(initial=-1) + 1, -1)
    here = [slot for slot, code in enumerate(first.polities) if code not in shared]
    there = [int(moved[slot]) for slot, code in enumerate(second.polities) if code not in shared]
    silent = [pair for a, b in itertools.product(here, there) for pair in ((a, b), (b, a))]
    rng.shuffle(silent)
    silent = silent[:ACROSS]
    weight = min(first.weight, second.weight)
    none = np.tile(np.eye(1, first.gold.shape[1], dtype=np.float32), (len(silent), 1))
    return Passage(
        id=f"{first.id}+{second.id}",
        ids=np.concatenate([first.ids, second.ids]),
        kinds=np.concatenate([first.kinds, second.kinds]),
        mentions=np.concatenate([first.mentions, mentions]),
        slots=np.concatenate([first.slots, moved[second.slots]]),
        polities=polities,
        dyads=np.concatenate([first.dyads, moved[second.dyads], np.array(silent, np.int32).reshape(-1, 2)]),
        gold=np.concatenate([first.gold, second.gold, none]),
        weights=np.concatenate([first.weights, second.weights, np.full(len(silent), weight, np.float32)]),
        weight=weight,
        size=first.size + second.size,
    )
