#!/usr/bin/env python3
"""Compares input forms, heads, starts and training craft on the same data and budget.

usage, from scripts/:
  python3 -m comparisons --start DIR --train FILE[@WEIGHT]... --dev FILE... [--unlabelled FILE] [--intermediate FILE...]
                         [--ask FILE...] [--epochs E] [--texts N] [--seeds 1,2] [--only NAME,...] [--workers W]
                         [--minutes M] -o OUT
  python3 -m comparisons --table -o OUT
"""
import argparse
import hashlib
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # torch: the same sums every time
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # forked runs do not tokenise
if not __package__:  # run as a file
    sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from comparisons import data, encoder, masked_lm, passages, runs  # noqa: E402
from comparisons.processes import Call, side_by_side  # noqa: E402
from comparisons.table import table  # noqa: E402
from comparisons.variants import BASELINE, VARIANTS, needs, plan  # noqa: E402


def arguments(given):
    parser = argparse.ArgumentParser(prog="comparisons", description=__doc__.splitlines()[0])
    parser.add_argument("--start", type=pathlib.Path, metavar="DIR", help="BERT folder to start from")
    parser.add_argument("--train", nargs="+", default=[], metavar="FILE[@WEIGHT]", help="labelled texts")
    parser.add_argument("--dev", nargs="+", default=[], metavar="FILE", help="labelled texts to measure on")
    parser.add_argument("--unlabelled", metavar="FILE", help="texts; those with `mentions` are for selftrain too")
    parser.add_argument("--intermediate", nargs="+", default=[], metavar="FILE", help="labelled texts to learn first")
    parser.add_argument("--ask", nargs="+", default=[], metavar="FILE", help="texts that every run labels, for distil")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--texts", type=int, metavar="N", help="train on a sample of N texts")
    parser.add_argument("--seeds", type=numbers, default=[1], metavar="N,...")
    parser.add_argument("--only", type=names, metavar="NAME,...", help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--mlm-steps", type=int, default=2000, metavar="N", help="updates of `mlm` before training")
    parser.add_argument("--teachers", type=int, default=3, metavar="K", help="of selftrain: baseline seeds 1 to K")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="runs at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M", help="start no run after M minutes")
    parser.add_argument("--table", action="store_true", help="write OUT/table.md, train nothing")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="OUT")
    args = parser.parse_args(given)
    if not args.table and not (args.start and args.train and args.dev):
        parser.error("--start, --train and --dev are needed")
    if min(args.epochs, args.mlm_steps, args.teachers, args.workers) < 1:
        parser.error("--epochs, --mlm-steps, --teachers and --workers are at least 1")
    return args


def numbers(value):
    return [int(part) for part in value.split(",")]


def names(value):
    unknown = [name for name in value.split(",") if name not in VARIANTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"`{unknown[0]}` is none of {', '.join(VARIANTS)}")
    return value.split(",")


def chosen(args):
    """The variants to run: all that the given files allow, or those asked for, whose files must be given."""
    given = {"texts": args.unlabelled, "linked": args.unlabelled, "intermediate": args.intermediate, None: True}
    lacking = [name for name in args.only or VARIANTS if not given[needs(VARIANTS[name])]]
    if args.only and lacking:
        raise ValueError(f"`{lacking[0]}` needs --{'intermediate' if lacking[0] == 'intermediate' else 'unlabelled'}")
    return [name for name in args.only or VARIANTS if name not in lacking]


def digests(args):
    """What makes results comparable, by what a variant needs: digests of files, epochs, start and the like."""
    start = [args.start / name for name in ("config.json", "tokenizer.json", "model.safetensors")]
    weights = [argument.rpartition("@")[2] if "@" in argument else "1" for argument in args.train]
    train = [argument.rpartition("@")[0] or argument for argument in args.train]
    common = [args.epochs, args.texts, weights, *map(checksum, [*start, *train, *args.dev])]
    unlabelled = checksum(args.unlabelled) if args.unlabelled else None
    parts = {
        None: [],
        "texts": [unlabelled, args.mlm_steps],
        "linked": [unlabelled, args.teachers],
        "intermediate": [checksum(path) for path in args.intermediate],
    }
    return {need: hashlib.sha256(json.dumps([common, part]).encode()).hexdigest()[:12] for need, part in parts.items()}


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def material(args, wanted, folder):
    """Reads and tokenises what the wanted variants need."""
    vocabulary = passages.Vocabulary(args.start / "tokenizer.json")
    train = data.subsample([text for argument in args.train for text in data.read_weighted(argument)], args.texts)
    dev = []
    for path in args.dev:
        texts = [text for text in data.read(path) if text.pairs]
        dev.append((pathlib.Path(path).name, texts, passages.compiled(texts, vocabulary)))
    kinds = {needs(VARIANTS[name]) for name in wanted}
    raw, asked = data.read_unlabelled(args.unlabelled) if kinds & {"texts", "linked"} else ([], [])
    if "linked" in kinds and not asked:
        if args.only:
            raise ValueError(f"{args.unlabelled}: no text has two linked polities, which `selftrain` needs")
        wanted.remove("selftrain")
    first = [text for path in args.intermediate for text in data.read(path)]
    linked = asked if "selftrain" in wanted else []
    asked = linked + [text for path in args.ask for text in data.read_unlabelled(path)[1]]
    folder.ask(asked)
    questions = passages.compiled(asked, vocabulary)
    return runs.Material(
        start=args.start,
        config=encoder.read_config(args.start),
        vocabulary=vocabulary,
        train=passages.compiled(train, vocabulary),
        dev=dev,
        raw=masked_lm.tokenised(raw, vocabulary) if "texts" in kinds else [],
        linked=questions[: len(linked)],
        asked=questions,
        intermediate=passages.compiled(first, vocabulary) if "intermediate" in kinds else [],
        epochs=args.epochs,
        mlm_steps=args.mlm_steps,
        teachers=args.teachers,
        budgets=digests(args),
    )


def compare(args):
    began = time.monotonic()
    wanted = chosen(args)
    folder = runs.Folder(args.output)
    shared = material(args, wanted, folder)
    done = folder.done(wanted, shared.budgets)
    say(f"{len(shared.train)} texts to train on, {sum(len(texts) for _, texts, _ in shared.dev)} to measure on")
    left = [name for name in args.only or VARIANTS if name not in wanted]
    if left:
        say(f"left out for want of a file: {', '.join(left)}")

    def run(name, seed):
        report = lambda epoch, loss: say(f"{name}, seed {seed}, epoch {epoch}: loss {loss:.4f}")  # noqa: E731
        line = runs.run(name, seed, shared, folder, report)
        say(f"{name}, seed {seed}: macro-F1 {line['macro_f1']:.4f}, {line['seconds']:.0f} s")

    def asked(name, seed):
        return args.ask or (shared.linked and name == BASELINE and seed <= args.teachers)

    def taught():
        return all(folder.soft(BASELINE, seed).exists() for seed in range(1, args.teachers + 1))

    calls = [
        Call(run, one, taught) if VARIANTS[one[0]].soft else Call(run, one)
        for one in plan(wanted, args.seeds, args.teachers)
        if one not in done or (asked(*one) and not folder.soft(*one).exists())
    ]
    for call in side_by_side(calls, args.workers, began + 60 * args.minutes):
        say("not begun in {:g} minutes: {}, seed {}".format(args.minutes, *call.arguments))


def say(line):
    print(line, file=sys.stderr, flush=True)


def main(given=None):
    args = arguments(given)
    try:
        if not args.table:
            compare(args)
        found = table(args.output)
        (args.output / "table.md").write_text(found, encoding="utf-8")
        print(found, end="")
    except (data.DataError, ValueError, OSError) as error:
        sys.exit(f"comparisons: {error}")


if __name__ == "__main__":
    main()
