"""BERT in plain torch, with the parameter names of Hugging Face folders, and its start weights.

Attention is written out: the fused kernels that take a mask have no deterministic gradient.
"""
import json

import torch
from safetensors.torch import load_file
from torch import nn


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = config["hidden_size"]
        self.word_embeddings = nn.Embedding(config["vocab_size"], hidden)
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], hidden)
        self.token_type_embeddings = nn.Embedding(config["type_vocab_size"], hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=config["layer_norm_eps"])
        self.dropout = nn.Dropout(config["dropout"])

    def forward(self, ids):
        positions = self.position_embeddings.weight[: ids.shape[1]]
        kind = self.token_type_embeddings.weight[0]  # all tokens have type 0
        return self.dropout(self.LayerNorm(self.word_embeddings(ids) + positions + kind))


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.self = nn.ModuleDict({part: nn.Linear(hidden, hidden) for part in ("query", "key", "value")})
        self.output = Output(hidden, config)
        self.dropout = nn.Dropout(config["dropout"])

    def forward(self, states, bias):
        query, key, value = (self.self[part](states) for part in ("query", "key", "value"))
        query, key, value = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (query, key, value))
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias
        mixed = self.dropout(scores.softmax(-1)) @ value
        return self.output(mixed.transpose(1, 2).flatten(2), states)


class Output(nn.Module):
    """A dense layer added to what went in, and normalised."""

    def __init__(self, inner, config):
        super().__init__()
        self.dense = nn.Linear(inner, config["hidden_size"])
        self.LayerNorm = nn.LayerNorm(config["hidden_size"], eps=config["layer_norm_eps"])
        self.dropout = nn.Dropout(config["dropout"])

    def forward(self, inner, states):
        return self.LayerNorm(self.dropout(self.dense(inner)) + states)


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config["hidden_size"], config["intermediate_size"])})
        self.output = Output(config["intermediate_size"], config)

    def forward(self, states, bias):
        states = self.attention(states, bias)
        return self.output(nn.functional.gelu(self.intermediate["dense"](states)), states)


class Encoder(nn.Module):
    """Last hidden states `(B, L, H)` of token ids `(B, L)`."""

    def __init__(self, config):
        super().__init__()
        self.embeddings = Embeddings(config)
        layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.encoder = nn.ModuleDict({"layer": layers})

    def forward(self, ids, mask):
        states = self.embeddings(ids)
        bias = torch.zeros_like(mask, dtype=torch.float32).masked_fill(~mask, -1e9)[:, None, None, :]
        for layer in self.encoder["layer"]:
            states = layer(states, bias)
        return states


def read_config(folder, dropout=0.1):
    """`config.json` of a start folder, with one `dropout` for states and attention."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("hidden_act") != "gelu":
        raise ValueError(f"{folder}: hidden_act is {config.get('hidden_act')}, not gelu")
    return {**config, "dropout": dropout}


def load(encoder, folder):
    """Puts the start weights in; what else the folder holds (pooler, heads) is ignored."""
    stored = load_file(folder / "model.safetensors")
    stored = {name.removeprefix("bert."): tensor.float() for name, tensor in stored.items()}
    wanted = encoder.state_dict()
    missing = [name for name in wanted if name not in stored or stored[name].shape != wanted[name].shape]
    if missing:
        raise ValueError(f"{folder}: model.safetensors lacks {missing[0]} in the shape of config.json")
    encoder.load_state_dict({name: stored[name] for name in wanted})


def initialise(module, spread=0.02):
    """BERT's own start: for a layer that begins anew."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=spread)
            nn.init.zeros_(part.bias)
        elif isinstance(part, nn.LayerNorm):
            part.reset_parameters()
