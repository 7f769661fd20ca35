"""Probabilities for every pair of given passages, and the figures over them, as src/metrics/classification.rs defines
them: a ratio without anything to count is 0."""
import time

import numpy as np
import torch

from comparisons import batches
from comparisons.data import STANCES
from comparisons.forms import FORMS, in_order
from comparisons.recipe import half, max_tokens


def probabilities(network, passages, vocabulary, config, settings):
    """((P, 4) probabilities of all pairs, passage by passage; milliseconds a passage).

    The time is that of forming the input, the encoder and the head, 32 passages together, sorted by size; tokenising
    is left out, and so is a first batch that warms up.
    """
    on = next(network.parameters()).device
    form = FORMS[settings.form](vocabulary, max_tokens(config))
    order = sorted(range(len(passages)), key=lambda i: len(passages[i].ids))
    chunks = [order[at : at + batches.BATCH] for at in range(0, len(order), batches.BATCH)]
    starts = np.cumsum([0] + [len(p.dyads) for p in passages])
    out = np.zeros((starts[-1], len(STANCES)), np.float32)
    network.eval()
    with torch.inference_mode(), half(on):
        score(network, form, [passages[i] for i in chunks[-1]], on)
        began = time.perf_counter()
        for chunk in chunks:
            rows = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in chunk])
            out[rows] = score(network, form, [passages[i] for i in chunk], on)
        spent = time.perf_counter() - began
    return out, 1000 * spent / max(1, len(passages))


def score(network, form, passages, on):
    """(D, 4) probabilities of the passages' pairs."""
    passes, rows, first = [], [], 0
    for passage in passages:
        for encoded in batches.labelled(passage, form, in_order):
            passes.append(encoded)
            rows.append(encoded.encoded.pairs + first)
        first += len(passage.dyads)
    place = {id(p): row for p, row in zip(passes, rows)}
    out = np.zeros((first, len(STANCES)), np.float32)
    for part in batches.parts(passes):
        logits = network(batches.collated(part).to(on))
        out[np.concatenate([place[id(p)] for p in part])] = logits.softmax(1).cpu().numpy()
    return out


def confusion(gold, predicted):
    """(4, 4) counts, rows gold."""
    counts = np.zeros((len(STANCES), len(STANCES)), np.int64)
    np.add.at(counts, (gold, predicted), 1)
    return counts


def f1(counts):
    """(…, 4) F1 of each class from (…, 4, 4) counts."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    whole = counts.sum(-1) + counts.sum(-2)
    return np.divide(2 * hits, whole, out=np.zeros(hits.shape), where=whole > 0)


def macro_f1(counts):
    """(…) mean F1 of the three stances."""
    return f1(counts)[..., 1:].mean(-1)


def figures(counts):
    """Macro-F1 over the three stances, accuracy, and F1 of `recognize`."""
    return {
        "macro_f1": round(float(macro_f1(counts)), 4),
        "accuracy": round(float(np.trace(counts) / max(1, counts.sum())), 4),
        "recognize_f1": round(float(f1(counts)[STANCES.index("recognize")]), 4),
    }
