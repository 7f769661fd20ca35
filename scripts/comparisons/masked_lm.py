"""Masked language modelling on unlabelled texts before fine-tuning (Gururangan et al. 2020).

The texts keep their names: nothing is linked in them. The output layer shares the word embeddings and is dropped after.
"""
import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from comparisons import batches
from comparisons.recipe import Optimizer, half

LONGEST = 128  # tokens of a text
MASKED = 0.15
PEAK = 1e-4


class Model(nn.Module):
    """An encoder that guesses tokens."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert
        embeddings = bert.embeddings.word_embeddings.weight
        self.dense = nn.Linear(embeddings.shape[1], embeddings.shape[1])
        self.LayerNorm = nn.LayerNorm(embeddings.shape[1])
        self.bias = nn.Parameter(torch.zeros(embeddings.shape[0]))

    def forward(self, ids, mask, places):
        """(N, vocabulary) scores at the `places` among all tokens."""
        hidden = self.bert(ids, mask).flatten(0, 1)[places]
        inner = self.LayerNorm(functional.gelu(self.dense(hidden)))
        return functional.linear(inner, self.bert.embeddings.word_embeddings.weight, self.bias)


def tokenised(texts, vocabulary, chunk=4096):
    """Each text as ids from `[CLS]` to `[SEP]`."""
    rows = []
    for at in range(0, len(texts), chunk):
        for ids in vocabulary.encode(texts[at : at + chunk]):
            rows.append(np.array([vocabulary.cls, *ids[: LONGEST - 2], vocabulary.sep], np.int32))
    return rows


def masked(rows, vocabulary, random):
    """ids with some tokens masked, the mask of tokens, the flat places of what is masked, and the ids there. Of the
    chosen tokens 80 % become `[MASK]`, 10 % any token, 10 % stay (Devlin et al. 2019)."""
    width = -(-max(map(len, rows)) // batches.MULTIPLE) * batches.MULTIPLE
    ids, lengths = batches.padded(rows, 0, width)
    at = np.arange(width)
    inside = (at >= 1) & (at < lengths[:, None] - 1)
    places = np.flatnonzero(inside & (random.random(ids.shape) < MASKED))
    wanted = ids.flat[places]
    draw = random.random(len(places))
    other = random.integers(0, vocabulary.size, len(places))
    ids.flat[places] = np.where(draw < 0.8, vocabulary.mask, np.where(draw < 0.9, other, wanted))
    arrays = (ids, at < lengths[:, None], places, wanted)
    return [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]


def order(rows, steps, rng):
    """`steps` batches of similar length, over the rows as often as it takes."""
    given = 0
    while given < steps:
        shuffled = rng.sample(range(len(rows)), len(rows))
        chunks = []
        for at in range(0, len(shuffled), batches.BATCH * batches.WINDOW):
            window = sorted(shuffled[at : at + batches.BATCH * batches.WINDOW], key=lambda i: len(rows[i]))
            chunks += [window[s : s + batches.BATCH] for s in range(0, len(window), batches.BATCH)]
        rng.shuffle(chunks)
        for chunk in chunks[: steps - given]:
            yield [rows[i] for i in chunk]
        given += len(chunks)


def pretrain(bert, rows, vocabulary, steps, seed):
    """Trains the encoder in place on tokenised texts; returns the mean loss of the first and the last tenth."""
    on = next(bert.parameters()).device
    model = Model(bert).to(on).train()
    optimizer = Optimizer(model, lambda _: 1.0, PEAK, steps)
    draws, history = np.random.default_rng(seed), []
    for batch in order(rows, steps, random.Random(seed)):
        ids, mask, places, wanted = (t.to(on, non_blocking=True) for t in masked(batch, vocabulary, draws))
        with half(on):
            scores = model(ids, mask, places)
        loss = functional.cross_entropy(scores.float(), wanted, reduction="sum") / max(1, len(wanted))
        loss.backward()
        optimizer.step()
        history.append(loss.detach())
    tenth = max(1, len(history) // 10)
    return [float(torch.stack(part).mean()) for part in (history[:tenth], history[-tenth:])]
