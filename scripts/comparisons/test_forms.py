"""Tests of passages, forms and joining on hand-written sentences.

Run: python3 -m unittest discover -s scripts/comparisons -t scripts
"""
import json
import pathlib
import random
import unittest

import numpy as np

from comparisons import batches, data, forms, mix, passages

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "models" / "tiny"


def written(marked, pairs, **other):
    """A text in which `{CODE|surface}` is a mention; pairs are (actor, target, stance)."""
    text, mentions, at = "", [], 0
    while "{" in marked[at:]:
        opening = marked.index("{", at)
        closing = marked.index("}", opening)
        code, surface = marked[opening + 1 : closing].split("|")
        text += marked[at:opening]
        mentions.append((len(text), len(text) + len(surface), code))
        text += surface
        at = closing + 1
    text += marked[at:]
    return data.Text("t", text, tuple(mentions), tuple((*p, True) for p in pairs), **other)


PERU = written(
    "{PER|Peru} met {TCD|Chad}; {FJI|Fiji} praised {PER|Peru}.",
    [("PER", "TCD", "engage"), ("FJI", "PER", "engage"), ("TCD", "PER", "none")],
)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vocabulary = passages.Vocabulary(TINY / "tokenizer.json")

    def passage(self, text):
        return passages.compiled([text], self.vocabulary)[0]

    def shown(self, encoded):
        """The tokens as people read them, those of states with their number."""
        words = [self.vocabulary.tokenizer.id_to_token(int(i)) for i in encoded.ids]
        return " ".join(f"{word}:{state}" if state >= 0 else word for word, state in zip(words, encoded.states))

    def form(self, name, max_tokens=96):
        return forms.FORMS[name](self.vocabulary, max_tokens)


class Forms(Case):
    def test_numbered_roles_by_first_appearance(self):
        (only,) = self.form("numbered").passes(self.passage(PERU))
        self.assertEqual(self.shown(only), "[CLS] [P1]:0 met [P2]:1 ; [P3]:2 praised [P1]:0 . [SEP]")
        self.assertEqual(only.dyads.tolist(), [[0, 1], [2, 0], [1, 0]])
        self.assertEqual(only.pairs.tolist(), [0, 1, 2])

    def test_one_pass_a_dyad_with_roles(self):
        passes = self.form("roles").passes(self.passage(PERU))
        self.assertEqual(
            [self.shown(p) for p in passes],  # [P1] actor, [P2] target, [P3] all others
            [
                "[CLS] [P1]:0 met [P2]:1 ; [P3] praised [P1]:0 . [SEP]",
                "[CLS] [P2]:1 met [P3] ; [P1]:0 praised [P2]:1 . [SEP]",
                "[CLS] [P2]:1 met [P1]:0 ; [P3] praised [P2]:1 . [SEP]",
            ],
        )
        self.assertEqual([p.pairs.tolist() for p in passes], [[0], [1], [2]])

    def test_a_pair_alone_has_tokens_of_its_own(self):
        passage, form = self.passage(PERU), self.form("pair")
        self.assertEqual(
            self.shown(form.alone(passage, 1)), "[CLS] [TARGET]:1 met [OTHER] ; [ACTOR]:0 praised [TARGET]:1 . [SEP]"
        )
        self.assertEqual(len(form.passes(passage)), 3)

    def test_one_pass_a_dyad_with_marked_names(self):
        passes = self.form("markers").passes(self.passage(PERU))
        peru, chad, fiji = "per ##u", "c ##h ##a ##d", "f ##i ##j ##i"
        self.assertEqual(
            self.shown(passes[1]),  # [P1] and [P2] around the actor, [P3] and [P4] around the target
            f"[CLS] [P3]:1 {peru} [P4] met {chad} ; [P1]:0 {fiji} [P2] praised [P3]:1 {peru} [P4] . [SEP]",
        )
        self.assertEqual([p.dyads.tolist() for p in passes], [[[0, 1]]] * 3)

    def test_one_pass_a_target_with_the_others_numbered(self):
        passes = self.form("target").passes(self.passage(PERU))
        self.assertEqual(
            [self.shown(p) for p in passes],  # [P24] the target
            [
                "[CLS] [P1]:1 met [P24]:0 ; [P2]:2 praised [P1]:1 . [SEP]",
                "[CLS] [P24]:0 met [P1]:1 ; [P2]:2 praised [P24]:0 . [SEP]",
            ],
        )
        self.assertEqual([p.pairs.tolist() for p in passes], [[0], [1, 2]])
        self.assertEqual(passes[1].dyads.tolist(), [[2, 0], [1, 0]])

    def test_all_forms_hold_all_pairs_of_the_same_text(self):
        for name in forms.FORMS:
            passes = self.form(name).passes(self.passage(PERU))
            self.assertEqual(sorted(i for p in passes for i in p.pairs.tolist()), [0, 1, 2], name)

    def test_more_polities_than_roles_are_covered_by_several_passes(self):
        codes = [f"C{n}" for n in range(30)]
        listed = written(", ".join(f"{{{c}|Peru}}" for c in codes), [(c, "C0", "none") for c in codes[1:]])
        for name in ("numbered", "target"):
            passes = self.form(name, 256).passes(self.passage(listed))
            self.assertEqual(sorted(i for p in passes for i in p.pairs.tolist()), list(range(29)), name)
            self.assertEqual(len(passes), 2, name)

    def test_what_is_too_long_loses_the_tokens_farthest_from_its_mentions(self):
        far = "the of to in " * 9
        text = written(f"{far}{{PER|Peru}} met {{TCD|Chad}} {far}", [("PER", "TCD", "engage")])
        shown = [self.shown(self.form(name, 9).passes(self.passage(text))[0]) for name in ("numbered", "roles")]
        self.assertEqual(shown, ["[CLS] to in [P1]:0 met [P2]:1 the of [SEP]"] * 2)
        marked = self.shown(self.form("markers", 16).passes(self.passage(text))[0])
        self.assertIn("[P1]:0 per ##u [P2] met [P3]:1 c ##h ##a ##d [P4]", marked)


class Golden(unittest.TestCase):
    """The baseline's encoding is that of the product, by the fixture that scripts/golden.py writes."""

    def test_the_same_ids_and_roles(self):
        fixture = json.loads((ROOT / "tests" / "fixtures" / "golden_encoder.json").read_text(encoding="utf-8"))
        for model in fixture["models"]:
            folder = ROOT / model["folder"]
            vocabulary = passages.Vocabulary(folder / "tokenizer.json")
            form = forms.Numbered(vocabulary, json.loads((folder / "stance.json").read_text())["max_tokens"])
            for example in model["examples"]:
                with self.subTest(folder=model["folder"], name=example["name"]):
                    (found,) = form.passes(passages.compiled([golden(example)], vocabulary)[0])
                    self.assertEqual(found.ids.tolist(), example["ids"])
                    roles = [np.flatnonzero(found.states == slot).tolist() for slot in range(len(example["roles"]))]
                    self.assertEqual(roles, example["roles"])
                    self.assertEqual(found.dyads.tolist(), example["dyads"])


def golden(example):
    """An example of the fixture, whose offsets are bytes, as a text."""
    content = example["text"].encode()
    point = [len(content[:at].decode(errors="ignore")) for at in range(len(content) + 1)]
    mentions = tuple((point[start], point[end], code) for start, end, code in example["mentions"])
    codes = example["polities"]
    pairs = tuple((codes[a], codes[t], "none", True) for a, t in example["dyads"])
    return data.Text(example["name"], example["text"], mentions, pairs)


class Mixing(Case):
    def setUp(self):
        self.first = self.passage(written("{PER|Peru} condemned {TCD|Chad}. ", [("PER", "TCD", "condemn")]))
        self.second = self.passage(written("{CIV|Niger} met {FJI|Fiji}.", [("CIV", "FJI", "engage")]))

    def pairs(self, joined):
        return {
            (joined.polities[a], joined.polities[t]): data.STANCES[gold.argmax()]
            for (a, t), gold in zip(joined.dyads.tolist(), joined.gold)
        }

    def test_side_by_side_both_keep_their_labels_and_have_none_across(self):
        joined = mix.join(self.first, self.second, random.Random(1))
        (encoded,) = self.form("numbered").passes(joined)
        self.assertEqual(self.shown(encoded), "[CLS] [P1]:0 condemned [P2]:1 . [P3]:2 met [P4]:3 . [SEP]")
        pairs = self.pairs(joined)
        self.assertEqual((pairs.pop(("PER", "TCD")), pairs.pop(("CIV", "FJI"))), ("condemn", "engage"))
        self.assertEqual(set(pairs.values()), {"none"})
        self.assertEqual(len(pairs), mix.ACROSS)
        for actor, target in pairs:
            self.assertNotEqual(actor in ("PER", "TCD"), target in ("PER", "TCD"))

    def test_each_pair_keeps_its_weight_and_those_across_have_the_smaller(self):
        heavy = self.passage(written("{PER|Peru} condemned {TCD|Chad}. ", [("PER", "TCD", "condemn")], weight=3.0))
        light = self.passage(written("{CIV|Niger} met {FJI|Fiji}.", [("CIV", "FJI", "engage")], weight=0.5))
        for first, second in ((heavy, light), (light, heavy)):
            joined = mix.join(first, second, random.Random(1))
            self.assertEqual(joined.weights.tolist(), [first.weight, second.weight] + [0.5] * mix.ACROSS)

    def test_texts_on_the_same_dyad_are_not_joined(self):
        self.assertIsNone(mix.join(self.first, self.first, random.Random(1)))

    def test_joined_tokens_are_those_of_the_joined_text(self):
        one, two = "Été at {PER|Peru}’s port ", "– {FJI|Fiji} met (again) the envoys."
        parts = [self.passage(written(text, [])) for text in (one, two)]
        joined = mix.join(*parts, random.Random(1))
        whole = self.passage(written(f"{one.rstrip()} {two}", []))
        for field in ("ids", "kinds", "mentions", "slots"):
            self.assertEqual(getattr(joined, field).tolist(), getattr(whole, field).tolist())


class Batches(Case):
    def test_a_batch_holds_its_passes_side_by_side(self):
        short = written("{PER|Peru} met {FJI|Fiji}.", [("FJI", "PER", "none")])
        form = self.form("numbered")
        encoded = [p for text in (PERU, short) for p in batches.labelled(self.passage(text), form, forms.in_order)]
        batch = batches.collated(encoded)
        self.assertEqual(batch.ids.shape[1] % batches.MULTIPLE, 0)
        self.assertEqual(batch.mask.sum(1).tolist(), [len(e.encoded.ids) for e in encoded])
        self.assertEqual(batch.sequence.tolist(), [0, 0, 0, 1])
        self.assertEqual(batch.rank.tolist(), [0, 1, 2, 0])
        self.assertEqual(batch.gold.argmax(1).tolist(), [2, 2, 0, 0])
        self.assertEqual(batch.reverse.tolist(), [0, -1, 2, -1])

    def test_an_epoch_holds_every_text_once_and_the_same_under_the_same_seed(self):
        texts = [written("{PER|Peru} met {FJI|Fiji}.", [("PER", "FJI", "engage")]) for _ in range(70)]
        compiled = passages.compiled(texts, self.vocabulary)

        def drawn(seed):
            updates = batches.epoch(compiled, mix.Mixer(compiled), 0.0, random.Random(seed))
            made = batches.Updates(updates, (self.form("numbered"), self.form("pair")), 1, seed)
            return [[batch.ids.tolist() for batch in made[at]] for at in range(len(made))]

        # Each text together and, one pair of it, alone.
        self.assertEqual(sorted(sum(map(len, update)) for update in drawn(1)), [12, 64, 64])
        self.assertEqual(drawn(1), drawn(1))
        self.assertNotEqual(drawn(1), drawn(2))

    def test_the_silent_pairs_of_a_round_up_share_the_weight_of_six(self):
        codes = [f"C{n}" for n in range(7)]
        pairs = [(a, t, "none") for a in codes for t in codes if a != t]
        listed = self.passage(written(", ".join(f"{{{c}|Peru}}" for c in codes), pairs, weight=0.5))
        for name in forms.FORMS:
            weights = [w for p in batches.labelled(listed, self.form(name), forms.in_order) for w in p.weights]
            self.assertAlmostEqual(sum(weights), 3.0, 5)

    def test_pairs_that_are_read_alone_have_the_weight_of_all_of_their_kind(self):
        codes = [f"C{n}" for n in range(5)]
        pairs = [(a, t, "engage" if a < t else "none") for a in codes for t in codes if a != t]
        listed = self.passage(written(", ".join(f"{{{c}|Peru}}" for c in codes), pairs))
        drawn = batches.alone(listed, self.form("pair"), 5, random.Random(1))
        self.assertEqual([p.gold.argmax() for p in drawn], [2, 2, 2, 0, 0])
        self.assertAlmostEqual(sum(p.weights[0] for p in drawn[:3]), 10, 4)
        self.assertAlmostEqual(sum(p.weights[0] for p in drawn[3:]), 6, 4)
        self.assertEqual(len(batches.alone(self.passage(PERU), self.form("pair"), 5, random.Random(1))), 3)

    def test_many_long_passes_are_split_and_none_is_lost(self):
        (encoded,) = batches.labelled(self.passage(PERU), self.form("numbered"), forms.in_order)
        many = [encoded] * (2 * batches.PADDED_TOKENS // len(encoded.encoded.ids))
        split = list(batches.parts(many))
        self.assertGreater(len(split), 1)
        self.assertEqual(sum(map(len, split)), len(many))


class Reading(unittest.TestCase):
    def test_defects_are_named(self):
        record = {"id": "a", "text": "Peru met Chad", "mentions": [{"start": 0, "end": 4, "code": "PER"}], "pairs": []}
        pair = {"actor": "PER", "target": "TCD", "stance": "none"}
        for change, word in (
            ({"pairs": [pair]}, "no mention"),
            ({"pairs": [{**pair, "stance": "like"}]}, "no stance"),
            ({"mentions": record["mentions"] * 2}, "overlap"),
        ):
            with self.assertRaisesRegex(ValueError, word):
                data.parsed({**record, **change}, 1.0)

    def test_a_sample_is_the_same_every_time_and_in_order(self):
        self.assertEqual(data.subsample(list(range(50)), 9), data.subsample(list(range(50)), 9))
        self.assertEqual(data.subsample(list(range(50)), 9), sorted(data.subsample(list(range(50)), 9)))


if __name__ == "__main__":
    unittest.main()
