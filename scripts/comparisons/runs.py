"""One run after another: start, train, measure, write. A folder of results goes on where it was stopped.

results.jsonl has one line a run, predictions/ the probabilities on dev, and a folder in soft/ every run's labels of the
texts that its asked.jsonl lists.
"""
import dataclasses
import hashlib
import json
import time

import numpy as np
import torch

from comparisons import evaluation, masked_lm, recipe
from comparisons.data import STANCES
from comparisons.variants import BASELINE, VARIANTS, needs

SOFT_WEIGHT = 0.5  # of a text that only teachers have labelled


@dataclasses.dataclass
class Material:
    """What all runs share. Passages are tokenised."""

    start: object  # folder
    config: dict
    vocabulary: object
    train: list  # of passages
    dev: list  # of (file name, [Text], [Passage])
    raw: list  # unlabelled texts in token ids
    linked: list  # passages that selftrain learns from
    asked: list  # passages that every run labels: those linked, then those of --ask
    intermediate: list  # of passages
    epochs: int
    mlm_steps: int
    teachers: int
    budgets: dict  # digest of data, start and budget, by what a variant needs


class Folder:
    """The folder of results."""

    def __init__(self, path):
        self.path, self.results = path, path / "results.jsonl"
        (path / "predictions").mkdir(parents=True, exist_ok=True)

    def done(self, wanted, budgets):
        """{(name, seed): line} of the finished runs; refuses a folder whose runs cannot be compared with the wanted."""
        lines = read_results(self.results)
        for line in lines:
            name = line["name"]
            if name in {*wanted, BASELINE} and line["budget"] != budgets[needs(VARIANTS[name])]:
                raise ValueError(f"{self.results}: `{name}` ran on other data, epochs or start: choose another folder")
        return {(line["name"], line["seed"]): line for line in lines}

    def add(self, line):
        with open(self.results, "a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    def ask(self, texts):
        """Begins the labels of these texts, or goes on with them: asked.jsonl tells which rows belong to which pair. Without
        texts there are no labels."""
        if not texts:
            return
        lines = [json.dumps([text_key(text), [[actor, target] for actor, target, *_ in text.pairs]]) for text in texts]
        content = "".join(f"{line}\n" for line in lines).encode()
        self.answers = self.path / "soft" / hashlib.sha256(content).hexdigest()[:12]
        self.answers.mkdir(parents=True, exist_ok=True)
        (self.answers / "asked.jsonl").write_bytes(content)

    def soft(self, name, seed):
        return self.answers / f"{name}-{seed}.npy"

    def answered(self, name, seed, labels):
        """Keeps a run's labels; the file appears whole."""
        part = self.soft(name, seed).with_suffix(".part")
        with open(part, "wb") as out:
            np.save(out, labels.astype(np.float16))
        part.rename(self.soft(name, seed))


def text_key(text):
    """What a text is found again by, whatever its id is in another file."""
    return hashlib.sha256(text.text.encode()).hexdigest()[:12]


def read_results(path):
    """The lines of results.jsonl; a last line that was cut off by a kill is removed from the file."""
    if not path.exists():
        return []
    content = path.read_text(encoding="utf-8")
    whole = content[: content.rfind("\n") + 1]
    if whole != content:
        path.write_text(whole, encoding="utf-8")
    lines = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
    return lines


def begun(material, settings, seed, on):
    """A network with its start, and what the start did."""
    network = recipe.Network(material.config, settings, material.start).to(on)
    if settings.start == "mlm":
        guessed = masked_lm.pretrain(network.bert, material.raw, material.vocabulary, material.mlm_steps, seed)
        return network, {"mlm_loss": [round(loss, 4) for loss in guessed]}
    if settings.start == "intermediate":
        common = (material.vocabulary, material.config, settings, seed)
        learnt = recipe.fit(network, material.intermediate, *common, epochs=1, mix=0.0)
        return network, {"intermediate_loss": [round(loss, 4) for loss in learnt]}
    return network, {}


def with_soft_labels(passages, probabilities):
    """The passages with the teachers' probabilities as labels."""
    out, at = [], 0
    for passage in passages:
        gold = probabilities[at : at + len(passage.dyads)]
        weights = np.full(len(gold), SOFT_WEIGHT, np.float32)
        out.append(dataclasses.replace(passage, gold=gold, weights=weights, weight=SOFT_WEIGHT))
        at += len(passage.dyads)
    return out


def taught(material, folder):
    """The linked passages with the mean of all teachers' probabilities."""
    labels = [np.load(folder.soft(BASELINE, seed)) for seed in range(1, material.teachers + 1)]
    return with_soft_labels(material.linked, np.mean(labels, 0, dtype=np.float32))


def run(name, seed, material, folder, report):
    """Trains and measures one variant under one seed; writes its predictions, then its line."""
    settings, on = VARIANTS[name], recipe.device()
    recipe.seeded(seed)
    began = time.perf_counter()
    network, started = begun(material, settings, seed, on)
    passages = material.train + (taught(material, folder) if settings.soft else [])
    common = (material.vocabulary, material.config, settings)
    history = recipe.fit(network, passages, *common, seed, material.epochs, report=report)
    if on.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    dev = [passage for _, _, passages in material.dev for passage in passages]
    found, milliseconds = evaluation.probabilities(network, dev, *common)
    predictions = folder.path / "predictions" / f"{name}-{seed}.jsonl"
    documents = [(file, text) for file, texts, _ in material.dev for text in texts]
    write_predictions(predictions, documents, found)
    if material.asked:
        labels, _ = evaluation.probabilities(network, material.asked, *common)
        folder.answered(name, seed, labels)
    line = {
        "name": name,
        "seed": seed,
        "settings": dataclasses.asdict(settings),
        "predictions": str(predictions.relative_to(folder.path)),
        **measured(documents, found),
        "seconds": round(seconds, 1),
        "ms_per_passage": round(milliseconds, 3),
        "losses": [round(loss, 4) for loss in history],
        **started,
        "device": torch.cuda.get_device_name() if on.type == "cuda" else "cpu",
        "budget": material.budgets[needs(settings)],
    }
    folder.add(line)
    return line


def write_predictions(path, documents, found):
    rows = iter(found.round(4).tolist())
    with open(path, "w", encoding="utf-8") as out:
        for file, text in documents:
            pairs = [[a, t, stance, sure, *next(rows)] for a, t, stance, sure in text.pairs]
            out.write(json.dumps({"file": file, "id": text.id, "pairs": pairs}) + "\n")


def measured(documents, found):
    """Figures over all pairs, over the sure ones, and by file."""
    pairs = [(file, STANCES.index(stance), sure) for file, text in documents for _, _, stance, sure in text.pairs]
    files, gold, sure = (np.array(column) for column in zip(*pairs))
    best = found.argmax(1)

    def over(chosen):
        return evaluation.figures(evaluation.confusion(gold[chosen], best[chosen]))

    by_file = {file: over(files == file) for file in dict.fromkeys(files.tolist())}
    return {**over(np.full(len(gold), True)), "sure": over(sure.astype(bool)), "files": by_file}
