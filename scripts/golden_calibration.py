#!/usr/bin/env python3
"""Writes tests/fixtures/golden_calibration.json: figures of calibration, comparison and intervals by other means.

usage: python3 scripts/golden_calibration.py

Needs Python 3.11 with scikit-learn 1.7 or newer (Brier score of several classes), scipy 1.15 or newer, and numpy:
    python3 -m venv VENV && VENV/bin/pip install scikit-learn scipy

Nothing here calls demarche; tests/golden_calibration.rs compares. Definitions, classes in the order none, recognize,
engage, condemn:
  predicted   the class with the largest probability, the first of equals; confidence is that probability
  brier       scikit-learn's, not halved: from 0 to 2
  bins        (count, mean confidence, share right) of 15 bins of equal mass: the item of rank r among n, equals at their
              least rank, is in bin floor(15 r / n); empty bins left out
  ece         mean distance of share right from confidence over bins, weighted by count
  risks       at k of n, share of errors among the k most confident; equals contribute their mean error
  aurc        mean of the risks
  accuracy_at_80   1 - risk at the least k with k >= 0.8 n
  mcnemar     scipy's two-sided binomial test below 25 discordant pairs, else chi-square of max(0, |b - c| - 1)^2 / (b + c)
  interval    scipy's percentile bootstrap of accuracy over whole documents
"""
import json
import math
import pathlib
import random

import numpy
from scipy.stats import binomtest, bootstrap, chi2, rankdata
from sklearn.metrics import brier_score_loss

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "golden_calibration.json"
BINS = 15
MCNEMAR = [(0, 0), (1, 0), (3, 9), (12, 12), (20, 4), (0, 24), (10, 15), (40, 40), (61, 30), (150, 90), (500, 501)]

# Name, items, sixteenths (probabilities that are exact, so that equal ones tie on every machine) or any numbers, whether
# the gold follows the probabilities, classes with gold.
CASES = [
    ("honest", 400, False, True, 4),
    ("blind", 250, False, False, 4),
    ("many ties", 300, True, True, 4),
    ("one class never gold", 200, False, True, 3),
    ("fewer items than bins", 7, False, True, 4),
    ("a single item", 1, False, True, 4),
]


def draw(number, items, sixteenths, honest, classes):
    source = random.Random(1961 + number)
    weights, gold = [], []
    for _ in range(items):
        row = [max(1e-6, round(source.gammavariate(0.5, 1.0), 6)) for _ in range(4)]
        if sixteenths:
            votes = source.choices(range(4), row, k=16)
            row = [float(votes.count(c)) for c in range(4)]
        weights.append(row)
        shares = row if honest else [1.0] * 4
        gold.append(source.choices(range(classes), [share + 1e-9 for share in shares[:classes]])[0])
    return numpy.array(weights), numpy.array(gold)


def calibration(weights, gold):
    probs = weights / weights.sum(axis=1, keepdims=True)
    sure, right = probs.max(axis=1), probs.argmax(axis=1) == gold
    level = rankdata(sure, method="min")
    n = len(gold)
    bins = ((level - 1) * BINS // n).astype(int)
    members = [bins == b for b in range(BINS) if (bins == b).any()]
    mean_error = numpy.array([(~right[level == at]).mean() for at in level])
    by_confidence = numpy.argsort(-level, kind="stable")
    risks = numpy.cumsum(mean_error[by_confidence]) / numpy.arange(1, n + 1)
    return {
        "brier": brier_score_loss(gold, probs, labels=[0, 1, 2, 3], scale_by_half=False),
        "bins": [[int(m.sum()), sure[m].mean(), right[m].mean()] for m in members],
        "ece": sum(abs(right[m].mean() - sure[m].mean()) * m.mean() for m in members),
        "risks": risks.tolist(),
        "aurc": risks.mean(),
        "accuracy_at_80": 1 - risks[math.ceil(4 * n / 5 - 1e-9) - 1],
    }


def mcnemar(b, c):
    n = b + c
    if n < 25:
        return binomtest(min(b, c), n, 0.5).pvalue if n else 1.0
    return chi2.sf(max(0, abs(b - c) - 1) ** 2 / n, 1)


def interval():
    """Hits and sizes of documents, and the interval of the accuracy over all their pairs."""
    source = random.Random(7)
    documents = []
    for _ in range(80):
        size, skill = source.randint(1, 8), source.betavariate(4, 1)
        documents.append([sum(source.random() < skill for _ in range(size)), size])
    hits, sizes = numpy.array(documents).T
    result = bootstrap(
        (hits, sizes), lambda h, s, axis=-1: h.sum(axis=axis) / s.sum(axis=axis), paired=True, vectorized=True,
        method="percentile", n_resamples=200_000, batch=10_000, rng=numpy.random.default_rng(1),
    ).confidence_interval
    return {"documents": documents, "low": result.low, "high": result.high}


def main():
    cases = []
    for number, (name, *settings) in enumerate(CASES):
        weights, gold = draw(number, *settings)
        case = {"name": name, **calibration(weights, gold)}
        print(f"{name}: {len(gold)} items, ECE {case['ece']:.4f}, AURC {case['aurc']:.4f}")
        case["items"] = [[row.tolist(), int(label)] for row, label in zip(weights, gold)]
        cases.append(json.dumps(case, separators=(",", ":")))
    tests = json.dumps([[b, c, mcnemar(b, c)] for b, c in MCNEMAR])
    text = f'{{"mcnemar": {tests},\n"interval": {json.dumps(interval())},\n"cases": [\n' + ",\n".join(cases) + "\n]}\n"
    OUT.write_text(text, encoding="utf-8")
    print(f"{OUT.name}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
