#!/usr/bin/env python3
"""Averages the weights of models that share a start (Wortsman et al. 2022, *Model soups*), and calibrates the mean.

usage: average.py OUT MODEL MODEL...              the mean of the weights; everything else from the last model
       average.py --held-out OUT.jsonl GOLD...    the texts that `train` holds out of these files for calibration
       average.py --learned OUT.jsonl GOLD...     the others
       average.py --plain MODEL                   takes a model's calibration out: every label then needs review
       average.py --calibrate MODEL FIRST [SECOND]   scales and review thresholds from `evaluate --predictions` on them, with
                                                  `--second-look 0`, and with `--second-look 1` for a model that takes a
                                                  second look; of a model without calibration (a mean has none)

Needs numpy and safetensors. Scales (temperature and smoothing) and thresholds are defined as in `src/calibrate.rs`, the
second look as in `src/look.rs`.
"""
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import sys

FILES = ("config.json", "stance.json", "tokenizer.json", "model.safetensors")
LABELS = ("none", "recognize", "engage", "condemn")
PRECISIONS = (0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
SHARE = 0.06
SMOOTHINGS = [step / 500 for step in range(51)]
KEPT = 0.05


def read_stance(folder):
    return json.loads((folder / "stance.json").read_text(encoding="utf-8"))


def write_stance(folder, stance):
    """Writes stance.json, and SHA256SUMS to match."""
    (folder / "stance.json").write_text(json.dumps(stance, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    digest = lambda name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text("".join(f"{digest(name)}  {name}\n" for name in FILES))


def average(out, *models):
    import numpy
    from safetensors.numpy import load_file, save_file

    out, models = pathlib.Path(out), [pathlib.Path(m) for m in models]
    weights = [load_file(m / "model.safetensors") for m in models]
    shutil.copytree(models[-1], out)
    mean = lambda name: sum(w[name].astype(numpy.float32) for w in weights) / len(weights)
    save_file({name: mean(name).astype(numpy.float16) for name in weights[0]}, out / "model.safetensors")
    stance = read_stance(out)
    trained = [read_stance(m) for m in models]
    stance["name"] = out.name
    plain(stance)
    stance["training"] = {"mean_of": [{"name": t["name"], **(t["training"] or {})} for t in trained]}
    write_stance(out, stance)


def plain_model(folder):
    folder = pathlib.Path(folder)
    stance = read_stance(folder)
    plain(stance)
    write_stance(folder, stance)


def plain(stance):
    """Takes the calibration out: until there is one, every label needs review."""
    nothing_passes = {f"{precision:.2f}": dict.fromkeys(sorted(LABELS), 1.0) for precision in PRECISIONS}
    stance.update(temperature=1.0, smoothing=0.0, thresholds=nothing_passes)
    if "second_look" in stance:
        stance["second_look"].update(temperature=1.0, smoothing=0.0)


def held_out(out, *files, learned=False):
    kept = 0
    with open(out, "w", encoding="utf-8") as destination:
        for path in files:
            opener = gzip.open if path.endswith(".gz") else open
            with opener(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    document = re.sub(r"(?s)(?<=.)#[0-9][^#]*\Z", "", json.loads(line)["id"])
                    draw = int.from_bytes(hashlib.sha256(document.encode()).digest()[:4], "big")
                    if (draw < SHARE * (2**32 - 1)) != learned:
                        destination.write(line.rstrip("\n") + "\n")
                        kept += 1
    print(f"{out}: {kept} texts", file=sys.stderr)


def calibrate(folder, first, second=None):
    import numpy

    folder = pathlib.Path(folder)
    stance = read_stance(folder)
    look = stance.get("second_look")
    if any((scale["temperature"], scale.get("smoothing", 0.0)) != (1.0, 0.0) for scale in (stance, look or stance)):
        sys.exit(f"{folder}: is calibrated already: `average.py --plain {folder}`, then predict again")
    if (look is None) != (second is None):
        sys.exit(f"{folder}: {'no second look' if look is None else 'a second look: give its predictions too'}")

    def read(path):
        with open(path, encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        probabilities = numpy.array([[r[f"p_{label}"] for label in LABELS] for r in rows])
        pairs = [(r["id"], r["actor"], r["target"], r["gold"]) for r in rows]
        # Logits up to a constant, which the softmax does not see.
        return numpy.log(numpy.maximum(probabilities, 1e-12)), pairs

    def log_softmax(logits, temperature):
        scaled = logits / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        return scaled - numpy.log(numpy.exp(scaled).sum(axis=1, keepdims=True))

    def taken_back(logits, smoothing):
        if not smoothing:
            return logits
        smoothed = numpy.exp(log_softmax(logits, 1.0))
        return numpy.log(numpy.maximum((smoothed - smoothing / 4) / (1 - smoothing), KEPT * smoothed))

    def best_temperature(logits, gold):
        loss = lambda log: -log_softmax(logits, numpy.exp(log))[numpy.arange(len(gold)), gold].mean()
        low, high, ratio = numpy.log(0.05), numpy.log(20.0), (5**0.5 - 1) / 2
        while high - low > 1e-4:
            a, b = high - ratio * (high - low), low + ratio * (high - low)
            low, high = (low, b) if loss(a) < loss(b) else (a, high)
        return float(numpy.exp((low + high) / 2)), loss((low + high) / 2)

    def fit(scale, logits, gold):
        """Puts the best scale in; returns the calibrated probabilities."""
        scale.setdefault("smoothing", 0.0)
        if len(gold):
            tried = [(*best_temperature(taken_back(logits, s), gold), s) for s in SMOOTHINGS]
            scale["temperature"], _, scale["smoothing"] = min(tried, key=lambda at: at[1])
        return numpy.exp(log_softmax(taken_back(logits, scale["smoothing"]), scale["temperature"]))

    logits, pairs = read(first)
    gold = numpy.array([LABELS.index(label) for *_, label in pairs])
    calibrated = fit(stance, logits, gold)
    told = f"temperature {stance['temperature']:.4f}, smoothing {stance['smoothing']}"
    if second:
        again, same = read(second)
        if same != pairs:
            sys.exit(f"{first} and {second} hold different pairs")
        doubtful = calibrated.max(axis=1) < look["below"]
        calibrated[doubtful] = fit(look, again[doubtful], gold[doubtful])
        told += f"; of a second look at {doubtful.sum()} pairs {look['temperature']:.4f}, {look['smoothing']};"

    def threshold(label, precision):
        claimed = calibrated.argmax(axis=1) == label
        claims = sorted(zip(calibrated[claimed, label], gold[claimed] == label), key=lambda c: -c[0])
        hits, found = 0, 1.0
        for i, (p, hit) in enumerate(claims):
            hits += bool(hit)
            last = i + 1 == len(claims)
            if (last or claims[i + 1][0] < p) and hits >= precision * (i + 1):
                found = 0.0 if last else float(p)
        return found

    stance["thresholds"] = {
        f"{precision:.2f}": {label: threshold(i, precision) for i, label in sorted(enumerate(LABELS), key=lambda x: x[1])}
        for precision in PRECISIONS
    }
    write_stance(folder, stance)
    print(f"{folder}: {told} from {len(gold)} pairs", file=sys.stderr)


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    learned = lambda *files: held_out(*files, learned=True)
    commands = {"--held-out": held_out, "--learned": learned, "--plain": plain_model, "--calibrate": calibrate}
    commands.get(command, lambda *m: average(command, *m))(*rest)
