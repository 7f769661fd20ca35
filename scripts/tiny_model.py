#!/usr/bin/env python3
"""Writes models/tiny: a demarche model with seeded random weights, small enough for any test to open.

usage: python3 scripts/tiny_model.py      Needs Python 3 and nothing else. The same seed gives the same bytes.
"""
import hashlib
import json
import math
import pathlib
import random
import string
import struct

SEED = 1992
HIDDEN, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 2, 4, 64, 128, 2
MAX_TOKENS, CONTEXT_TOKENS, ROLES = 96, 48, 24
LABELS = ["none", "recognize", "engage", "condemn"]
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "models" / "tiny"

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"[P{n}]" for n in range(1, ROLES + 1)]
PAIR = ["[ACTOR]", "[TARGET]", "[OTHER]"]
# Signs that news prints; each is a word of its own to BERT's pre-tokenizer.
SIGNS = "! \" # $ % & ' ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~ – — ‘ ’ “ ” … € £ ° •".split(" ")
ENDINGS = "ed ing er or ion tion ment ly al ity ies es est ness able ous ive ence ance ism ist ship ward un re".split()
WORDS = """
the a an of to in and or but for with on at by from as is are was were be been it its he she they their his her who
which that this these those not no new old first last two three four five six ten after before during since until over
under between against toward about into out up down off again also only more most than then when where while if will
would could should may can had has have did do said says say told asked called spoke wrote read year month week day
monday tuesday wednesday thursday friday saturday sunday january march may june august october december
country state states nation government ministry minister ministers president prime foreign king queen parliament
embassy ambassador envoy envoys consul mission office capital border army navy air force troops ship fleet police court
treaty agreement deal accord talks meeting summit visit call letter note statement speech protest apology promise
recognise recognize recognised recognized recognition independent independence relations ties diplomatic restore
restored establish normal engage engaged met meet host hosted visited welcomed praised thanked helped aid trade loan
invest sign signed support supported lift lifted open opened offer offered vote voted condemn condemned criticised
accused denounced rejected warned threatened sanction sanctions embargo expelled recalled withdrew cut closed attacked
strike strikes invasion war peace truce ceasefire rebels council union bloc member members joint people world news
report paper radio million per cent north south east west sea gulf river island port road rail gas oil grain water power
""".split()


def vocabulary():
    characters = string.ascii_lowercase + string.digits
    entries = SPECIAL + SIGNS + list(characters) + [f"##{c}" for c in characters] + [f"##{e}" for e in ENDINGS] + WORDS + PAIR
    return {entry: i for i, entry in enumerate(dict.fromkeys(entries))}


def tokenizer(vocab):
    """BERT's uncased pipeline, as in models/minilm-stance, over another vocabulary."""
    added = [
        {"id": vocab[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for t in SPECIAL + PAIR
    ]

    def frame(kind, name, segment):
        return {kind: {"id": name, "type_id": segment}}

    single = [frame("SpecialToken", "[CLS]", 0), frame("Sequence", "A", 0), frame("SpecialToken", "[SEP]", 0)]
    pair = single + [frame("Sequence", "B", 1), frame("SpecialToken", "[SEP]", 1)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": pair,
            "special_tokens": {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocab},
    }


def weights(vocab_size):
    """Spreads far above a trained model's start: every part of the forward pass must show in the logits."""
    source = random.Random(SEED)
    tensors = {}

    def put(name, shape, spread, centre=0.0):
        tensors[name] = (shape, [source.gauss(centre, spread) for _ in range(math.prod(shape))])

    def linear(name, out, width, spread):
        put(f"{name}.weight", (out, width), spread)
        put(f"{name}.bias", (out,), 0.2)

    def norm(name):
        put(f"{name}.weight", (HIDDEN,), 0.2, 1.0)
        put(f"{name}.bias", (HIDDEN,), 0.2)

    put("embeddings.word_embeddings.weight", (vocab_size - len(PAIR), HIDDEN), 0.6)
    put("embeddings.position_embeddings.weight", (POSITIONS, HIDDEN), 0.3)
    put("embeddings.token_type_embeddings.weight", (TYPES, HIDDEN), 0.3)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            linear(f"{at}.attention.self.{part}", HIDDEN, HIDDEN, 0.3)
        linear(f"{at}.attention.output.dense", HIDDEN, HIDDEN, 0.3)
        norm(f"{at}.attention.output.LayerNorm")
        linear(f"{at}.intermediate.dense", INNER, HIDDEN, 0.3)
        linear(f"{at}.output.dense", HIDDEN, INNER, 0.25)
        norm(f"{at}.output.LayerNorm")
    linear("head.dense", HIDDEN, 3 * HIDDEN, 0.2)
    linear("head.out", len(LABELS), HIDDEN, 0.5)
    # The last entries of the vocabulary are drawn last: they came later, and nothing else changed.
    _, words = tensors["embeddings.word_embeddings.weight"]
    put("pair", (len(PAIR), HIDDEN), 0.6)
    words += tensors.pop("pair")[1]
    tensors["embeddings.word_embeddings.weight"] = ((vocab_size, HIDDEN), words)
    return tensors


def safetensors(tensors):
    """The bytes of a safetensors file in f16: length of the header, header, values."""
    header, values, at = {}, [], 0
    for name, (shape, numbers) in sorted(tensors.items()):
        values.append(struct.pack(f"<{len(numbers)}e", *numbers))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + len(values[-1])]}
        at += len(values[-1])
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + b"".join(values)


def main():
    vocab = vocabulary()
    config = {
        "model_type": "bert",
        "vocab_size": len(vocab),
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "hidden_act": "gelu",
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": TYPES,
        "layer_norm_eps": 1e-12,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "id2label": {str(i): label for i, label in enumerate(LABELS)},
    }
    stance = {
        "name": "tiny",
        "input_form": "anonymised-numbered",
        "roles": ROLES,
        "max_tokens": MAX_TOKENS,
        "context_tokens": CONTEXT_TOKENS,
        "temperature": 1.0,
        "thresholds": {"0.85": {label: 0.0 for label in sorted(LABELS)}},
        "registry_version": "given",
        "training": None,
    }
    card = f"""# tiny

A BERT with the stance head and random weights, for tests: it opens and runs like a trained model and knows nothing. Its
labels mean nothing. {LAYERS} layers, {HIDDEN} hidden units, {HEADS} heads, {POSITIONS} positions, at most {MAX_TOKENS} \
tokens an example, {len(vocab)} vocabulary
entries. Written by `python3 scripts/tiny_model.py`, the same bytes every time.
"""
    files = {
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "stance.json": (json.dumps(stance, indent=2) + "\n").encode(),
        "tokenizer.json": json.dumps(tokenizer(vocab), ensure_ascii=False, separators=(",", ":")).encode(),
        "model.safetensors": safetensors(weights(len(vocab))),
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "README.md": card.encode(), "SHA256SUMS": sums.encode()}.items():
        (FOLDER / name).write_bytes(content)
        print(f"{FOLDER / name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
