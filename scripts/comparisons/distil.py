#!/usr/bin/env python3
"""Trains the model of the product from labels and from what the runs of a comparison say (Hinton et al. 2015).

The teachers are all runs whose answers to `--ask` lie in `--soft`, or those of `--teachers`; their mean is one label. A
pair that is labelled too learns from both, a pair that only teachers labelled counts half. Several seeds share the
beginning of the head, so that the mean of their weights is a model as well. With `--dev`, looks.npz keeps a model's logits
of all pairs together (`first`) and alone (`second`).

usage, from scripts/:
  python3 -m comparisons.distil --start DIR --train FILE[@WEIGHT]... --soft DIR [--teachers NAME,...] [--share 0.5]
                                [--unlabelled FILE] [--dev FILE...] [--variant NAME] [--epochs E] [--seeds 1,2]
                                [--workers W] --like MODEL -o OUT
"""
import argparse
import dataclasses
import json
import pathlib
import shutil
import sys
import time

import numpy as np
from safetensors.torch import load_file, save_file

if not __package__:  # run as a file
    sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from average import plain, read_stance, write_stance  # noqa: E402
from comparisons import data, encoder, evaluation, masked_lm, passages, recipe, runs  # noqa: E402
from comparisons.__main__ import numbers, say  # noqa: E402
from comparisons.processes import Call, side_by_side  # noqa: E402
from comparisons.variants import BASELINE, VARIANTS  # noqa: E402

SECOND_LOOK_BELOW = 0.7  # as in src/train/fit.rs


def arguments(given):
    parser = argparse.ArgumentParser(prog="distil", description=__doc__.splitlines()[0])
    parser.add_argument("--start", type=pathlib.Path, required=True, metavar="DIR", help="BERT folder to start from")
    parser.add_argument("--train", nargs="+", required=True, metavar="FILE[@WEIGHT]", help="labelled texts")
    parser.add_argument("--soft", type=pathlib.Path, required=True, metavar="DIR", help="a folder in soft/ of a comparison")
    parser.add_argument("--teachers", type=lambda value: value.split(","), metavar="NAME,...", help="variants; default all")
    parser.add_argument("--share", type=float, default=0.5, help="of the teachers in what a labelled pair learns")
    parser.add_argument("--unlabelled", metavar="FILE", help="texts that only teachers have labelled; all for variant mlm")
    parser.add_argument("--dev", nargs="+", default=[], metavar="FILE", help="labelled texts to measure on")
    parser.add_argument("--variant", default=BASELINE, choices=VARIANTS, help="must keep form and head of the product")
    parser.add_argument("--mlm-steps", type=int, default=2000, metavar="N", help="updates of the variant `mlm`")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=numbers, default=[1], metavar="N,...")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="seeds at a time")
    parser.add_argument("--like", type=pathlib.Path, required=True, metavar="MODEL", help="whose other files are taken")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="OUT", help="gets seed-1, seed-2 …, mean")
    args = parser.parse_args(given)
    settings, usual = VARIANTS[args.variant], VARIANTS[BASELINE]
    if (settings.form, settings.head, settings.soft) != (usual.form, usual.head, False):
        parser.error(f"`{args.variant}` gives no model that demarche reads")
    return args


class Answers:
    """The mean of the teachers' labels by text and pair."""

    def __init__(self, folder, names):
        files = sorted(folder.glob("*.npy"))
        files = [file for file in files if names is None or file.stem.rpartition("-")[0] in names]
        if not files:
            raise ValueError(f"{folder} holds no answers of {', '.join(names or ['any run'])}")
        self.teachers = [file.stem for file in files]
        rows = iter(np.mean([np.load(file).astype(np.float32) for file in files], 0))
        self.by_text = {}
        with open(folder / "asked.jsonl", encoding="utf-8") as lines:
            for line in lines:
                key, pairs = json.loads(line)
                self.by_text.setdefault(key, {}).update((tuple(pair), next(rows)) for pair in pairs)

    def of(self, text):
        """{(actor, target): (4,) probabilities}, empty for a text that nobody was asked about."""
        return self.by_text.get(runs.text_key(text), {})


def blended(texts, found, answers, share):
    """The passages with labels that are gold and, to `share`, what the teachers say; how many pairs they speak of."""
    out, pairs = [], 0
    for text, passage in zip(texts, found):
        said = answers.of(text)
        gold = passage.gold.copy()
        for row, (actor, target, *_) in zip(gold, text.pairs):
            if (actor, target) in said:
                pairs += 1
                row *= 1 - share
                row += share * said[actor, target]
        out.append(dataclasses.replace(passage, gold=gold))
    return out, pairs


def taught(texts, found, answers):
    """Of passages without gold those that the teachers labelled whole."""
    known = [(t, p) for t, p in zip(texts, found) if all((a, b) in answers.of(t) for a, b, *_ in t.pairs)]
    rows = [answers.of(text)[actor, target] for text, _ in known for actor, target, *_ in text.pairs]
    return runs.with_soft_labels([passage for _, passage in known], np.array(rows, np.float32))


def student(seed, args, material, out, training):
    """Trains under one seed and writes a model folder."""
    settings, on = VARIANTS[args.variant], recipe.device()
    began = time.perf_counter()
    recipe.seeded(args.seeds[0])
    network, _ = runs.begun(material, settings, args.seeds[0], on)
    recipe.seeded(seed)
    report = lambda epoch, loss: say(f"seed {seed}, epoch {epoch}: loss {loss:.4f}")  # noqa: E731
    history = recipe.fit(
        network, material.train, material.vocabulary, material.config, settings, seed, args.epochs, report=report
    )
    seconds = round(time.perf_counter() - began)
    training = {**training, "seed": seed, "losses": [round(loss, 4) for loss in history], "seconds": seconds}
    written(network, args, material, out, training)
    say(f"{out}: {seconds} s")


def mean(args, material, out, training):
    """Averages the weights of all students (Wortsman et al. 2022)."""
    recipe.seeded(args.seeds[0])
    network = recipe.Network(material.config, VARIANTS[args.variant], args.start).to(recipe.device())
    students = [load_file(args.output / f"seed-{seed}" / "model.safetensors") for seed in args.seeds]
    names = {name.removeprefix("bert."): name for name in network.state_dict()}
    averaged = {names[name]: sum(s[name].float() for s in students) / len(students) for name in names}
    network.load_state_dict(averaged)
    written(network, args, material, out, {**training, "mean_of_seeds": args.seeds})


def written(network, args, material, out, training):
    """Writes a model folder, after a look at dev."""
    out.mkdir(parents=True)
    if material.dev:
        look(network, material, VARIANTS[args.variant], out)
    for name in ("config.json", "tokenizer.json", "stance.json"):
        shutil.copy(args.like / name, out)
    weights = {name.removeprefix("bert."): value.half().cpu().contiguous() for name, value in network.state_dict().items()}
    save_file(weights, out / "model.safetensors")
    stance = read_stance(out)
    stance.update(name=out.name, training=training)
    stance.pop("second_look", None)
    if VARIANTS[args.variant].pairs:
        stance["second_look"] = {"below": SECOND_LOOK_BELOW}
    plain(stance)  # `scripts/average.py --calibrate` comes later
    write_stance(out, stance)


def look(network, material, settings, out):
    """Measures both looks and their mean on dev."""
    found = [passage for _, _, compiled in material.dev for passage in compiled]
    gold = np.concatenate([passage.gold for passage in found]).argmax(1)
    looks = []
    for form in (settings.form, "pair"):
        asked = dataclasses.replace(settings, form=form)
        probabilities, _ = evaluation.probabilities(network, found, material.vocabulary, material.config, asked)
        looks.append(np.log(np.maximum(probabilities, 1e-12)))
    np.savez_compressed(out / "looks.npz", first=looks[0], second=looks[1], gold=gold)
    for name, logits in zip(("first look", "second look", "mean"), [*looks, np.mean(looks, 0)]):
        say(f"{out.name}, {name}: {evaluation.figures(evaluation.confusion(gold, logits.argmax(1)))}")


def distil(args):
    vocabulary = passages.Vocabulary(args.start / "tokenizer.json")
    if passages.Vocabulary(args.like / "tokenizer.json").tokenizer.get_vocab() != vocabulary.tokenizer.get_vocab():
        raise ValueError(f"{args.like} and {args.start} have different vocabularies")
    for name in [*(f"seed-{seed}" for seed in args.seeds), "mean"]:
        if (args.output / name).exists():
            raise ValueError(f"{args.output / name} is there already: choose another -o")
    answers = Answers(args.soft, args.teachers)
    texts = [text for argument in args.train for text in data.read_weighted(argument)]
    labelled, taught_pairs = blended(texts, passages.compiled(texts, vocabulary), answers, args.share)
    raw, asked = data.read_unlabelled(args.unlabelled) if args.unlabelled else ([], [])
    soft = taught(asked, passages.compiled(asked, vocabulary), answers)
    measured = [(path, texts := data.read(path), passages.compiled(texts, vocabulary)) for path in args.dev]
    if args.share and not taught_pairs + len(soft):
        raise ValueError(f"{args.soft}: the teachers were asked about none of these texts (`--ask` of the comparison)")
    say(f"{len(answers.teachers)} teachers of {taught_pairs} labelled pairs in {len(labelled)} texts and of {len(soft)} more")
    material = runs.Material(
        start=args.start,
        config=encoder.read_config(args.start),
        vocabulary=vocabulary,
        train=labelled + soft,
        dev=measured,
        raw=masked_lm.tokenised(raw, vocabulary) if VARIANTS[args.variant].start == "mlm" else [],
        linked=[],
        asked=[],
        intermediate=[],
        epochs=args.epochs,
        mlm_steps=args.mlm_steps,
        teachers=0,
        budgets={},
    )
    training = {
        "script": "scripts/comparisons/distil.py",
        "teachers": answers.teachers,
        "variant": args.variant,
        "share": args.share,
        "epochs": args.epochs,
        "train": [pathlib.Path(argument).name for argument in args.train],
        "labelled_texts": len(labelled),
        "taught_pairs": taught_pairs,
        "soft_texts": len(soft),
    }
    common = (args, material)
    calls = [Call(student, (seed, *common, args.output / f"seed-{seed}", training)) for seed in args.seeds]
    if len(args.seeds) > 1:
        done = lambda: all((args.output / f"seed-{seed}" / "stance.json").exists() for seed in args.seeds)  # noqa: E731
        calls.append(Call(mean, (*common, args.output / "mean", training), done))
    side_by_side(calls, args.workers)


def main(given=None):
    args = arguments(given)
    try:
        distil(args)
    except (data.DataError, ValueError, OSError) as error:
        sys.exit(f"distil: {error}")


if __name__ == "__main__":
    main()
