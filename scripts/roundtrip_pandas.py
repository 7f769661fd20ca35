#!/usr/bin/env python3
"""Reads a reviewed table with pandas and writes it again in every way that people do.

usage: python3 scripts/roundtrip_pandas.py TABLE FOLDER

Needs Python 3.11 with pandas 2 or newer and openpyxl. tests/review/ merges what it writes; scripts/roundtrip runs both.
"""
import pathlib
import sys

import pandas

table, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(exist_ok=True)
typed = pandas.read_csv(table)
text = pandas.read_csv(table, dtype=str, keep_default_na=False)
dated = pandas.read_csv(table, parse_dates=["doc_date"])

typed.to_csv(folder / "default.csv")
typed.to_csv(folder / "no-index.csv", index=False, na_rep="NA", lineterminator="\r\n")
typed.to_csv(folder / "german.csv", index=False, sep=";", decimal=",", encoding="utf-8-sig")
typed.to_csv(folder / "windows.csv", index=False, sep=";", encoding="cp1252", errors="replace")
dated.to_csv(folder / "dated.csv", index=False, date_format="%Y-%m-%d %H:%M:%S")
text.to_csv(folder / "text.csv", index=False)
text.to_csv(folder / "tabs.csv", index=False, sep="\t", encoding="utf-16")
text[text.columns[::-1]].assign(extra="x").to_csv(folder / "reversed.csv", index=False, quoting=1)
text[["row_id", "review_stance", "reviewer", "review_note", *(c for c in text.columns if c not in
    ("row_id", "review_stance", "reviewer", "review_note"))]].to_csv(folder / "reordered.csv", index=False)
