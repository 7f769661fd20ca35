#!/usr/bin/env python3
"""Writes tests/fixtures/golden_metrics.json: scikit-learn's and scipy's figures on seeded random logits and labels.

usage: python3 scripts/golden_metrics.py

Needs Python 3.11 with scikit-learn 1.7 or newer (Brier score of several classes) and scipy 1.11 or newer:
    python3 -m venv VENV && VENV/bin/pip install scikit-learn scipy

Nothing here calls demarche; tests/golden_metrics.rs compares. Definitions, classes in the order none, recognize, engage,
condemn:
  predicted   the class with the largest logit, the first of equals
  precision, recall, F1   0 where undefined; macro-F1 their unweighted mean, over four classes or without `none`
  nll         mean negative log-likelihood in nats of softmax(logits / temperature); with smoothing s, of
              max((p - s / 4) / (1 - s), 0.05 p) ^ (1 / temperature) for p = softmax(logits), scaled to sum to 1
  optimum     the temperature in 0.05..20 with the least nll (bounded search on its logarithm), without smoothing
  best_smoothing   that of 0, 0.002 .. 0.1 whose optimum has the least nll
  brier       mean over items of the sum over classes of (probability - [class is gold])^2, from 0 to 2
  ece         expected calibration error of the best class: 15 bins of equal width, each closed above
"""
import json
import pathlib
import random

import numpy
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, precision_recall_fscore_support

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "golden_metrics.json"
CLASSES = [0, 1, 2, 3]
TEMPERATURES = [0.25, 0.8, 1.0, 1.7, 6.0]
SMOOTHED = [(1.0, 0.03), (1.3, 0.032), (0.7, 0.1)]  # temperature, smoothing
SMOOTHINGS = [step / 500 for step in range(51)]
KEPT = 0.05
BOUNDS = (0.05, 20.0)
BINS = 15

# Name, items, shares of gold, height of the gold logit, spread of all logits, factor on all, decimals kept.
CASES = [
    ("news-like, too sure", 400, (0.66, 0.03, 0.11, 0.20), 2.2, 1.3, 2.5, 4),
    ("too unsure", 300, (0.4, 0.2, 0.2, 0.2), 2.0, 1.0, 0.3, 4),
    ("whole numbers, so many ties", 300, (0.3, 0.2, 0.3, 0.2), 1.0, 1.2, 1.0, 0),
    ("one class never gold", 250, (0.5, 0.0, 0.3, 0.2), 1.5, 1.2, 1.0, 4),
    ("one class never predicted", 250, (0.45, 0.05, 0.3, 0.2), 1.5, 1.2, 1.0, 4),
    ("worse than chance, so the optimum is the upper bound", 200, (0.25, 0.25, 0.25, 0.25), -0.8, 1.0, 1.0, 4),
    ("always right, so the optimum is the lower bound", 60, (0.4, 0.2, 0.2, 0.2), 9.0, 0.5, 0.02, 4),
    ("logits of hundreds", 120, (0.4, 0.2, 0.2, 0.2), 90.0, 60.0, 1.0, 2),
    ("a single item", 1, (0.0, 1.0, 0.0, 0.0), 0.5, 1.0, 1.0, 4),
]


def draw(number, name, items, shares, height, spread, factor, decimals):
    """Pairs of logits and gold; the logits are exact in 32 bits."""
    source = random.Random(1961 + number)
    logits, gold = [], []
    for _ in range(items):
        label = source.choices(CLASSES, shares)[0]
        row = [source.gauss(0.0, spread) + (height if c == label else 0.0) for c in CLASSES]
        if name == "one class never predicted":
            row[1] = min(row) - 1.0
        logits.append([float(numpy.float32(round(factor * x, decimals) + 0.0)) for x in row])
        gold.append(label)
    return numpy.array(logits), numpy.array(gold)


def expected_calibration_error(probs, gold):
    sure, right = probs.max(axis=1), probs.argmax(axis=1) == gold
    bins = numpy.ceil(sure * BINS).astype(int)
    members = [bins == b for b in range(1, BINS + 1)]
    return sum(abs(right[m].mean() - sure[m].mean()) * m.mean() for m in members if m.any())


def log_probabilities(logits, temperature, smoothing):
    if not smoothing:
        return log_softmax(logits / temperature, axis=1)
    log_p = log_softmax(logits, axis=1)
    left = (numpy.exp(log_p) - smoothing / 4) / (1 - smoothing)
    taken_back = numpy.where(left > KEPT * numpy.exp(log_p), numpy.log(numpy.maximum(left, 1e-300)), numpy.log(KEPT) + log_p)
    return log_softmax(taken_back / temperature, axis=1)


def at_scale(logits, gold, temperature, smoothing=0.0):
    log_probs = log_probabilities(logits, temperature, smoothing)
    probs = numpy.exp(log_probs)
    nll = -log_probs[numpy.arange(len(gold)), gold].mean()
    if probs.min() > 1e-12:  # scikit-learn clips probabilities near 0
        assert abs(nll - log_loss(gold, probs, labels=CLASSES)) < 1e-9
    return {
        "temperature": temperature,
        "smoothing": smoothing,
        "nll": nll,
        "mean_probabilities": probs.mean(axis=0).tolist(),
        "brier": brier_score_loss(gold, probs, labels=CLASSES, scale_by_half=False),
        "ece": expected_calibration_error(probs, gold),
    }


def figures(logits, gold):
    predicted = logits.argmax(axis=1)
    scores = precision_recall_fscore_support(gold, predicted, labels=CLASSES, zero_division=0)
    precision, recall, f1, support = (values.tolist() for values in scores)

    def optimal(smoothing):
        loss = lambda log: -log_probabilities(logits, numpy.exp(log), smoothing)[numpy.arange(len(gold)), gold].mean()
        options = {"xatol": 1e-9, "maxiter": 500}
        return minimize_scalar(loss, bounds=numpy.log(BOUNDS), method="bounded", options=options)

    best = optimal(0.0)
    optimum = float(numpy.exp(best.x))
    smoothed = [(float(optimal(smoothing).fun), smoothing) for smoothing in SMOOTHINGS]
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "support": support,
        "predicted": [int((predicted == c).sum()) for c in CLASSES],
        "macro_f1_four": f1_score(gold, predicted, labels=CLASSES, average="macro", zero_division=0),
        "macro_f1_three": f1_score(gold, predicted, labels=CLASSES[1:], average="macro", zero_division=0),
        "accuracy": accuracy_score(gold, predicted),
        "optimum": optimum,
        "at": [at_scale(logits, gold, *scale) for scale in [*((t,) for t in TEMPERATURES), *SMOOTHED]],
        # Of the optimum itself only the loss is comparable: two searches end at slightly different temperatures.
        "nll_at_optimum": float(best.fun),
        "best_smoothing": min(smoothed)[1],
        "nll_at_best_smoothing": min(smoothed)[0],
    }


def main():
    lines = []
    for number, case in enumerate(CASES):
        logits, gold = draw(number, *case)
        figure = figures(logits, gold)
        print(f"{case[0]}: {len(gold)} items, macro-F1 {figure['macro_f1_four']:.4f}, optimum {figure['optimum']:.4f}")
        items = [[row.tolist(), int(label)] for row, label in zip(logits, gold)]
        # float32 values in the fewest digits that read back as the same float32.
        short = [[[float(str(numpy.float32(x))) for x in row], label] for row, label in items]
        head = json.dumps({"name": case[0], **figure})[:-1]
        lines.append(f'{head}, "items":\n{json.dumps(short, separators=(",", ":"))}}}')
    OUT.write_text('{"cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    print(f"{OUT.name}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
