"""The input forms: what the encoder reads of a passage, and whose states the head gets.

`numbered`  one pass: every polity is a numbered role.   [P1] met [P2] in [P3].
`roles`     one pass a dyad, roles in place of names.     [ACTOR] met [TARGET] in [OTHER].
`pair`      the same with tokens of its own; beyond 24 polities the product keeps names here that this replaces.
`markers`   one pass a dyad, names kept and marked.       [A] Peru [/A] met [T] Chad [/T] in Fiji.
`target`    one pass a target, the others numbered.       [P1] met [TARGET] in [P2].

All forms but `pair`, which a network may learn beside `numbered`, name the same 24 role tokens, as each learns them from
nothing: `[ACTOR]` is `[P1]`, `[TARGET]` in `target` is `[P24]`. What is too long is cut by the rule of src/encode/tokenize.rs.
"""
import dataclasses

import numpy as np

from comparisons.passages import CLOSE, NAME, OPEN, ROLES


@dataclasses.dataclass
class Pass:
    """What goes through the encoder once. `L` tokens, `D` dyads."""

    ids: np.ndarray  # (L,) from `[CLS]` to `[SEP]`
    states: np.ndarray  # (L,) which state the token is part of, or -1
    dyads: np.ndarray  # (D, 2) states of actor and target
    pairs: np.ndarray  # (D,) their indices among the passage's pairs


def in_order(count, _limit):
    """Role numbers by first appearance, as in prediction."""
    return range(count)


def covering(passage, limit):
    """(indices of pairs, slots) of groups with at most `limit` polities that hold all pairs, first fit."""
    if len(passage.polities) <= limit:
        return [(range(len(passage.dyads)), range(len(passage.polities)))] if len(passage.dyads) else []
    groups = []
    for i, dyad in enumerate(passage.dyads.tolist()):
        fitting = (g for g in groups if len(g[1].union(dyad)) <= limit)
        group = next(fitting, None)
        if group is None:
            group = ([], set())
            groups.append(group)
        group[0].append(i)
        group[1].update(dyad)
    return [(members, sorted(slots)) for members, slots in groups]


def kept(passage, chosen, marked, limit):
    """Of the tokens at `chosen` the `limit` to keep: first mentions, then what stands nearest to a marked mention."""
    if len(chosen) <= limit:
        return chosen
    slots, mentions = passage.slots[chosen], passage.mentions[chosen]
    places = np.flatnonzero(marked)
    first = {slot: mentions[slots == slot].min() for slot in set(slots[places].tolist())}
    at = np.arange(len(chosen))
    distance = np.abs(at[:, None] - places[None, :]).min(1) if len(places) else at
    rank = np.where(marked & np.isin(mentions, list(first.values())), -1, distance)
    return chosen[np.sort(np.lexsort((at, rank))[:limit])]


class Form:
    """Turns passages into passes of at most `max_tokens` tokens."""

    def __init__(self, vocabulary, max_tokens):
        self.vocabulary, self.limit = vocabulary, max_tokens - 2

    def passes(self, passage, numbers=in_order):
        """The passes that together hold all pairs; `numbers(count, limit)` draws distinct role numbers."""
        raise NotImplementedError

    def replaced(self, passage, tokens, states, dyads, pairs):
        """A pass with roles in place of mentions: `tokens` and `states` give token and state by slot."""
        roles = self.per_slot(passage, tokens)
        replaced = roles >= 0
        chosen = np.flatnonzero(np.where(replaced, passage.kinds == OPEN, passage.kinds <= NAME))
        chosen = kept(passage, chosen, replaced[chosen], self.limit)
        ids = np.where(replaced, roles, passage.ids)
        return self.framed(chosen, ids, self.per_slot(passage, states), dyads, pairs)

    def per_slot(self, passage, values):
        """(T,) the value of each token's polity, -1 elsewhere."""
        table = np.full(len(passage.polities) + 1, -1, np.int32)  # slot -1 is the last
        for slot, value in values.items():
            table[slot] = value
        return table[passage.slots]

    def framed(self, chosen, ids, states, dyads, pairs):
        count = len(chosen) + 2
        framed = np.empty(count, np.int32)
        framed[0], framed[1:-1], framed[-1] = self.vocabulary.cls, ids[chosen], self.vocabulary.sep
        placed = np.full(count, -1, np.int32)
        placed[1:-1] = states[chosen]
        return Pass(framed, placed, np.asarray(dyads, np.int32).reshape(-1, 2), np.asarray(pairs, np.int32))


class Numbered(Form):
    def passes(self, passage, numbers=in_order):
        passes = []
        for pairs, slots in covering(passage, ROLES):
            states = {slot: rank for rank, slot in enumerate(slots)}
            tokens = dict(zip(slots, self.vocabulary.roles[list(numbers(len(slots), ROLES))]))
            dyads = [(states[a], states[t]) for a, t in passage.dyads[list(pairs)].tolist()]
            passes.append(self.replaced(passage, tokens, states, dyads, pairs))
        return passes


class Roles(Form):
    def passes(self, passage, numbers=in_order):
        return [self.alone(passage, pair) for pair in range(len(passage.dyads))]

    def alone(self, passage, pair):
        """The pass that asks about this pair."""
        actor, target = passage.dyads[pair].tolist()
        own = self.tokens()
        tokens = {**dict.fromkeys(range(len(passage.polities)), own[2]), actor: own[0], target: own[1]}
        return self.replaced(passage, tokens, {actor: 0, target: 1}, (0, 1), [pair])

    def tokens(self):
        return self.vocabulary.roles[:3]


class Pair(Roles):
    def tokens(self):
        return self.vocabulary.pair


class Markers(Form):
    def passes(self, passage, numbers=in_order):
        return [self.marked(passage, *dyad, pair) for pair, dyad in enumerate(passage.dyads.tolist())]

    def marked(self, passage, actor, target, pair):
        """The states are those of the opening markers."""
        states = self.per_slot(passage, {actor: 0, target: 1})
        marked = states >= 0
        opening, closing = passage.kinds == OPEN, passage.kinds == CLOSE
        chosen = np.flatnonzero(marked | (passage.kinds <= NAME))
        chosen = kept(passage, chosen, marked[chosen], self.limit)
        markers = self.vocabulary.roles[2 * states + closing]  # any where nothing is marked
        ids = np.where(opening | closing, markers, passage.ids)
        return self.framed(chosen, ids, np.where(opening, states, -1), (0, 1), [pair])


class Target(Form):
    def passes(self, passage, numbers=in_order):
        passes = []
        for pairs, slots in covering(passage, ROLES):
            by_target = {}
            for pair in pairs:
                by_target.setdefault(int(passage.dyads[pair, 1]), []).append(pair)
            for target, members in by_target.items():
                others = [slot for slot in slots if slot != target]
                states = {target: 0, **{slot: rank for rank, slot in enumerate(others, 1)}}
                own = self.vocabulary.roles[list(numbers(len(others), ROLES - 1))]
                tokens = {target: self.vocabulary.roles[-1], **dict(zip(others, own))}
                dyads = [(states[actor], 0) for actor in passage.dyads[members, 0].tolist()]
                passes.append(self.replaced(passage, tokens, states, dyads, members))
        return passes


FORMS = {"numbered": Numbered, "roles": Roles, "pair": Pair, "markers": Markers, "target": Target}
