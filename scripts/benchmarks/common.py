"""What the converters share: rows of tab-separated files, spans, and a tally that loses no row.

Knows nothing of any one data set. Offsets are Unicode code points, half-open, as in the gold format.
"""
import collections
import csv
import json
import os
import sys

STANCES = ("none", "recognize", "engage", "condemn")


class Malformed(ValueError):
    """A row that cannot be read: says which value was found and which was expected."""


class Tally:
    """Counts rows and prints every malformed one where it stands."""

    def __init__(self, unit="rows"):
        self.unit, self.read, self.converted, self.malformed = unit, 0, 0, 0
        self.skipped = collections.Counter()

    def bad(self, where, reason):
        self.malformed += 1
        print(f"{where}: {reason}", file=sys.stderr)

    def report(self):
        """The counts; they must add up, or a row was lost."""
        skipped = sum(self.skipped.values())
        if self.read != self.converted + skipped + self.malformed:
            raise AssertionError(f"{self.read} {self.unit} read, but {self.converted} + {skipped} + {self.malformed}")
        out = [f"{self.unit} read {self.read}, converted {self.converted}, skipped {skipped}, malformed {self.malformed}"]
        out += [f"  skipped {count}: {reason}" for reason, count in sorted(self.skipped.items())]
        return "\n".join(out)


def rows(path, width=None):
    """(line number, cells) of a tab-separated file; `cells` is a Malformed where the line has not `width` cells.

    Cells may be quoted as in CSV. Each line is read for itself, so that one stray quote cannot swallow those after it.
    """
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\r\n")
            if not line.strip():
                continue
            plain = line.split("\t")
            try:
                cells = next(csv.reader([line], delimiter="\t", strict=True))
            except csv.Error:
                cells = plain
            if width is not None and len(cells) != width:
                cells = plain
            if width is not None and len(cells) != width:
                yield number, Malformed(f"{len(cells)} cells, expected {width}")
            else:
                yield number, cells


def mention(text, start, end, code):
    return {"start": start, "end": end, "surface": text[start:end], "code": code}


def trim(text, start, end):
    """The span without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def word_end(text, end):
    """Where the word that `end` stands in is over: `Jordan|ian` is `Jordanian`, `Jordan’|s` is `Jordan’s`."""
    while end < len(text) and (text[end - 1].isalnum() or text[end - 1] in "'’") and text[end].isalnum():
        end += 1
    return end


def overlap(mentions):
    """The first two mentions that overlap, or None."""
    ordered = sorted(mentions, key=lambda m: m["start"])
    return next(((a, b) for a, b in zip(ordered, ordered[1:]) if b["start"] < a["end"]), None)


def read_jsonl(path):
    """(line number, record) of a JSON-lines file."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise Malformed(f"{path}:{number}: not JSON ({error})") from None
                if not isinstance(record, dict):
                    raise Malformed(f"{path}:{number}: {type(record).__name__}, expected an object")
                yield number, record


def write_jsonl(path, records):
    """Writes beside the file and renames, so that a failed run leaves no half file."""
    with open(f"{path}.tmp", "w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    os.replace(f"{path}.tmp", path)


def finish(path, records, tally):
    """Writes what was converted and prints the tally; exit status 1 if a row was malformed, 2 if nothing is left."""
    print(tally.report())
    if not records:
        print(f"{path}: nothing converted, not written", file=sys.stderr)
        return 2
    write_jsonl(path, records)
    print(f"{path}: {len(records)} texts, {sum(len(r['pairs']) for r in records)} pairs")
    return 1 if tally.malformed else 0


def run(main):
    """Runs a script: what cannot be read or understood is one line on standard error and exit status 2."""
    try:
        sys.exit(main())
    except (OSError, Malformed, UnicodeDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
