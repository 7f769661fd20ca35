#!/usr/bin/env python3
"""Writes tests/fixtures/golden_agreement.json: agreement of raters by published examples, krippendorff and scikit-learn.

usage: python3 scripts/golden_agreement.py

Needs Python 3.11 with krippendorff 0.8 or newer and scikit-learn:
    python3 -m venv VENV && VENV/bin/pip install krippendorff scikit-learn

Nothing here calls demarche; tests/golden_agreement.rs compares. Labels are numbers from 0, null where a rater gave none.
Published values are checked against the libraries before anything is written:
  Krippendorff 2011   Computing Krippendorff's Alpha-Reliability, sections A (two observers, binary), B (two observers,
                      five values) and C (four observers, missing data)
  Cohen 1960          A coefficient of agreement for nominal scales: 200 subjects, three categories, kappa .492
"""
import json
import pathlib
import random

import krippendorff
import numpy
from sklearn.metrics import cohen_kappa_score

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "golden_agreement.json"


def row(text, missing="."):
    return [None if c == missing else int(c) if c.isdigit() else ord(c) - ord("a") for c in text.split()]


def alpha(raters):
    data = numpy.array([[numpy.nan if v is None else v for v in rater] for rater in raters], dtype=float)
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))


def kappa(raters):
    both = [(a, b) for a, b in zip(*raters) if a is not None and b is not None]
    return float(cohen_kappa_score([a for a, _ in both], [b for _, b in both]))


def cohen_1960():
    counts = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    both = [(a, b) for a in range(3) for b in range(3) for _ in range(counts[a][b])]
    return [[a for a, _ in both], [b for _, b in both]]


def drawn(seed, raters, units, missing):
    """Raters who copy a common label most of the time; classes of unequal size."""
    r = random.Random(seed)
    common = [r.choices(range(4), (60, 4, 16, 20))[0] for _ in range(units)]
    one = lambda c: None if r.random() < missing else c if r.random() < 0.7 else r.randrange(4)
    return [[one(c) for c in common] for _ in range(raters)]


PUBLISHED = [
    ("Krippendorff 2011, A", [row("0 1 0 0 0 0 0 0 1 0"), row("1 1 1 0 0 1 0 0 0 0")], "alpha", 0.095),
    ("Krippendorff 2011, B", [row("a a b b d c c c e d d a"), row("b a b b b c c c e d d d")], "alpha", 0.692),
    (
        "Krippendorff 2011, C",
        [row("1 2 3 3 2 1 4 1 2 . . ."), row("1 2 3 3 2 2 4 1 2 5 . 3"),
         row(". 3 3 3 2 3 4 2 2 5 1 ."), row("1 2 3 3 2 4 4 1 2 5 1 .")],
        "alpha", 0.743,
    ),
    ("Cohen 1960", cohen_1960(), "kappa", 0.492),
]
DRAWN = [(f"drawn {s}", drawn(s, raters, units, missing))
         for s, (raters, units, missing) in enumerate([(2, 80, 0.0), (2, 60, 0.3), (3, 50, 0.2), (5, 40, 0.5), (2, 12, 0.1)])]

cases = []
for name, raters, figure, published in [*PUBLISHED, *((n, r, None, None) for n, r in DRAWN)]:
    case = {"name": name, "raters": raters, "alpha": alpha(raters), "kappa": kappa(raters) if len(raters) == 2 else None,
            "published": None if published is None else {"figure": figure, "value": published}}
    if published is not None:
        assert round(case[figure], 3) == published, (name, case[figure], published)
    cases.append(case)
header = {"by": "scripts/golden_agreement.py", "krippendorff": getattr(krippendorff, "__version__", "0.8"), "cases": cases}
OUT.write_text(json.dumps(header) + "\n")
print(*(f"{c['name']}: alpha {c['alpha']:.4f} kappa {c['kappa']}" for c in cases), sep="\n")
