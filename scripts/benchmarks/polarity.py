#!/usr/bin/env python3
"""Cooperation or conflict: how well predictions tell `recognize` and `engage` from `condemn`.

usage: polarity.py PREDICTIONS.jsonl [--against OTHER.jsonl] [--resamples 2000] [--seed 1]

Reads what `demarche evaluate --predictions` wrote. Pairs whose gold label is `none` have no side and are left out. Two
readings: "forced" takes the larger of p_recognize + p_engage and p_condemn, a tie being wrong; "stance" takes the label
as it stands, `none` being wrong. Brackets are 95 % percentile intervals over documents, which are ids up to a `#`.
--against prints the difference to another file on the same pairs, over the same drawn documents.
"""
import argparse
import random

from common import STANCES, Malformed, read_jsonl, run

SIDES = {"recognize": 0, "engage": 0, "condemn": 1}
NEITHER = 2
READINGS = ("forced", "stance")


def load(path):
    """{(id, actor, target): (gold side, forced side, side of the stance)}, and how many pairs had gold `none`."""
    pairs, none = {}, 0
    for number, record in read_jsonl(path):
        where = f"{path}:{number}"
        for field in ("id", "actor", "target", "gold", "stance"):
            if not isinstance(record.get(field), str):
                raise Malformed(f"{where}: {field} is {record.get(field)!r}, expected a string")
        for field in ("gold", "stance"):
            if record[field] not in STANCES:
                raise Malformed(f"{where}: {field} {record[field]!r}, expected one of {', '.join(STANCES)}")
        shares = {}
        for stance in STANCES:
            value = record.get(f"p_{stance}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise Malformed(f"{where}: p_{stance} is {value!r}, expected a number from 0 to 1")
            shares[stance] = value
        key = record["id"], record["actor"], record["target"]
        if key in pairs:
            raise Malformed(f"{where}: pair {' '.join(key)} stands twice")
        if record["gold"] == "none":
            none += 1
            continue
        for_it, against = shares["recognize"] + shares["engage"], shares["condemn"]
        forced = 0 if for_it > against else 1 if against > for_it else NEITHER
        pairs[key] = SIDES[record["gold"]], forced, SIDES.get(record["stance"], NEITHER)
    if not pairs:
        raise Malformed(f"{path}: no pair with gold recognize, engage or condemn")
    return pairs, none


def cells(pairs, reading):
    """Counts by document: {document: [gold 0 said 0, 1, neither, gold 1 said 0, 1, neither]}."""
    documents = {}
    for (identity, _, _), sides in pairs.items():
        counts = documents.setdefault(identity.split("#")[0], [0] * 6)
        counts[3 * sides[0] + sides[1 + READINGS.index(reading)]] += 1
    return documents


def figures(c):
    """Accuracy, macro-F1, F1 of cooperation, F1 of conflict; 0 where a denominator is 0."""
    right, wrong_coop, wrong_conf = (c[0], c[4]), c[1] + c[2], c[3] + c[5]
    coop = 2 * c[0] + wrong_coop + c[3]
    conf = 2 * c[4] + wrong_conf + c[1]
    f1 = [2 * c[0] / coop if coop else 0.0, 2 * c[4] / conf if conf else 0.0]
    return [sum(right) / sum(c), sum(f1) / 2, *f1]


def total(documents, drawn):
    sums = [0] * 6
    for name in drawn:
        counts = documents[name]
        for i in range(6):
            sums[i] += counts[i]
    return sums


def quantile(ordered, share):
    """Median-unbiased (type 8 of Hyndman and Fan), as in `evaluate`."""
    at = min(max((len(ordered) + 1 / 3) * share + 1 / 3, 1), len(ordered))
    low = int(at)
    high = min(low + 1, len(ordered))
    return ordered[low - 1] + (at - low) * (ordered[high - 1] - ordered[low - 1])


def interval(statistic, names, resamples, seed):
    """For each figure of `statistic(drawn names)` its 95 % interval."""
    generator = random.Random(seed)
    drawn = [statistic(generator.choices(names, k=len(names))) for _ in range(resamples)]
    return [(quantile(sorted(v), 0.025), quantile(sorted(v), 0.975)) for v in zip(*drawn)]


def line(name, values, ranges):
    names = ("accuracy", "macro-F1", "F1 cooperation", "F1 conflict")
    return f"{name:10}" + " · ".join(f"{n} {v:.3f} [{a:.3f}, {b:.3f}]" for n, v, (a, b) in zip(names, values, ranges))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("predictions")
    parser.add_argument("--against")
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.resamples < 100:
        raise Malformed(f"--resamples {args.resamples}, expected at least 100")
    pairs, none = load(args.predictions)
    other = load(args.against)[0] if args.against else None
    if other is not None and {k: v[0] for k, v in other.items()} != {k: v[0] for k, v in pairs.items()}:
        raise Malformed(f"{args.against}: other pairs or other gold labels than {args.predictions}")
    conflict = sum(sides[0] for sides in pairs.values())
    print(f"{len(pairs)} pairs ({len(pairs) - conflict} cooperation, {conflict} conflict) of "
          f"{len(cells(pairs, 'forced'))} documents; {none} pairs with gold none left out")
    for reading in READINGS:
        mine = cells(pairs, reading)
        names = sorted(mine)
        ranges = interval(lambda drawn: figures(total(mine, drawn)), names, args.resamples, args.seed)
        print(line(reading, figures(total(mine, names)), ranges))
        if other is not None:
            theirs = cells(other, reading)
            gap = lambda drawn: [a - b for a, b in zip(figures(total(mine, drawn)), figures(total(theirs, drawn)))]
            print(line("  minus", gap(names), interval(gap, names, args.resamples, args.seed)))
    return 0


if __name__ == "__main__":
    run(main)
