"""The table of results: means over seeds, and differences from the baseline with intervals by a bootstrap of documents.

Every resample draws the texts of dev once for both sides and all seeds, so what a text is hard for, it is hard for in
both. The interval tells what other texts could have shown; how much another seed would, the seeds' spread tells.
"""
import json

import numpy as np

from comparisons.data import STANCES
from comparisons.evaluation import confusion, macro_f1
from comparisons.runs import read_results
from comparisons.variants import BASELINE

RESAMPLES = 2000
SEED = 1


def counts(path):
    """((N, 4, 4) confusion of each document, the documents' names) of a file of predictions."""
    found, names = [], []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                gold = np.array([STANCES.index(pair[2]) for pair in record["pairs"]], np.int64)
                best = np.array([pair[4:] for pair in record["pairs"]]).reshape(-1, len(STANCES)).argmax(1)
                names.append((record["file"], record["id"]))
            except (ValueError, KeyError) as error:
                raise ValueError(f"{path}:{number}: {error}") from None
            found.append(confusion(gold, best))
    return np.array(found), names


def interval(ours, theirs, resamples=RESAMPLES):
    """95 % interval of mean macro-F1 over the seeds of `ours` less that of `theirs`, each a list of (N, 4, 4)."""
    documents = len(ours[0])
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(documents, np.full(documents, 1 / documents), size=resamples)

    def means(runs):
        return np.mean([macro_f1((drawn @ run.reshape(documents, -1)).reshape(-1, 4, 4)) for run in runs], 0)

    return np.quantile(means(ours) - means(theirs), [0.025, 0.975], method="median_unbiased")


def difference(lines, baseline, folder):
    """(difference, low, high) over the seeds that both have, or None."""
    shared = sorted(set(lines) & set(baseline))
    if not shared:
        return None
    sides, documents = [], []
    for side in (lines, baseline):
        read = [counts(folder / side[seed]["predictions"]) for seed in shared]
        documents += [names for _, names in read]
        sides.append([found for found, _ in read])
    if any(names != documents[0] for names in documents):
        raise ValueError(f"{folder}: the runs were measured on different texts")
    ours, theirs = ([macro_f1(run.sum(0)) for run in side] for side in sides)
    return float(np.mean(ours) - np.mean(theirs)), *interval(*sides)


def figure(lines, *keys):
    """Mean over seeds of a figure of the lines."""
    values = list(lines.values())
    for key in keys:
        values = [value[key] for value in values]
    return np.mean(values)


def spread(lines):
    """Lowest and highest macro-F1 of the seeds."""
    values = [line["macro_f1"] for line in lines.values()]
    return f" ({min(values):.3f}–{max(values):.3f})" if len(values) > 1 else ""


def table(folder):
    """The table as Markdown."""
    by_name = {}
    for line in read_results(folder / "results.jsonl"):
        by_name.setdefault(line["name"], {})[line["seed"]] = line
    if not by_name:
        raise ValueError(f"{folder} holds no results")
    files = list(next(iter(next(iter(by_name.values())).values()))["files"])
    files = files if len(files) > 1 else []
    head = ["variant", "seeds", "macro-F1", "less baseline, 95 %", "accuracy", "`recognize` F1"]
    head += ["macro-F1, sure", "accuracy, sure", "`recognize` F1, sure", *(f"macro-F1, {file}" for file in files)]
    head += ["training s", "ms/passage"]
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, lines in by_name.items():
        apart = None if name == BASELINE else difference(lines, by_name.get(BASELINE, {}), folder)
        cells = [
            name,
            ", ".join(map(str, sorted(lines))),
            f"{figure(lines, 'macro_f1'):.4f}{spread(lines)}",
            "–" if apart is None else "{:+.4f} [{:+.4f}, {:+.4f}]".format(*apart),
            *(f"{figure(lines, key):.4f}" for key in ("accuracy", "recognize_f1")),
            *(f"{figure(lines, 'sure', key):.4f}" for key in ("macro_f1", "accuracy", "recognize_f1")),
            *(f"{figure(lines, 'files', file, 'macro_f1'):.4f}" for file in files),
            f"{figure(lines, 'seconds'):.1f}",
            f"{figure(lines, 'ms_per_passage'):.2f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"
