"""`average.py --calibrate` against the optima of scipy in tests/fixtures/golden_metrics.json, which hold src/calibrate.rs to
account too. In scripts/, with numpy and scipy: python3 -m unittest test_average
"""
import json
import math
import pathlib
import tempfile
import unittest

from scipy.special import softmax

import average

FIXTURE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "golden_metrics.json"


def model(folder, second_look):
    """A folder with every file that is sealed, uncalibrated."""
    stance = {"name": "m", "second_look": {"below": 2.0}} if second_look else {"name": "m"}
    average.plain(stance)
    for name in average.FILES:
        (folder / name).write_text(json.dumps(stance) if name == "stance.json" else name)


def predictions(path, items):
    with open(path, "w") as file:
        for number, (logits, gold) in enumerate(items):
            shares = {f"p_{label}": float(p) for label, p in zip(average.LABELS, softmax(logits))}
            file.write(json.dumps({"id": number, "actor": "A", "target": "B", "gold": average.LABELS[gold], **shares}) + "\n")


class Calibration(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_the_scale_is_the_best_that_scipy_finds_for_either_look(self):
        cases = json.loads(FIXTURE.read_text())["cases"]
        # Predictions are probabilities, which hold no logits of hundreds.
        cases = [c for c in cases if max(abs(x) for logits, _ in c["items"] for x in logits) < 25]
        self.assertGreaterEqual(len(cases), 6)
        for case in cases:
            with self.subTest(case["name"]):
                model(self.folder, second_look=True)
                predictions(self.folder / "p.jsonl", case["items"])
                average.calibrate(self.folder, self.folder / "p.jsonl", self.folder / "p.jsonl")
                stance = json.loads((self.folder / "stance.json").read_text())
                for scale in (stance, stance["second_look"]):
                    self.assertAlmostEqual(scale["smoothing"], case["best_smoothing"], delta=0.0021)
                    if scale["smoothing"] == 0.0:
                        self.assertAlmostEqual(math.log(scale["temperature"]), math.log(case["optimum"]), delta=1e-3)

    def test_a_calibrated_model_is_refused_until_its_calibration_is_taken_out(self):
        model(self.folder, second_look=False)
        items = [([2.0, 0.0, 0.0, 1.0], 0), ([0.0, 1.0, 0.0, 2.0], 1), ([0.0, 0.0, 1.5, 0.0], 2)]
        predictions(self.folder / "p.jsonl", items)
        average.calibrate(self.folder, self.folder / "p.jsonl")
        with self.assertRaisesRegex(SystemExit, "--plain"):
            average.calibrate(self.folder, self.folder / "p.jsonl")
        average.plain_model(self.folder)
        stance = json.loads((self.folder / "stance.json").read_text())
        self.assertEqual((stance["temperature"], stance["smoothing"]), (1.0, 0.0))
        self.assertEqual({t for by_label in stance["thresholds"].values() for t in by_label.values()}, {1.0})
        average.calibrate(self.folder, self.folder / "p.jsonl")
