#!/usr/bin/env python3
"""Speed of the embedded engine beside ONNX Runtime: same weights, same batch, one thread each, turn by turn.

usage: python3 scripts/onnx_compare.py [--model FOLDER] [--rounds N] [--warmup N] [--binary FILE] [--keep FILE.onnx]

Needs Python 3.11 with torch 2.4, transformers 4.46, onnx, onnxruntime and safetensors, and cargo for the example binary:
    python3 -m venv VENV
    VENV/bin/pip install 'torch==2.4.*' 'transformers==4.46.*' 'numpy<2' onnx onnxruntime safetensors

transformers' BertModel with the model's weights goes to ONNX (opset 17, f32, dynamic axes) and runs in ONNX Runtime with
all graph optimisations and one thread (fusing the attention with onnxruntime.transformers.optimizer as well made it
slower, not faster, where this was tried). `examples/encoder_speed.rs` runs the embedded engine. The batch is 32 sequences
of 64 tokens without padding. The two take turns in every round, so that a busy machine slows both; each waits idle
while the other works. ONNX Runtime runs the encoder alone, the embedded engine encoder and head. Measure on a quiet
machine: the load average is printed.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import onnxruntime
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

ROOT = pathlib.Path(__file__).resolve().parent.parent
BATCH, LENGTH, OPSET = 32, 64, 17
QUIET = 1.3


def load():
    return os.getloadavg()[0]


def encoder(folder):
    config = BertConfig(**json.loads((folder / "config.json").read_text()), attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).eval()
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({n: t.float() for n, t in weights.items() if not n.startswith("head.")}, strict=True)
    return model


class HiddenStates(torch.nn.Module):
    """Ids and mask in, last hidden states out."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def export(model, inputs, path):
    axes = {0: "batch", 1: "tokens"}
    names = ["input_ids", "attention_mask"]
    dynamic = {name: axes for name in [*names, "last_hidden_state"]}
    torch.onnx.export(HiddenStates(model).eval(), inputs, str(path), input_names=names, output_names=["last_hidden_state"],
                      dynamic_axes=dynamic, opset_version=OPSET)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Ours:
    """The example binary, one answer a line."""

    def __init__(self, binary, folder):
        self.process = subprocess.Popen([binary, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answer = self.process.stdout.readline().strip()
        if answer != "ready":
            sys.exit(f"{binary} did not start: {answer!r}")

    def round(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def built():
    """Builds the example and asks cargo where it lies."""
    command = ["cargo", "build", "--release", "--example", "encoder_speed", "--message-format=json"]
    messages = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    artifacts = [json.loads(line) for line in messages.splitlines() if line.startswith("{")]
    return next(a["executable"] for a in artifacts if a.get("target", {}).get("name") == "encoder_speed")


def main():
    parser = argparse.ArgumentParser(description="Embedded engine and ONNX Runtime, turn by turn.")
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models" / "minilm-stance")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--binary", help="a built encoder_speed; without it cargo builds one")
    parser.add_argument("--keep", type=pathlib.Path, help="where to leave the ONNX file; without it, nowhere")
    arguments = parser.parse_args()

    binary = arguments.binary or built()
    torch.set_num_threads(1)
    model = encoder(arguments.model)
    ids = torch.tensor([[(i * 977 + j * 131) % model.config.vocab_size for j in range(LENGTH)] for i in range(BATCH)])
    inputs = (ids, torch.ones_like(ids))
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = arguments.keep or pathlib.Path(folder) / "encoder.onnx"
        export(model, inputs, path)
        runtime = session(path)
    feed = {"input_ids": ids.numpy(), "attention_mask": inputs[1].numpy()}
    with torch.no_grad():
        hidden = model(*inputs).last_hidden_state.numpy()
    distance = numpy.abs(runtime.run(None, feed)[0] - hidden).max()
    print(f"ONNX Runtime {onnxruntime.__version__}, opset {OPSET}; hidden states within {distance:.1e} of transformers'")
    if distance > 1e-4:
        sys.exit("the exported encoder is not the model's")

    def theirs():
        start = time.perf_counter()
        runtime.run(None, feed)
        return time.perf_counter() - start

    ours = Ours(binary, arguments.model)
    before = load()
    times = {"onnxruntime": [], "demarche": []}
    for number in range(arguments.warmup + arguments.rounds):
        pair = {"onnxruntime": theirs(), "demarche": ours.round()}
        if number >= arguments.warmup:
            for name, seconds in pair.items():
                times[name].append(seconds)
    ours.close()
    for name, seconds in times.items():
        median, best, worst = statistics.median(seconds), min(seconds), max(seconds)
        print(f"{name:12} median {BATCH / median:6.1f} sequences/s   slowest {BATCH / worst:6.1f}, fastest {BATCH / best:6.1f}")
    ratios = [theirs / ours for theirs, ours in zip(times["onnxruntime"], times["demarche"])]
    print(f"demarche / onnxruntime: {statistics.median(times['onnxruntime']) / statistics.median(times['demarche']):.2f} of"
          f" the medians; round by round median {statistics.median(ratios):.2f}")
    print(f"{arguments.rounds} rounds of {BATCH} x {LENGTH} tokens, 1 thread, f32; ONNX Runtime: encoder; demarche: encoder"
          f" and head; load {before:.2f} before, {load():.2f} after")
    if before > QUIET:
        print(f"the machine was not quiet (load over {QUIET}): do not report these figures", file=sys.stderr)


if __name__ == "__main__":
    main()
