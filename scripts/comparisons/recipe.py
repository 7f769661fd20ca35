"""The training recipe of src/train, with what the comparisons vary as settings.

Weighted cross-entropy over all dyads of a batch of texts an update; AdamW with a layer-wise learning rate, linear warm-up and
decay; gradients clipped. There is no choice of the best epoch: dev is measured once, at the end.
"""
import dataclasses
import math
import pathlib
import random

import numpy as np
import torch
import torch.utils.data
from torch import nn
from torch.nn import functional

from comparisons import batches, encoder, heads
from comparisons.averages import AVERAGES
from comparisons.forms import FORMS
from comparisons.mix import Mixer

PEAK = 2e-4
HEAD_FACTOR = 5.0
WARMUP = 0.06
WEIGHT_DECAY = 0.01
CLASS_WEIGHTS = (1.0, 2.0, 1.3, 1.3)
MIX = 0.25
CLIP = 1.0
MAX_TOKENS = 256


@dataclasses.dataclass(frozen=True)
class Settings:
    """One variant; the defaults are the baseline."""

    form: str = "numbered"
    head: str = "mean"
    start: str = "plain"
    layer_decay: float = 0.9
    reinit: bool = False
    smoothing: float = 0.03
    rdrop: float = 0.0  # weight of the divergence between two dropout masks (Liang et al. 2021)
    weights: str = "last"
    soft: bool = False  # learns from teachers' labels too
    pairs: int = 0  # pairs of a text that are read alone besides
    batch: int = batches.BATCH  # texts in an update; the rate grows with its root


class Network(nn.Module):
    """Encoder and head."""

    def __init__(self, config, settings, start):
        super().__init__()
        self.bert = encoder.Encoder(config)
        encoder.load(self.bert, start)
        if settings.reinit:
            encoder.initialise(self.bert.encoder["layer"][-1])
        self.head = heads.HEADS[settings.head](config)

    def hidden(self, batch):
        return self.bert(batch.ids, batch.mask)

    def forward(self, batch):
        return self.head(self.hidden(batch), batch)


def device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half(on):
    """bfloat16 where the machine multiplies it in hardware, for the forward pass."""
    info = pathlib.Path("/proc/cpuinfo")
    enabled = on.type == "cuda" or (info.exists() and "amx_bf16" in info.read_text())
    return torch.autocast(on.type, torch.bfloat16, enabled=enabled)


def seeded(seed):
    """The same numbers every time, as far as torch allows."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False


def factor(step, total, warmup=WARMUP):
    """Share of the peak rate at `step` of `total`, from 0, as in src/train/schedule.rs."""
    rise = max(total * warmup, 1.0)
    at = step + 1.0
    return at / rise if at < rise else min(1.0, max(0.0, (total - at + 1.0) / (total - rise + 1.0)))


def rate(name, layers, decay):
    """Share of the peak rate for a parameter."""
    if name.startswith("head."):
        return HEAD_FACTOR
    parts = name.split(".")
    return decay ** (layers - 1 - int(parts[3]) if parts[1] == "encoder" else layers)


class Optimizer:
    """AdamW under a schedule, gradients clipped; `rates` gives each parameter's share of the peak by name."""

    def __init__(self, module, rates, peak, total):
        groups = {}
        for name, parameter in module.named_parameters():
            decay = 0.0 if name.endswith("bias") or "LayerNorm" in name else WEIGHT_DECAY
            groups.setdefault((rates(name), decay), []).append(parameter)
        self.parameters = list(module.parameters())
        listed = [{"params": p, "share": share, "weight_decay": decay} for (share, decay), p in groups.items()]
        fused = self.parameters[0].is_cuda
        self.adamw = torch.optim.AdamW(listed, lr=0.0, betas=(0.9, 0.999), eps=1e-6, fused=fused, foreach=not fused)
        self.peak, self.total, self.done = peak, total, 0

    def step(self):
        nn.utils.clip_grad_norm_(self.parameters, CLIP)
        for group in self.adamw.param_groups:
            group["lr"] = self.peak * group["share"] * factor(self.done, self.total)
        self.adamw.step()
        self.adamw.zero_grad(set_to_none=True)
        self.done += 1


def losses(network, batch, settings):
    """(D,) loss of each dyad."""
    return network.head.losses(network.hidden(batch), batch, settings.smoothing)


def twofold_losses(network, batch, settings):
    """The same under two dropout masks, and their divergence."""
    one, two = network(batch), network(batch)
    entropy = sum(heads.cross_entropy(logits, batch, settings.smoothing) for logits in (one, two)) / 2
    one, two = one.log_softmax(1), two.log_softmax(1)
    apart = sum(
        functional.kl_div(a, b, reduction="none", log_target=True).sum(1) for a, b in ((one, two), (two, one))
    )
    return entropy + settings.rdrop * apart / 2


def update(network, collated, settings, on):
    """Gradients of the weighted mean loss over all dyads of the batches; returns the loss, on the device."""
    found = twofold_losses if settings.rdrop else losses
    classes = np.array(CLASS_WEIGHTS, np.float32)
    collated = [dataclasses.replace(batch, weights=batch.weights * (batch.gold @ classes)) for batch in collated]
    whole = sum(float(batch.weights.sum()) for batch in collated)
    loss = torch.zeros((), device=on)
    for batch in collated:
        batch = batch.to(on)
        with half(on):
            each = found(network, batch, settings)
        part = (each * batch.weights).sum() / whole
        part.backward()
        loss += part.detach()
    return loss


def fit(network, passages, vocabulary, config, settings, seed, epochs, mix=MIX, report=lambda *_: None):
    """Trains in place; returns the mean loss of each epoch. `report(epoch, loss)` is called after each."""
    on = next(network.parameters()).device
    forms = [FORMS[name](vocabulary, max_tokens(config)) for name in (settings.form, "pair")]
    # Beside a GPU another process makes the batches.
    loaders = 1 if on.type == "cuda" else 0
    mixer = Mixer(passages)
    layers = config["num_hidden_layers"]
    average = AVERAGES[settings.weights](network, epochs)
    optimizer, history = None, []
    network.train()
    for epoch in range(1, epochs + 1):
        rng = random.Random(f"{seed} {epoch}")
        updates = batches.epoch(passages, mixer, mix, rng, settings.batch)
        if not updates:
            raise ValueError("no labelled pair to learn from")
        if optimizer is None:
            total = epochs * len(updates)
            peak = PEAK * math.sqrt(settings.batch / batches.BATCH)
            optimizer = Optimizer(network, lambda name: rate(name, layers, settings.layer_decay), peak, total)
        sums = torch.zeros((), device=on)
        made = batches.Updates(updates, forms, settings.pairs, f"{seed} {epoch}")
        for collated in torch.utils.data.DataLoader(made, batch_size=None, num_workers=loaders):
            sums += update(network, collated, settings, on)
            optimizer.step()
            average.after_update()
        average.after_epoch(epoch)
        history.append(float(sums) / len(updates))
        if not math.isfinite(history[-1]):
            raise ValueError(f"the loss is {history[-1]} in epoch {epoch}")
        report(epoch, history[-1])
    average.finish()
    return history


def max_tokens(config):
    return min(MAX_TOKENS, config["max_position_embeddings"])
