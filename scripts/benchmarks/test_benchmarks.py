"""Tests of the benchmark scripts on invented rows in the form of the public files.

Run: python3 -m unittest discover scripts/benchmarks
"""
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import common  # noqa: E402
import dse  # noqa: E402
import folds  # noqa: E402
import plv  # noqa: E402
import polarity  # noqa: E402
import seesaw  # noqa: E402

HEADER = "\tsentence_id\tgold_root\tsentence\tmarked_sentence\tsource\ttarget\troot_L2\n"


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return str(path)

    def quietly(self, call, *args):
        """The call's value and what it printed on standard error."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            return call(*args), errors.getvalue()

    def script(self, name, *args):
        command = [sys.executable, str(HERE / name), *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"})

    def surfaces(self, record):
        for m in record["mentions"]:
            self.assertEqual(record["text"][m["start"] : m["end"]], m["surface"])
        self.assertIsNone(common.overlap(record["mentions"]))
        return [(m["code"], m["surface"]) for m in record["mentions"]]


class Rows(Case):
    def test_a_stray_quote_swallows_no_other_line(self):
        path = self.write("a.tsv", 'a\t"b ""c"""\n"open\td\ne\tf\tg\n')
        found = list(common.rows(path, 2))
        self.assertEqual(found[:2], [(1, ["a", 'b "c"']), (2, ['"open', "d"])])
        self.assertEqual(str(found[2][1]), "3 cells, expected 2")

    def test_a_tally_that_does_not_add_up_is_refused(self):
        tally = common.Tally()
        tally.read = 1
        self.assertRaises(AssertionError, tally.report)


class Plv(Case):
    def convert(self, *lines, peer=None):
        path = self.write("PLV_x.tsv", HEADER + "".join(f"\t{i}\t{line}\n" for i, line in enumerate(lines)))
        (gold, predictions, tally), errors = self.quietly(plv.convert, path, peer)
        tally.report()
        return gold, predictions, tally, errors

    def row(self, root, marked, peer="AID"):
        return f"{root}\t-\t{marked}\t-\t-\t{peer}"

    def test_roots_become_stances_and_offsets_are_code_points(self):
        gold, _, _, _ = self.convert(self.row("AID", "Café 🌍: <s>Ruritania</s> helped <t>Côte d’Azul</t>."),
                                     self.row("ASSAULT", "<t>Sylvania</t> was shelled by <s>Ruritania</s>."))
        self.assertEqual(self.surfaces(gold[0]), [("#SRC", "Ruritania"), ("#TGT", "Côte d’Azul")])
        self.assertEqual(gold[0]["mentions"][0]["start"], 8)
        self.assertEqual([g["pairs"][0]["stance"] for g in gold], ["engage", "condemn"])
        self.assertEqual(self.surfaces(gold[1])[0], ("#TGT", "Sylvania"))

    def test_every_root_of_the_codebook_is_mapped(self):
        self.assertEqual(len(plv.ROOTS), 15)
        self.assertEqual(sorted(map(str, set(plv.ROOTS.values()))), ["None", "condemn", "engage"])

    def test_what_has_no_stance_or_no_mark_is_counted(self):
        gold, _, tally, _ = self.convert(self.row("REQUEST", "<s>A</s> asked <t>B</t>."),
                                         self.row("AID", "<s>Ruritania</s> resigned."))
        self.assertEqual(gold, [])
        self.assertEqual(dict(tally.skipped), {"REQUEST has no stance": 1, "target not marked in the sentence": 1})

    def test_a_malformed_row_is_reported_with_its_line_and_value(self):
        gold, _, tally, errors = self.convert(self.row("HUG", "<s>A</s> hugged <t>B</t>."), "AID\tshort",
                                              self.row("AID", "<s>A helped <t>B</t>."),
                                              self.row("AID", "<s>A</s> helped <t>B</t>."))
        self.assertEqual((len(gold), tally.malformed, tally.read), (1, 3, 4))
        self.assertRegex(errors, r"PLV_x.tsv:2: gold_root 'HUG', expected one of ACCUSE")
        self.assertRegex(errors, r"PLV_x.tsv:3: 4 cells, expected 8")
        self.assertRegex(errors, r"PLV_x.tsv:4: .*<s> is never closed")

    def test_marks_are_taken_as_whole_words(self):
        text, mentions = plv.place("<s>Syldav</s>ian planes left w<t>he</t>n <t>he</t> spoke of <t>he</t>alth.")
        self.assertEqual([m["surface"] for m in mentions], ["Syldavian", "he"])
        self.assertEqual(text[mentions[1]["start"] - 1], " ")
        text, mentions = plv.place("<s>The Council (TC) </s>met <t>UN</t>ICEF and the <t>UN</t>.")
        self.assertEqual([m["surface"] for m in mentions], ["The Council (TC)", "UN"])
        self.assertTrue(mentions[1]["start"] > text.index("UNICEF"))

    def test_a_mark_inside_another_gives_way(self):
        _, mentions = plv.place("<s><t>Syldavia</t>n President</s> praised <t>Syldavia</t>.")
        self.assertEqual([(m["code"], m["surface"]) for m in mentions],
                         [("#SRC", "Syldavian President"), ("#TGT", "Syldavia")])
        self.assertIsInstance(plv.place("<s><t>Syldavia</t>n President</s> spoke.")[1], str)

    def test_rows_of_one_sentence_share_the_id_before_the_hash(self):
        gold, _, _, _ = self.convert(self.row("AID", "<s>A</s> helped <t>B</t> and C."),
                                     self.row("AID", "<s>A</s> helped B and <t>C</t>."))
        self.assertEqual([g["id"] for g in gold], ["PLV_x-2#1", "PLV_x-2#2"])

    def test_a_peer_is_written_as_predictions_of_the_same_rows(self):
        _, predictions, _, _ = self.convert(self.row("AID", "<s>A</s> helped <t>B</t>.", "REJECT"),
                                            self.row("AID", "<s>A</s> met <t>B</t>.", "REQUEST"), peer="root_L2")
        self.assertEqual([p["stance"] for p in predictions], ["condemn", "none"])
        path = self.write("p.jsonl", "\n".join(map(json.dumps, predictions)))
        pairs, _ = polarity.load(path)
        self.assertEqual(sorted(pairs.values()), [(0, 1, 1), (0, 2, 2)])

    def test_a_missing_column_is_named(self):
        path = self.write("x.tsv", "sentence\tgold_root\nA\tAID\n")
        done = self.script("plv.py", path, self.folder / "out.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"x.tsv:1: column 'marked_sentence' found 0 times")
        self.assertFalse((self.folder / "out.jsonl").exists())


class Dse(Case):
    def convert(self, text):
        (gold, tally), errors = self.quietly(dse.convert, self.write("valid.txt", text))
        tally.report()
        return gold, tally, errors

    def test_labels_become_directed_pairs(self):
        lines = "".join(f"[Ann] spoke of [Bob].\tAnn\tBob\t{label}\n" for label in range(5))
        gold, _, _ = self.convert(lines)
        polar = [[(p["actor"], p["target"], p["stance"]) for p in g["pairs"] if p["stance"] != "none"] for g in gold]
        self.assertEqual(polar, [[], [("#P", "#Q", "engage")], [("#Q", "#P", "engage")],
                                 [("#P", "#Q", "condemn")], [("#Q", "#P", "condemn")]])
        self.assertTrue(all(p["sure"] == (p["stance"] != "none") for g in gold for p in g["pairs"]))

    def test_brackets_go_words_are_whole_and_other_brackets_stay(self):
        gold, _, _ = self.convert(" É [sic] [Liberal]s met [Ann]’s [aide].\tLiberal\tAnn\t1\n")
        self.assertEqual(gold[0]["text"], "É [sic] Liberals met Ann’s [aide].")
        self.assertEqual(self.surfaces(gold[0]), [("#P", "Liberals"), ("#Q", "Ann")])
        self.assertEqual(gold[0]["id"], "dse-valid-1")
        gold, _, _ = self.convert("[Ann’]s aide met [Bob].\tAnn’\tBob\t1\n")
        self.assertEqual(self.surfaces(gold[0])[0], ("#P", "Ann’s"))

    def test_quoted_lines_are_read_as_csv(self):
        gold, _, _ = self.convert('"""Bah,"" said [Ann] of [Bob]."\tAnn\tBob\t3\n')
        self.assertEqual(gold[0]["text"], '"Bah," said Ann of Bob.')

    def test_malformed_lines_are_reported(self):
        gold, tally, errors = self.convert("[A] x [B].\tA\tB\t7\n[A] x B.\tA\tB\t1\n[A] x\tA\n[Ab][c] x\tAb\tc\t1\n")
        self.assertEqual((gold, tally.malformed, sum(tally.skipped.values())), ([], 3, 1))
        self.assertIn("valid.txt:1: label '7', expected 0, 1, 2, 3 or 4", errors)
        self.assertIn("valid.txt:2: found [A]; expected [A] and after it [B]", errors)
        self.assertIn("valid.txt:3: 2 cells, expected 4", errors)


class Seesaw(Case):
    def build(self, sentences, entities, stances, name="TRIPLET_900_DOCUMENT_0", split="test"):
        self.write(f"articles/{name}.json", {"title": "t", "text": [{"id": i, "text": s} for i, s in enumerate(sentences)]})
        notes = {"entity lists": [[n, [kind], ["Main"], ["A"]] for n, kind in entities],
                 "sentence-level stances": {str(k): [{"id": 0, "subject": s, "sentiment": v, "object": o,
                                                      "annotators": ["A"]} for s, v, o in v_] for k, v_ in stances.items()}}
        self.write(f"annotations/{name}.json", notes)
        self.write("meta/TRIPLET_900.json", {"Split": split, "triplet_id": "900"})

    def convert(self, split=None):
        (gold, tally), errors = self.quietly(seesaw.convert, self.folder, split)
        tally.report()
        return gold, tally, errors

    def test_names_and_surnames_are_placed_in_code_points(self):
        self.build(["É! President Quimby hailed the Widget Guild, and Quimby’s aides cheered."],
                   [("Ada Quimby", "People"), ("Widget Guild", "Organization")],
                   {0: [("Ada Quimby", "POS", "Widget Guild")]})
        gold, _, _ = self.convert()
        self.assertEqual([s for _, s in self.surfaces(gold[0])], ["Quimby", "Widget Guild", "Quimby"])
        self.assertEqual(gold[0]["pairs"][0], {"actor": "#E1", "target": "#E2", "stance": "engage", "sure": True})
        self.assertEqual(gold[0]["id"], "seesaw-TRIPLET_900_DOCUMENT_0#0")

    def test_a_surname_of_two_people_or_behind_another_name_is_not_guessed(self):
        people = ["Ada Quimby", "Bob Quimby"]
        self.assertEqual(seesaw.place("Quimby left.", ["Ada Quimby"], people), {})
        self.assertEqual(seesaw.place("Zoe Quimby left.", ["Ada Quimby"], people[:1]), {})
        self.assertEqual(seesaw.place("When Quimby left.", ["Ada Quimby"], people[:1]), {"Ada Quimby": [(5, 11)]})
        self.assertEqual(seesaw.place("A quimby left.", ["Ada Quimby"], people[:1]), {})

    def test_the_longer_of_two_overlapping_names_wins(self):
        placed = seesaw.place("The Widget Guild left; the Guild stayed.", ["Guild", "Widget Guild"], [])
        self.assertEqual(placed, {"Widget Guild": [(4, 16)], "Guild": [(27, 32)]})

    def test_what_cannot_be_placed_is_counted_by_reason(self):
        self.build(["Quimby scolded them.", "The Guild and Quimby fell out."],
                   [("Ada Quimby", "People"), ("Guild", "Organization")],
                   {0: [("Ada Quimby", "NEG", "Guild"), ("None", "NEG", "Guild"), ("Ada Quimby", "NEG", "Not in the list")],
                    1: [("Guild", "NEG", "Ada Quimby"), ("Guild", "NEG", "Ada Quimby"),
                        ("Ada Quimby", "POS", "Guild"), ("Ada Quimby", "NEG", "Guild"), ("Guild", "NEG", "Guild")]})
        gold, tally, _ = self.convert()
        self.assertEqual(len(gold), 1)
        self.assertEqual([p["stance"] for p in gold[0]["pairs"]], ["condemn"])
        self.assertEqual(dict(tally.skipped), {
            "target not named in the sentence": 1, "the author is actor or target": 1,
            "actor or target is not in the article's list": 1, "the same stance twice": 1,
            "both POS and NEG for one pair": 2, "actor and target are the same": 1})
        self.assertEqual((tally.read, tally.converted), (8, 1))

    def test_malformed_stances_are_reported(self):
        self.build(["Guild."], [("Guild", "Organization")], {0: [("Guild", "MEH", "Ada")], 9: [("Guild", "NEG", "Ada")]})
        _, tally, errors = self.convert()
        self.assertEqual(tally.malformed, 2)
        self.assertRegex(errors, r"sentence 0: sentiment 'MEH', expected POS or NEG")
        self.assertRegex(errors, r"sentence 9: no text with this number")

    def test_split_takes_only_its_stories(self):
        self.build(["Guild met Club."], [("Guild", "Topic"), ("Club", "Topic")], {0: [("Guild", "POS", "Club")]})
        self.assertEqual(len(self.convert("test")[0]), 1)
        self.assertEqual(len(self.convert("train")[0]), 0)


class Polarity(Case):
    def line(self, identity, gold, stance, **shares):
        p = {f"p_{c}": shares.get(c, 0.0) for c in common.STANCES}
        return json.dumps({"id": identity, "actor": "#P", "target": "#Q", "gold": gold, "stance": stance, **p}) + "\n"

    def test_figures_are_those_counted_by_hand(self):
        # gold 0: 3 said 0, 1 said 1; gold 1: 1 said 0, 2 said 1, 1 said neither
        accuracy, macro, coop, conf = polarity.figures([3, 1, 0, 1, 2, 1])
        self.assertAlmostEqual(accuracy, 5 / 8)
        self.assertAlmostEqual(coop, 6 / 8)
        self.assertAlmostEqual(conf, 4 / 7)
        self.assertAlmostEqual(macro, (6 / 8 + 4 / 7) / 2)

    def test_forced_takes_the_larger_and_stance_the_label(self):
        text = (self.line("a", "engage", "none", none=0.5, recognize=0.1, engage=0.15, condemn=0.2)
                + self.line("b", "condemn", "condemn", condemn=1.0) + self.line("c", "none", "none", none=1.0)
                + self.line("d", "recognize", "none", none=1.0))
        pairs, none = polarity.load(self.write("p.jsonl", text))
        self.assertEqual(none, 1)
        self.assertEqual(sorted(pairs.values()), [(0, 0, 2), (0, 2, 2), (1, 1, 1)])

    def test_the_same_seed_gives_the_same_interval_and_itself_no_difference(self):
        text = "".join(self.line(f"d{i // 2}#{i}", "condemn" if i % 3 else "engage", "condemn", condemn=0.9, engage=0.1 * (i % 4))
                       for i in range(40))
        path = self.write("p.jsonl", text)
        first, again = (self.script("polarity.py", path, "--against", path, "--resamples", 200) for _ in range(2))
        self.assertEqual((first.returncode, first.stdout), (0, again.stdout))
        self.assertIn("40 pairs (14 cooperation, 26 conflict) of 20 documents", first.stdout)
        self.assertIn("minus   accuracy 0.000 [0.000, 0.000]", first.stdout)

    def test_bad_predictions_are_refused_with_line_value_and_expectation(self):
        for line, message in [(self.line("a", "engage", "hug"), r":1: stance 'hug', expected one of"),
                              (self.line("a", "engage", "none", none=1.5), r":1: p_none is 1.5, expected a number"),
                              (2 * self.line("a", "engage", "none"), r":2: pair a #P #Q stands twice"),
                              ("{", r":1: not JSON"), ('{"id": 3}', r":1: id is 3, expected a string"),
                              (self.line("a", "none", "none"), r"no pair with gold")]:
            done = self.script("polarity.py", self.write("p.jsonl", line))
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, message)

    def test_other_pairs_are_refused(self):
        a = self.write("a.jsonl", self.line("a", "engage", "engage", engage=1.0))
        b = self.write("b.jsonl", self.line("a", "condemn", "engage", engage=1.0))
        self.assertRegex(self.script("polarity.py", a, "--against", b).stderr, "other pairs or other gold labels")


class Folds(Case):
    def records(self):
        pair = lambda i: [{"actor": "#P", "target": "#Q", "stance": "engage" if i % 2 else "condemn"}]
        return [{"id": f"x-{i}#1", "text": f"text {i}", "pairs": pair(i)} for i in range(20)] + [
            {"id": "x-3#2", "text": "text 3", "pairs": pair(3)}, {"id": "y", "text": "text 4", "pairs": pair(4)}]

    def test_each_record_is_tested_once_and_never_learnt_with_its_own_text(self):
        path = self.write("in.jsonl", "".join(json.dumps(r) + "\n" for r in self.records()))
        done = self.script("folds.py", path, 5, self.folder / "folds")
        self.assertEqual(done.returncode, 0, done.stderr)
        tested = []
        for fold in range(1, 6):
            train, test = ([r for _, r in common.read_jsonl(self.folder / "folds" / f"fold{fold}.{part}.jsonl")]
                           for part in ("train", "test"))
            self.assertEqual(len(train) + len(test), 22)
            self.assertFalse({r["text"] for r in train} & {r["text"] for r in test})
            stances = [r["pairs"][0]["stance"] for r in test]
            self.assertLessEqual(abs(stances.count("engage") - stances.count("condemn")), 2)
            tested += [r["id"] for r in test]
        self.assertEqual(sorted(tested), sorted(r["id"] for r in self.records()))

    def test_the_seed_decides(self):
        records = self.records()
        self.assertEqual(folds.assign(records, 5, 1), folds.assign(records, 5, 1))
        self.assertNotEqual(folds.assign(records, 5, 1), folds.assign(records, 5, 2))

    def test_too_many_folds_are_refused(self):
        self.assertRaisesRegex(common.Malformed, "99 folds, expected from 2 to 20", folds.assign, self.records(), 99, 1)


if __name__ == "__main__":
    unittest.main()
