"""Tests of encoder, heads, recipe and whole runs, on models/tiny and composed texts.

Run: python3 -m unittest discover -s scripts/comparisons -t scripts
"""
import contextlib
import hashlib
import io
import itertools
import json
import pathlib
import random
import tempfile
import unittest
from unittest import mock

import numpy as np
import torch
from safetensors.torch import load_file

from comparisons import __main__ as program
from comparisons import averages, batches, data, distil, encoder, forms, heads, masked_lm, passages, processes, recipe, variants

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "models" / "tiny"
COMPOSED = ROOT / "datasets" / "composed" / "composed.jsonl"


def network(head="mean", form="numbered", dropout=0.0):
    torch.manual_seed(1)
    config = encoder.read_config(TINY, dropout)
    return recipe.Network(config, recipe.Settings(head=head, form=form), TINY), config


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vocabulary = passages.Vocabulary(TINY / "tokenizer.json")
        cls.passages = passages.compiled(data.read(COMPOSED)[:20], cls.vocabulary)

    def encoded(self, name="numbered", count=20):
        form = forms.FORMS[name](self.vocabulary, 96)
        return [p for passage in self.passages[:count] for p in batches.labelled(passage, form, forms.in_order)]


class Alone(Case):
    def test_of_the_pairs_read_alone_one_without_a_stance_is_always_among_them(self):
        form, rng = forms.FORMS["pair"](self.vocabulary, 96), random.Random(1)
        both = next(p for p in self.passages if (p.gold.argmax(1) > 0).sum() > 1 and (p.gold.argmax(1) == 0).any())
        weights, silent = batches.pair_weights(both), both.gold.argmax(1) == 0
        for count in (2, 3, 4):
            drawn = batches.alone(both, form, count, rng)
            labels = np.array([p.gold.argmax() for p in drawn])
            self.assertLessEqual(len(drawn), count)
            for kind, members in ((labels > 0, ~silent), (labels == 0, silent)):
                self.assertTrue(kind.any())
                total = sum(p.weights.sum() for p, here in zip(drawn, kind) if here)
                self.assertAlmostEqual(total, weights[members].sum(), places=4)


class Encoder(Case):
    def test_states_and_logits_are_those_of_another_implementation(self):
        fixture = json.loads((ROOT / "tests" / "fixtures" / "golden_encoder.json").read_text(encoding="utf-8"))
        (model,) = [m for m in fixture["models"] if m["folder"] == "models/tiny"]
        net, _ = network()
        stored = load_file(TINY / "model.safetensors")
        head = {name.removeprefix("head."): t.float() for name, t in stored.items() if name.startswith("head.")}
        net.head.load_state_dict(head)
        net.eval()
        for example in model["examples"]:
            states = np.full(len(example["ids"]), -1)
            for slot, places in enumerate(example["roles"]):
                states[places] = slot
            dyads = np.array(example["dyads"])
            one = forms.Pass(np.array(example["ids"]), states, dyads, np.arange(len(dyads)))
            # Beside a longer one, so that it is padded.
            longer = max((e.encoded for e in self.encoded()), key=lambda p: len(p.ids))
            rows = [batches.Labelled(p, np.zeros((len(p.dyads), 4)), np.ones(len(p.dyads))) for p in (one, longer)]
            batch = batches.collated(rows).to("cpu")
            with self.subTest(example["name"]), torch.no_grad():
                hidden = net.hidden(batch)
                np.testing.assert_allclose(hidden[0, : len(example["ids"])].numpy(), example["hidden"], atol=2e-4)
                np.testing.assert_allclose(net.head(hidden, batch)[: len(dyads)], example["logits"], atol=2e-3)


class Heads(Case):
    def test_every_head_learns_from_every_form(self):
        for head, form in itertools.product(heads.HEADS, forms.FORMS):
            with self.subTest(head=head, form=form):
                net, _ = network(head, form)
                batch = batches.collated(self.encoded(form, 3)).to("cpu")
                self.assertEqual(net(batch).shape, batch.gold.shape)
                losses = net.head.losses(net.hidden(batch), batch, 0.03)
                self.assertEqual(losses.shape, batch.weights.shape)
                losses.sum().backward()
                for name, parameter in net.named_parameters():
                    self.assertTrue(parameter.grad is not None and parameter.grad.isfinite().all(), name)

    def test_a_label_does_not_depend_on_the_company(self):
        encoded = self.encoded()
        for head in heads.HEADS:
            net, _ = network(head)
            net.eval()
            with torch.no_grad():
                alone, together = (net(batches.collated(part).to("cpu")) for part in (encoded[:1], encoded))
            np.testing.assert_allclose(together[: len(alone)], alone, atol=1e-4, err_msg=head)

    def test_means_and_first_mentions(self):
        batch = batches.collated(self.encoded(count=1)).to("cpu")
        hidden = torch.arange(batch.ids.numel(), dtype=torch.float32).view(*batch.ids.shape, 1)
        places = (batch.states[0] == 0).nonzero().flatten().float()
        self.assertGreater(len(places), 1)
        self.assertEqual(heads.mean_states(hidden, batch)[0, 0].item(), places.mean().item())
        self.assertEqual(heads.mean_states(hidden, batch, first_only=True)[0, 0].item(), places[0].item())

    def test_auxiliary_questions(self):
        own, back = torch.tensor([0, 0, 2, 3, 1, 0]), torch.tensor([0, 3, 0, 2, -1, -1])
        relation, direction, polarity = heads.auxiliary_labels(own, back)
        self.assertEqual(relation.tolist(), [0, 1, 1, 1, 1, -1])
        self.assertEqual(direction.tolist(), [-1, 1, 0, 2, -1, -1])
        self.assertEqual(polarity.tolist(), [-1, -1, 0, 1, 0, -1])


class Recipe(Case):
    def test_rates_by_layer_and_step(self):
        self.assertEqual(recipe.rate("head.out.weight", 6, 0.9), 5.0)
        self.assertEqual(recipe.rate("bert.encoder.layer.5.output.dense.weight", 6, 0.9), 1.0)
        self.assertAlmostEqual(recipe.rate("bert.encoder.layer.0.output.dense.weight", 6, 0.9), 0.9**5)
        self.assertAlmostEqual(recipe.rate("bert.embeddings.word_embeddings.weight", 6, 0.9), 0.9**6)
        rates = [recipe.factor(step, 100, 0.1) for step in range(100)]
        self.assertAlmostEqual(rates[0], 0.1)
        self.assertAlmostEqual(rates[9], 1.0)
        self.assertTrue(all(a > b for a, b in itertools.pairwise(rates[9:])) and 0 < rates[99] < 0.02)

    def test_a_batch_in_parts_has_the_gradient_of_the_whole(self):
        encoded, gradients = self.encoded("roles"), []
        for tokens in (batches.PADDED_TOKENS, 500):
            net = network()[0].eval()  # without dropout
            with mock.patch.object(batches, "PADDED_TOKENS", tokens), mock.patch.object(recipe, "half", whole):
                collated = [batches.collated(part) for part in batches.parts(encoded)]
                recipe.update(net, collated, recipe.Settings(), torch.device("cpu"))
            gradients.append(net.head.dense.weight.grad)
        torch.testing.assert_close(*gradients)

    def test_divergence_of_equal_masks_is_nothing(self):
        net, _ = network()
        net.eval()
        batch = batches.collated(self.encoded()).to("cpu")
        settings = recipe.Settings(rdrop=1.0)
        with torch.no_grad():
            torch.testing.assert_close(
                recipe.twofold_losses(net, batch, settings), recipe.losses(net, batch, settings)
            )

    def test_averages(self):
        for kind, wanted in ((averages.Last, 4.0), (averages.Epochs, 3.5)):
            net = torch.nn.Linear(1, 1, bias=False)
            average = kind(net, 4)
            for epoch in range(1, 5):
                torch.nn.init.constant_(net.weight, epoch)
                average.after_update()
                average.after_epoch(epoch)
            average.finish()
            self.assertEqual(net.weight.item(), wanted)
        torch.nn.init.constant_(net.weight, 0.0)
        average = averages.Moving(net, 1)
        torch.nn.init.constant_(net.weight, 11.0)
        average.after_update()
        average.finish()
        self.assertAlmostEqual(net.weight.item(), 11 * 9 / 11, 4)  # the first share is 1 - 2/11

    def test_masking(self):
        rows = masked_lm.tokenised(["the envoys of the government met in the capital"] * 32, self.vocabulary)
        ids, mask, places, wanted = masked_lm.masked(rows, self.vocabulary, np.random.default_rng(1))
        inside = int(mask.sum()) - 2 * len(rows)
        self.assertTrue(0.08 < len(places) / inside < 0.22)
        whole = np.stack([np.pad(row, (0, ids.shape[1] - len(row))) for row in rows])
        np.testing.assert_array_equal(whole.flat[places.numpy()], wanted)
        hidden = (ids.flatten()[places] == self.vocabulary.mask).float().mean().item()
        self.assertTrue(0.6 < hidden < 0.95)
        untouched = np.setdiff1d(np.arange(whole.size), places)
        np.testing.assert_array_equal(whole.flat[untouched], ids.numpy().flat[untouched])

    def test_teachers_come_before_their_student(self):
        runs = variants.plan(["baseline", "selftrain"], [2], 3)
        self.assertEqual(runs, [("baseline", 1), ("baseline", 2), ("baseline", 3), ("selftrain", 2)])


def whole(_device):
    """No autocast: for exact comparisons."""
    return contextlib.nullcontext()


class EndToEnd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        lines = COMPOSED.read_text(encoding="utf-8").splitlines()
        self.write("train.jsonl", lines[:20])
        self.write("dev.jsonl", lines[20:30])
        self.write("first.jsonl", lines[30:40])
        linked = [json.dumps({key: json.loads(line)[key] for key in ("text", "mentions")}) for line in lines[40:50]]
        self.write("unlabelled.jsonl", [*linked, '{"text": "The court met in May."}'])

    def write(self, name, lines):
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run_program(self, *more):
        files = {name: str(self.folder / f"{name}.jsonl") for name in ("train", "dev", "first", "unlabelled")}
        given = ["--start", str(TINY), "--train", files["train"], "--dev", files["dev"], "-o", str(self.folder / "out"),
                 "--unlabelled", files["unlabelled"], "--intermediate", files["first"], *more]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            program.main(given)
        results = (self.folder / "out" / "results.jsonl").read_text().splitlines()
        return [json.loads(line) for line in results], said.getvalue()

    def test_twenty_texts_lower_the_loss_and_the_same_seed_gives_the_same(self):
        (line,), _ = self.run_program("--only", "baseline", "--epochs", "20")
        self.assertLess(np.mean(line["losses"][-5:]), 0.9 * np.mean(line["losses"][:5]))
        (self.folder / "out" / "results.jsonl").unlink()
        (again,), _ = self.run_program("--only", "baseline", "--epochs", "20")
        self.assertEqual(line["losses"], again["losses"])

    def test_a_student_learns_from_labels_and_teachers_and_is_a_model_folder(self):
        ask = ("--ask", str(self.folder / "train.jsonl"), str(self.folder / "unlabelled.jsonl"))
        lines, _ = self.run_program("--only", "baseline,roles", "--epochs", "1", "--workers", "2", *ask)
        self.assertEqual({line["name"] for line in lines}, {"baseline", "roles"})
        (soft,) = (self.folder / "out" / "soft").iterdir()
        answers = distil.Answers(soft, ["roles"])
        self.assertEqual(answers.teachers, ["roles-1"])
        texts = data.read(self.folder / "train.jsonl")
        vocabulary = passages.Vocabulary(TINY / "tokenizer.json")
        found = passages.compiled(texts, vocabulary)
        blended, pairs = distil.blended(texts, found, answers, 0.25)
        self.assertEqual(pairs, sum(len(text.pairs) for text in texts))
        for text, one, blend in zip(texts, found, blended):
            said = np.array([answers.of(text)[a, t] for a, t, *_ in text.pairs])
            np.testing.assert_allclose(blend.gold, 0.75 * one.gold + 0.25 * said, atol=1e-6)
        files = {name: str(self.folder / f"{name}.jsonl") for name in ("train", "dev", "unlabelled")}
        given = ["--start", str(TINY), "--train", files["train"], "--dev", files["dev"], "--soft", str(soft),
                 "--unlabelled", files["unlabelled"], "--teachers", "roles", "--variant", "looks", "--epochs", "1",
                 "--seeds", "1,2", "--workers", "2", "--like", str(TINY), "-o", str(self.folder / "students")]
        with contextlib.redirect_stderr(io.StringIO()):
            distil.main(given)
        weights = [load_file(self.folder / "students" / n / "model.safetensors") for n in ("seed-1", "seed-2", "mean")]
        self.assertEqual(set(weights[0]), set(load_file(TINY / "model.safetensors")))
        for name in weights[0]:
            one, two, mean = (w[name].float() for w in weights)
            torch.testing.assert_close(mean, (one + two) / 2, atol=2e-3, rtol=0)
        stance = json.loads((self.folder / "students" / "seed-2" / "stance.json").read_text(encoding="utf-8"))
        self.assertEqual((stance["training"]["seed"], stance["training"]["teachers"]), (2, ["roles-1"]))
        self.assertEqual(stance["training"]["soft_texts"], 10)
        self.assertEqual(stance["second_look"], {"below": 0.7, "temperature": 1.0, "smoothing": 0.0})
        sums = (self.folder / "students" / "seed-2" / "SHA256SUMS").read_text(encoding="utf-8")
        digest = hashlib.sha256((self.folder / "students" / "seed-2" / "stance.json").read_bytes()).hexdigest()
        self.assertIn(f"{digest}  stance.json", sums)
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaisesRegex(SystemExit, "there already"):
            distil.main(given)

    def test_a_failed_process_is_told_at_the_end_and_the_others_go_on(self):
        done = self.folder / "done"
        calls = [processes.Call(int, ("no number",)), processes.Call(done.write_text, ("x",))]
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaisesRegex(ValueError, "1 of the processes failed"):
            processes.side_by_side(calls, 2)
        self.assertTrue(done.exists())

    def test_a_call_waits_for_what_it_needs_and_none_begins_late(self):
        first = self.folder / "first"
        late = processes.Call(lambda: (self.folder / "second").write_text(first.read_text()), (), first.exists)
        self.assertEqual(processes.side_by_side([late, processes.Call(first.write_text, ("x",))], 2), [])
        self.assertTrue((self.folder / "second").exists())
        self.assertEqual(processes.side_by_side([late], 2, until=0.0), [late])

    def test_every_variant_runs_and_a_stopped_comparison_goes_on(self):
        budget = ("--epochs", "2", "--mlm-steps", "3", "--teachers", "2", "--texts", "12")
        some, _ = self.run_program(*budget, "--only", "baseline,swa")
        self.assertEqual([line["name"] for line in some], ["baseline", "swa"])
        every, shown = self.run_program(*budget)
        self.assertEqual({line["name"] for line in every}, set(variants.VARIANTS))
        self.assertEqual(sum(line["name"] == "swa" for line in every), 1)
        self.assertEqual(len(shown.splitlines()), 2 + len(variants.VARIANTS))
        self.assertEqual(shown, (self.folder / "out" / "table.md").read_text(encoding="utf-8"))
        self.assertEqual(self.run_program(*budget)[0], every)


if __name__ == "__main__":
    unittest.main()
