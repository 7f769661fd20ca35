"""The heads: from hidden states to four logits a dyad, and the loss that each learns with.

`mean`         mean states of actor and target and the state of `[CLS]`; dense, GELU, out (as the product has it)
`first`        the same with the first mention of each only
`attention`    the same, and what attention over the passage finds with actor and target as query
`biaffine`     bilinear in actor and target, each seen together with `[CLS]` (Dozat & Manning 2017)
`auxiliary`    `mean`, which also learns whether there is a relation, in which direction, and of which polarity
`multisample`  `mean`, whose loss is the mean over several dropout masks (Inoue 2019)
"""
import torch
from torch import nn
from torch.nn import functional

DROPOUT = 0.1
LABELS = 4
AFFINE = 128  # width of each side of `biaffine`
AUXILIARY = 0.2  # weight of each extra loss
SAMPLES, SAMPLE_DROPOUT = 5, 0.3


def mean_states(hidden, batch, first_only=False):
    """(B, K, H) the mean state of the tokens of each actor or target."""
    here = batch.states[:, None, :] == batch.kinds[None, :, None]
    if first_only:
        here = here & (here.cumsum(-1) == 1)
    # Summed first: a third is no number of half precision.
    return (here.to(hidden.dtype) @ hidden) / here.sum(-1, keepdim=True).clamp(min=1)


def cross_entropy(logits, batch, smoothing):
    return functional.cross_entropy(logits, batch.gold, reduction="none", label_smoothing=smoothing)


class Mean(nn.Module):
    first_only = False
    dropout_share = DROPOUT

    def __init__(self, config, inputs=3):
        super().__init__()
        width = config["hidden_size"]
        self.dense = nn.Linear(inputs * width, width)
        self.out = nn.Linear(width, LABELS)
        self.dropout = nn.Dropout(self.dropout_share)

    def features(self, hidden, batch):
        """(D, 3 H): actor, target, `[CLS]`."""
        states = mean_states(hidden, batch, self.first_only)
        of = batch.sequence
        return torch.cat([states[of, batch.actor], states[of, batch.target], hidden[:, 0].to(states.dtype)[of]], 1)

    def inner(self, features):
        return functional.gelu(self.dense(self.dropout(features)))

    def forward(self, hidden, batch):
        """(D, 4) logits."""
        return self.out(self.dropout(self.inner(self.features(hidden, batch)))).float()

    def losses(self, hidden, batch, smoothing):
        """(D,) loss of each dyad, before weights."""
        return cross_entropy(self(hidden, batch), batch, smoothing)


class First(Mean):
    first_only = True


class Attentive(Mean):
    """Attention over the passage besides."""

    def __init__(self, config):
        super().__init__(config, inputs=4)
        width = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.query = nn.Linear(2 * width, width)
        self.key_value = nn.Linear(width, 2 * width)

    def features(self, hidden, batch):
        features = super().features(hidden, batch)
        width = hidden.shape[-1]
        asked = self.query(features[:, : 2 * width])
        # Dyads of a pass side by side, so that they share its keys and values.
        queries = asked.new_zeros(len(hidden), batch.widest, width)
        queries[batch.sequence, batch.rank] = asked
        sides = (queries, *self.key_value(hidden).chunk(2, -1))
        query, key, value = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in sides)
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        scores = scores.float().masked_fill(~batch.mask[:, None, None, :], -1e9)
        found = (scores.softmax(-1).to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return torch.cat([features, found[batch.sequence, batch.rank].to(features.dtype)], 1)


class Biaffine(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["hidden_size"]
        self.actor, self.target = nn.Linear(2 * width, AFFINE), nn.Linear(2 * width, AFFINE)
        self.bilinear = nn.Linear(AFFINE + 1, LABELS * (AFFINE + 1), bias=False)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, hidden, batch):
        states = mean_states(hidden, batch)
        whole = hidden[:, 0].to(states.dtype)[batch.sequence]

        def side(dense, which):
            own = self.dropout(torch.cat([states[batch.sequence, which], whole], 1))
            own = self.dropout(functional.gelu(dense(own)))
            return functional.pad(own, (0, 1), value=1.0)  # the 1 brings in the linear terms

        toward = self.bilinear(side(self.actor, batch.actor)).unflatten(-1, (LABELS, -1))
        return (toward @ side(self.target, batch.target).unsqueeze(-1)).squeeze(-1).float()

    losses = Mean.losses


class Auxiliary(Mean):
    """Extra outputs: related or not; the actor's stance, the target's, or both; for or against."""

    def __init__(self, config):
        super().__init__(config)
        self.extra = nn.Linear(config["hidden_size"], 2 + 3 + 2)

    def losses(self, hidden, batch, smoothing):
        inner = self.dropout(self.inner(self.features(hidden, batch)))
        losses = cross_entropy(self.out(inner).float(), batch, smoothing)
        logits = self.extra(inner).float().split([2, 3, 2], 1)
        for scores, labels in zip(logits, auxiliary_labels(batch.gold.argmax(1), batch.reverse)):
            losses = losses + AUXILIARY * functional.cross_entropy(scores, labels, reduction="none", ignore_index=-1)
        return losses


def auxiliary_labels(own, back):
    """Relation (no, yes), direction (own, back, both) and polarity (for, against) from a dyad's label and that of the
    opposite one; -1 where a question does not arise or the opposite label is unknown."""
    unknown, stands, answered = back < 0, own > 0, back > 0
    relation = (stands | answered).long().masked_fill(unknown & ~stands, -1)
    direction = (answered.long() + (stands & answered).long()).masked_fill(unknown | ~(stands | answered), -1)
    polarity = (own == 3).long().masked_fill(~stands, -1)
    return relation, direction, polarity


class Multisample(Mean):
    dropout_share = SAMPLE_DROPOUT

    def losses(self, hidden, batch, smoothing):
        features = self.features(hidden, batch)
        drawn = [self.out(self.dropout(self.inner(features))).float() for _ in range(SAMPLES)]
        return torch.stack([cross_entropy(logits, batch, smoothing) for logits in drawn]).mean(0)


HEADS = {
    "mean": Mean,
    "first": First,
    "attention": Attentive,
    "biaffine": Biaffine,
    "auxiliary": Auxiliary,
    "multisample": Multisample,
}
