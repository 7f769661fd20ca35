"""Tests of figures, intervals, the table and the file of results on cases with known answers.

Run: python3 -m unittest discover -s scripts/comparisons -t scripts
"""
import json
import pathlib
import tempfile
import unittest

import numpy as np

from comparisons import evaluation, runs, table

NONE, RECOGNIZE, ENGAGE, CONDEMN = range(4)


def documents(*pairs):
    """The confusion of documents of one pair each, given as (gold, predicted)."""
    return np.array([evaluation.confusion([gold], [predicted]) for gold, predicted in pairs])


class Figures(unittest.TestCase):
    def test_by_hand(self):
        gold = np.array([NONE, NONE, RECOGNIZE, RECOGNIZE, ENGAGE, CONDEMN])
        predicted = np.array([NONE, ENGAGE, RECOGNIZE, NONE, ENGAGE, CONDEMN])
        found = evaluation.figures(evaluation.confusion(gold, predicted))
        # recognize 2·1/(2+1), engage 2·1/(1+2), condemn 1
        self.assertEqual(found, {"macro_f1": 0.7778, "accuracy": 0.6667, "recognize_f1": 0.6667})

    def test_a_class_that_nothing_has_counts_as_nothing(self):
        self.assertEqual(evaluation.figures(evaluation.confusion(np.array([0]), np.array([0])))["macro_f1"], 0.0)


class Intervals(unittest.TestCase):
    def test_two_documents(self):
        ours = documents((CONDEMN, CONDEMN), (CONDEMN, NONE))
        theirs = documents((CONDEMN, NONE), (CONDEMN, NONE))
        # A quarter of the draws is the first document twice (F1 of condemn 1), a quarter the second twice (0).
        np.testing.assert_allclose(table.interval([ours], [theirs]), [0, 1 / 3])

    def test_both_sides_see_the_same_draws(self):
        run = documents(*[(CONDEMN, CONDEMN), (ENGAGE, NONE), (RECOGNIZE, RECOGNIZE), (NONE, CONDEMN)] * 5)
        np.testing.assert_array_equal(table.interval([run, run], [run, run]), [0, 0])

    def test_a_share_has_the_interval_of_the_binomial(self):
        ours = documents(*[(CONDEMN, CONDEMN), (CONDEMN, NONE)] * 200)
        theirs = documents(*[(CONDEMN, NONE)] * 400)
        # The hits of 400 documents are 200 ± 1.96 · 10; F1 of condemn is 2 h / (400 + h).
        known = [2 * hits / (400 + hits) / 3 for hits in (180.4, 219.6)]
        np.testing.assert_allclose(table.interval([ours], [theirs]), known, atol=0.002)

    def test_seeds_are_averaged_within_a_draw(self):
        ours = documents((CONDEMN, CONDEMN), (CONDEMN, NONE))
        other = documents((CONDEMN, NONE), (CONDEMN, CONDEMN))
        theirs = documents((CONDEMN, NONE), (CONDEMN, NONE))
        # Either document twice: one seed 1/3, the other 0. Both once: 2/9 in each.
        np.testing.assert_allclose(table.interval([ours, other], [theirs, theirs]), [1 / 6, 2 / 9])


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.folder = runs.Folder(self.path)

    def add(self, name, seed, right, budget="b"):
        """A run that is right about `right` of four documents, all on condemnations."""
        rows = []
        for i in range(4):
            scores = [0.0, 0.0, 0.0, 1.0] if i < right else [1.0, 0.0, 0.0, 0.0]
            rows.append(json.dumps({"file": "dev", "id": f"d{i}", "pairs": [["A", "B", "condemn", True, *scores]]}))
        (self.path / "predictions" / f"{name}-{seed}.jsonl").write_text("\n".join(rows) + "\n")
        figures = {"macro_f1": right / 10, "accuracy": right / 4, "recognize_f1": 0.0}
        line = {"name": name, "seed": seed, "predictions": f"predictions/{name}-{seed}.jsonl", "budget": budget}
        line |= {**figures, "sure": figures, "files": {"dev": figures}, "seconds": 2.0, "ms_per_passage": 0.5}
        self.folder.add(line)

    def test_the_table_compares_the_seeds_that_both_have(self):
        self.add("baseline", 1, 2)
        self.add("baseline", 2, 4)
        self.add("swa", 1, 3)
        lines = table.table(self.path).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[2].startswith("| baseline | 1, 2 | 0.3000 (0.200–0.400) | – | 0.7500 |"), lines[2])
        apart = 2 * 3 / (4 + 3) / 3 - 2 * 2 / (4 + 2) / 3
        self.assertTrue(lines[3].startswith(f"| swa | 1 | 0.3000 | {apart:+.4f} ["), lines[3])

    def test_a_line_that_was_cut_off_is_run_again(self):
        self.add("baseline", 1, 2)
        with open(self.folder.results, "a") as out:
            out.write('{"name": "swa", "se')
        budgets = {None: "b"}
        self.assertEqual(list(self.folder.done(["swa"], budgets)), [("baseline", 1)])
        self.add("swa", 1, 2)
        self.assertEqual(list(self.folder.done(["swa"], budgets)), [("baseline", 1), ("swa", 1)])

    def test_runs_on_other_data_are_refused(self):
        self.add("baseline", 1, 2, budget="other")
        with self.assertRaisesRegex(ValueError, "other data"):
            self.folder.done(["swa"], {None: "b"})

    def test_a_broken_line_is_named(self):
        self.folder.results.write_text("{}\nnot JSON\n")
        with self.assertRaisesRegex(ValueError, "results.jsonl:2"):
            runs.read_results(self.folder.results)


if __name__ == "__main__":
    unittest.main()
