#!/usr/bin/env python3
"""Writes tests/fixtures/golden_encoder.json: what another implementation makes of the examples below.

usage: python3 scripts/golden.py      Run it again whenever a model folder or an example changes.

Needs Python 3.11 with torch 2.4, transformers 4.46, tokenizers 0.20 and safetensors 0.8 (versions used; near ones do):
    python3 -m venv VENV && VENV/bin/pip install 'torch==2.4.*' 'transformers==4.46.*' 'numpy<2' safetensors

Nothing here calls demarche. The passages are anonymised and cut by the rules of docs and code written a second time,
tokenized by the Python package `tokenizers`, run through transformers' BertModel in 64-bit floats, and scored by the
head in torch. tests/golden.rs holds the embedded engine against the result.
"""
import hashlib
import json
import pathlib
import re

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "tests" / "fixtures" / "golden_encoder.json"
# Folder, and how many dimensions of every hidden state are kept (None: all).
MODELS = [("models/tiny", None), ("models/minilm-stance", 8)]
ROLES = 24

# `{code|surface}` is a mention. Pairs are `actor target`, in the order of the logits.
EXAMPLES = [
    ("shortest", "{PRY|Paraguay} recognised {XKX|Kosovo}.", "PRY XKX, XKX PRY"),
    (
        "typographic quotes, a repeated role",
        "Recalling its chargé d’affaires from {MMR|Naypyidaw}, {MYS|Malaysia} said on Tuesday that its patience with"
        " the {MMR|Burmese} generals “has a floor – and we have reached it”.",
        "MYS MMR, MMR MYS",
    ),
    (
        "numbers and signs",
        "{DJI|Djibouti}: {ETH|Ethiopian} engineers and their {FRA|French} counterparts signed off 12.5 km of track"
        " (six years late; $340m, i.e. 41% over budget, by {ETH|Addis Ababa}'s own count).",
        "ETH FRA, FRA ETH, ETH DJI, DJI FRA",
    ),
    (
        "Cyrillic in the text",
        "{GEO|Tbilisi} protested over new fencing near Zugdidi, which the soldiers' signs call «государственная"
        " граница»; the {RUS|Kremlin} answered with silence, {#ABK|Sukhumi} with a denial, and the {+EU|EU} monitors"
        " with a photograph.",
        "GEO RUS, RUS GEO, #ABK GEO, +EU RUS",
    ),
    (
        "accents inside mentions and outside",
        "{CIV|Côte d’Ivoire}, {SEN|Sénégal} and {TGO|Togo} broke ranks with {+ECOWAS|ECOWAS} at the Félix-Houphouët"
        "-Boigny palace: no embargo, they told {MLI|Bamako}, but no naïveté either.",
        "CIV +ECOWAS, SEN MLI, TGO MLI, +ECOWAS MLI, CIV MLI",
    ),
    (
        "Chinese in the text",
        "“一个中国” — one China — came up eleven times in the statement with which {HND|Tegucigalpa} left {TWN|Taipei}"
        " for {CHN|Beijing}; {TWN|Taiwan} shut its embassy the same night.",
        "HND CHN, CHN HND, HND TWN, TWN HND",
    ),
    (
        "names of special tokens as plain text",
        "A slip at the desk left [P2], [CLS] and [SEP] in the copy. The news stood: {KEN|Nairobi} will host"
        " {SOM|Somalia}'s prime minister on 3 March, [UNK] or not.",
        "KEN SOM, SOM KEN",
    ),
    (
        "five roles",
        "{CAN|Canada}, {AUS|Australia} and the {GBR|United Kingdom} froze the assets of two {BLR|Belarusian} judges on"
        " 9 August 2021. {BLR|Minsk} called in all three envoys, {RUS|Moscow} promised an answer in kind, and by the"
        " weekend {AUS|Canberra}'s consulate had lost its landlord.",
        "CAN BLR, AUS BLR, GBR BLR, BLR CAN, BLR AUS, BLR GBR, RUS CAN, BLR RUS",
    ),
    (
        "combining marks, a no-break space, a soft hyphen",
        "Over cafe\u0301 and paste\u0301is de nata,\u00a0{CHN|China} and {STP|Sa\u0303o Tome\u0301} restored the rela\u00adtions"
        " that they had broken off in 1997.",
        "CHN STP, STP CHN",
    ),
    (
        "line breaks, tabs, emoji, capitals",
        "\n  GOOD EVENING.\t{HTI|HAITI} ✈️ NO LONGER: {DOM|SANTO DOMINGO} HAS CLOSED THE AIR.\r\n\n{HTI|Port-au-Prince}"
        " calls it “an act against neighbours” 🇭🇹 and asks the {+UN|UN} to speak.  ",
        "DOM HTI, HTI DOM, HTI +UN",
    ),
    (
        "mentions side by side, one at each end",
        "{USA|Washington}-{CUB|Havana}/{VEN|Caracas}: electrodiplomatically, an anticlimax for {CUB|Cuba}",
        "USA CUB, CUB VEN, VEN USA",
    ),
    (
        "one role of four asked about",
        "Asked about the fishing dispute, {ISL|Reykjavik} pointed to the note that {DNK|Copenhagen} had handed over on"
        " behalf of {GRL|Greenland}; {NOR|Norway} said nothing at all. “We read it twice,” the minister allowed, “and"
        " found one comma to like.”",
        "ISL DNK",
    ),
    (
        "longer than either model reads",
        "The communiqué ran to nine pages, and anyone who came for a headline had to dig: after the customary thanks to"
        " the hosts, the kitchen, the interpreters and the municipal orchestra, after four paragraphs on the price of"
        " urea and a fifth on the standardisation of pallets, after a sentence on volcanic ash so long that the"
        " rapporteur read it in two breaths, {ECU|Ecuador} announced that it was restoring full diplomatic relations"
        " with {BOL|Bolivia}, whose delegation, having been told at breakfast, did its best to look surprised;"
        " {PER|Peru} applauded, {COL|Colombia} applauded later, and the {+OAS|Organization of American States}, which"
        " had mediated since February without once being photographed, put out a statement of eleven words. Nobody in"
        " {BOL|La Paz} has forgotten how the quarrel began, with a customs launch, a cargo of second-hand buses and a"
        " radio interview that should have been cut, and nobody in {ECU|Quito} will say who paid for the buses in the"
        " end. The rest of the text is housekeeping. There will be a joint commission, a subcommission that prepares"
        " its meetings, a website in three languages of which one is still being chosen, a prize for schoolchildren,"
        " two football matches, a stamp. The ministers return in the spring, weather permitting, to a smaller town with"
        " a better hotel, and the orchestra has already been told, in writing and with a copy to the treasurer, that"
        " the anthem with the difficult horn solo will be played this time from a recording, at moderate volume, once."
        " Journalists who asked whether that too had been negotiated were referred to annex seven, which, as it turned"
        " out on the bus to the airport, does not exist: the annexes end at six, with a table of tariff headings, a map"
        " drawn by hand and the signature of a deputy secretary whose name no one at the long table could place.",
        "ECU BOL, BOL ECU, PER ECU, COL BOL, +OAS ECU, PER BOL",
    ),
]


# Opening sentences, told apart by eye, that name neither polity of the last pair: not read where it is asked about alone.
UNREAD = {
    "names of special tokens as plain text": "A slip at the desk left [P2], [CLS] and [SEP] in the copy. ",
    "line breaks, tabs, emoji, capitals": "\n  GOOD EVENING.\t",
}


def passage(marked):
    """Text, mentions as byte spans with codes, pieces, and the codes by first appearance."""
    text, mentions, pieces, codes, at = "", [], [], [], 0
    for match in re.finditer(r"\{([^|{}]+)\|([^{}]+)\}", marked):
        between = marked[at:match.start()]
        code, surface = match.groups()
        text += between
        mentions.append([len(text.encode()), len((text + surface).encode()), code])
        text += surface
        codes += [] if code in codes else [code]
        pieces += ([between] if between else []) + [codes.index(code)]
        at = match.end()
    rest = marked[at:]
    return text + rest, mentions, pieces + ([rest] if rest else []), codes


def fit(tokens, limit):
    """Of `(id, role or None)` the `limit` to keep: first mentions, then what stands nearest to any mention."""
    if len(tokens) <= limit:
        return tokens
    places = [i for i, (_, role) in enumerate(tokens) if role is not None]
    first = {}
    for i in places:
        first.setdefault(tokens[i][1], i)
    rank = {i: (-1 if i in first.values() else min(abs(i - p) for p in places), i) for i in range(len(tokens))}
    return [tokens[i] for i in sorted(sorted(rank, key=rank.get)[:limit])]


def encode(pieces, names, tokenizer, max_tokens):
    """ids, the places of each role, and how much was cut; `names` are the tokens of the roles."""
    tokens = []
    for piece in pieces:
        if isinstance(piece, int):
            tokens.append((tokenizer.token_to_id(names[piece]), piece))
        else:
            tokens += [(i, None) for i in tokenizer.encode(piece, add_special_tokens=False).ids]
    kept = fit(tokens, max_tokens - 2)
    ids = [tokenizer.token_to_id("[CLS]")] + [i for i, _ in kept] + [tokenizer.token_to_id("[SEP]")]
    roles = [[at for at, (_, role) in enumerate(kept, 1) if role == slot] for slot in range(len(names))]
    return ids, roles, len(tokens) - len(kept)


class Reference:
    """A model folder in transformers and torch, in 64-bit floats."""

    def __init__(self, folder):
        config = json.loads((folder / "config.json").read_text())
        self.stance = json.loads((folder / "stance.json").read_text())
        assert self.stance["input_form"] == "anonymised-numbered" and self.stance["roles"] == ROLES
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.encode_special_tokens = True  # a literal `[CLS]` in a text is text
        weights = {name: tensor.double() for name, tensor in load_file(folder / "model.safetensors").items()}
        self.head = {name: weights.pop(name) for name in list(weights) if name.startswith("head.")}
        bert = BertConfig(**config, attn_implementation="eager")
        self.bert = BertModel(bert, add_pooling_layer=False).double().eval()
        self.bert.load_state_dict(weights, strict=True)

    def hidden(self, ids):
        return self.bert(torch.tensor([ids])).last_hidden_state[0]

    def logits(self, hidden, roles, dyads):
        """Mean state of the actor, mean state of the target, state of `[CLS]`; dense, exact GELU, out."""
        states = [hidden[positions].mean(0) for positions in roles]
        features = torch.stack([torch.cat([states[a], states[t], hidden[0]]) for a, t in dyads])
        linear = torch.nn.functional.linear
        inner = linear(features, self.head["head.dense.weight"], self.head["head.dense.bias"])
        inner = torch.nn.functional.gelu(inner, approximate="none")
        return linear(inner, self.head["head.out.weight"], self.head["head.out.bias"])


def rounded(rows, digits):
    return [[round(x, digits) + 0.0 for x in row] for row in rows.tolist()]


def reference(folder, keep):
    model = Reference(ROOT / folder)
    examples = []
    for name, marked, pairs in EXAMPLES:
        text, mentions, pieces, codes = passage(marked)
        dyads = [[codes.index(code) for code in pair.split()] for pair in pairs.split(", ")]
        limit = model.stance["max_tokens"]
        ids, roles, cut = encode(pieces, [f"[P{slot + 1}]" for slot in range(len(codes))], model.tokenizer, limit)
        # The last pair, asked about alone.
        actor, target = dyads[-1]
        names = {actor: "[ACTOR]", target: "[TARGET]"}
        names = [names.get(slot, "[OTHER]") for slot in range(len(codes))]
        read = list(pieces)
        if name in UNREAD:
            assert read[0].startswith(UNREAD[name])
            read[0] = read[0].removeprefix(UNREAD[name])
        alone, places, _ = encode(read, names, model.tokenizer, limit)
        pair = [places[actor], places[target]]
        hidden = model.hidden(ids)
        example = {
            "name": name,
            "text": text,
            "mentions": mentions,
            "pieces": pieces,
            "polities": codes,
            "dyads": dyads,
            "ids": ids,
            "roles": roles,
            "cut": cut,
            "hidden": rounded(hidden[:, :keep], 6),
            "mean": rounded(hidden.mean(1, keepdim=True).T, 6)[0],
            "norm": rounded(hidden.norm(dim=1, keepdim=True).T, 6)[0],
            "logits": rounded(model.logits(hidden, roles, dyads), 6),
            "alone": {
                "ids": alone,
                "roles": pair,
                "logits": rounded(model.logits(model.hidden(alone), pair, [[0, 1]]), 6)[0],
            },
        }
        examples.append(example)
    lengths = [len(e["ids"]) for e in examples]
    print(f"{folder}: {len(examples)} examples of {min(lengths)} to {max(lengths)} tokens,"
          f" {sum(e['cut'] for e in examples)} tokens cut, {sum(len(e['dyads']) for e in examples)} dyads")
    sha256 = hashlib.sha256((ROOT / folder / "model.safetensors").read_bytes()).hexdigest()
    return {"folder": folder, "sha256": sha256, "examples": examples}


def main():
    with torch.no_grad():
        models = [reference(folder, keep) for folder, keep in MODELS]
    lines = []
    for model in models:
        examples = model.pop("examples")
        head = json.dumps(model)[:-1]
        body = ",\n".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in examples)
        lines.append(f'{head}, "examples": [\n{body}\n]}}')
    OUT.write_text('{"models": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
