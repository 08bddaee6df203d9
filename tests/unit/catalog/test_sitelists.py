"""Import of site lists."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from bentpipe.catalog import sitelists
from bentpipe.catalog.sitelists import load_gateways, load_sites
from bentpipe.errors import SiteListError
from bentpipe.scenario import people

POPS = [SimpleNamespace(id="frankfurt"), SimpleNamespace(id="warsaw")]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def faults(path: Path, load: Any = load_sites) -> str:
    with pytest.raises(SiteListError) as caught:
        load(path)
    return str(caught.value)


def test_kinds_are_those_of_scenarios() -> None:
    assert get_args(people.SiteKind) == sitelists.KINDS


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("names", ["id,name,lat,lon", "Site ID,Name,Latitude,Longitude", "code,title,LAT,Lng"])
def test_csv_spellings(tmp_path: Path, separator: str, names: str) -> None:
    text = (
        "# list\n\n" + names.replace(",", separator) + "\n" + separator.join(["a1", "A one", "50.45", "30.52"]) + "\n"
    )
    assert load_sites(written(tmp_path, "s.csv", text)) == (
        {"id": "a1", "name": "A one", "latitude_deg": 50.45, "longitude_deg": 30.52},
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_encodings_quotes_and_other_columns(tmp_path: Path, encoding: str) -> None:
    text = 'name,lat,lon,kind,terminals,remark\r\n"Лікарня, №1",50.45,30.52,Hospital,3,x\r\n'
    site = load_sites(written(tmp_path, "s.csv", text.encode(encoding)))[0]
    assert site["name"] == "Лікарня, №1"
    assert (site["kind"], site["terminals"], site["id"]) == ("hospital", 3, "no1")


def test_csv_decimal_commas(tmp_path: Path) -> None:
    site = load_sites(written(tmp_path, "s.csv", "name;lat;lon\nKyiv;50,45;30,52\n"))[0]
    assert (site["latitude_deg"], site["longitude_deg"]) == (50.45, 30.52)


def test_ids_are_made_from_names_and_are_unique(tmp_path: Path) -> None:
    text = "name,id,lat,lon\nKyiv,,50,30\nKyiv,,51,30\nКиїв,,52,30\nx,kyiv-2,53,30\n"
    assert [s["id"] for s in load_sites(written(tmp_path, "s.csv", text))] == ["kyiv", "kyiv-3", "site-3", "kyiv-2"]


def test_every_fault_with_its_line(tmp_path: Path) -> None:
    text = (
        "id,lat,lon,kind,terminals\n"
        "a,nan,30,home,1\n"
        "b,95,30,home,1\n"
        "c,130.5,50.2,home,1\n"
        "a,50,30,home,1\n"
        "d,50,30,castle,1\n"
        "e,50,30,home,1.5\n"
        "f,50,30\n"
        "g,,30,home,1\n"
        "h,0,0,home,1\n"
        "bad id,50,30,home,1\n"
        "i,50°27'N,30,home,1\n"
    )
    message = faults(written(tmp_path, "s.csv", text))
    for part in (
        "s.csv:2: latitude_deg: not a finite", "s.csv:3: latitude_deg: out of range", "look swapped",
        "s.csv:5: two sites have one id", "s.csv:6: kind: unknown kind", "s.csv:7: terminals: not a whole",
        "s.csv:8: wrong number of columns", "s.csv:9: latitude_deg: not a number", "s.csv:10: 0, 0 is in",
        "s.csv:11: id: not an id", "s.csv:12: latitude_deg: not a number",
    ):  # fmt: skip
        assert part in message
    assert message.count("look swapped") == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.csv", "", "empty"),
        ("s.csv", "lat,lon\n", "no sites"),
        ("s.csv", "name,lat\nx,1\n", "no column 'longitude_deg'"),
        ("s.csv", "lattitude,lon\n1,1\n", "unknown column"),
        ("s.csv", "lat,latitude,lon\n1,1,1\n", "two columns mean the same"),
        ("s.csv", 'lat,lon,name\n1,1,"x\n', "broken row"),
        ("s.csv", b"name,lat,lon\n\xff\xfex,1,1\n", "s.csv:2: not UTF-8"),
        ("s.csv", b"PK\x03\x04\x00\x00", "not a text file"),
        ("s.xlsx", "x", "unknown kind of file"),
        ("s.kmz", "x", "unpack it"),
        ("s.geojson", "{", "not JSON"),
        ("s.geojson", "[" * 200_000, "not JSON"),
        ("s.geojson", "[]", "not a Point feature"),
        ("s.geojson", '{"type": "FeatureCollection", "features": 3}', "not a list"),
        ("s.kml", "<kml>", "not sound XML"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    assert message in faults(written(tmp_path, name, content))


def test_missing_and_oversized_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be read" in faults(tmp_path / "none.csv")
    monkeypatch.setattr("bentpipe.catalog.delimited.MAXIMUM_BYTES", 10)
    assert "too large" in faults(written(tmp_path, "s.csv", "lat,lon\n50,30\n"))
    monkeypatch.undo()
    monkeypatch.setattr(sitelists, "MAXIMUM_SITES", 1)
    assert "too many" in faults(written(tmp_path, "s.csv", "lat,lon\n50,30\n51,30\n"))


def point(coordinates: list[Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": coordinates}, "properties": properties}


def test_geojson(tmp_path: Path) -> None:
    features = [point([30.52, 50.45, 120.0], name="Kyiv", kind="hub", battery_hours=8), point([24.03, 49.84])]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    sites = load_sites(written(tmp_path, "s.geojson", text))
    assert sites[0] == {
        "id": "kyiv", "name": "Kyiv", "kind": "hub", "battery_hours": 8.0,
        "latitude_deg": 50.45, "longitude_deg": 30.52, "height_m": 120.0,
    }  # fmt: skip
    assert sites[1]["id"] == "site-2"


def test_geojson_faults(tmp_path: Path) -> None:
    line = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": []}, "properties": None}
    features = [line, point([1]), point([200, 10]), point([float("nan"), 10]), point([None, 10]), 5]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    message = faults(written(tmp_path, "s.json", text))
    for index in range(6):
        assert f"feature {index}" in message


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>list</name><Folder>
<Placemark><name>Kyiv &amp; more</name><ExtendedData><Data name="Kind"><value>hub</value></Data>
<SchemaData><SimpleData name="terminals">4</SimpleData></SchemaData></ExtendedData>
<Point><coordinates> 30.52,50.45,0 </coordinates></Point></Placemark>
<Placemark><name>Lviv</name><Point><coordinates>24.03,49.84</coordinates></Point></Placemark>
</Folder></Document></kml>"""


def test_kml(tmp_path: Path) -> None:
    sites = load_sites(written(tmp_path, "s.kml", KML))
    assert sites[0] == {
        "id": "kyiv-more", "name": "Kyiv & more", "kind": "hub", "terminals": 4,
        "latitude_deg": 50.45, "longitude_deg": 30.52, "height_m": 0.0,
    }  # fmt: skip
    assert (sites[1]["latitude_deg"], sites[1]["longitude_deg"]) == (49.84, 24.03)


def test_kml_faults(tmp_path: Path) -> None:
    text = KML.replace("24.03,49.84", "24.03").replace("30.52,50.45,0", "130.52,95,0")
    message = faults(written(tmp_path, "s.kml", text))
    assert "s.kml:3: latitude_deg: out of range" in message
    assert "s.kml:6: coordinates are not" in message
    line = "<LineString><coordinates>1,1 2,2</coordinates></LineString>"
    text = KML.replace("<Point><coordinates>24.03,49.84</coordinates></Point>", line)
    assert "without exactly one point" in faults(written(tmp_path, "s.kml", text))


def test_entity_bombs_and_outside_files_are_refused_at_once(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE k [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)
    )
    for kind in (bomb + "]>", '<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>', '<!DOCTYPE k SYSTEM "x.dtd">'):
        text = KML.replace("?>", "?>" + kind, 1).replace("Lviv", "&j;")
        for encoding in ("utf-8", "utf-16"):
            start = time.perf_counter()
            message = faults(written(tmp_path, "s.kml", text.replace("UTF-8", encoding).encode(encoding)))
            assert "document type is refused" in message
            assert time.perf_counter() - start < 1.0


def test_deep_kml_is_refused(tmp_path: Path) -> None:
    assert "too deeply" in faults(written(tmp_path, "s.kml", "<a>" * 100_000))


def test_gateways(tmp_path: Path) -> None:
    text = "name,lat,lon,antennas,min_elevation,pop\nKaunas,54.879,23.842,8,25,Warsaw\n"
    assert load_gateways(written(tmp_path, "g.csv", text), POPS) == (
        {
            "id": "kaunas", "name": "Kaunas", "latitude_deg": 54.879, "longitude_deg": 23.842,
            "antennas": 8, "minimum_elevation_deg": 25.0, "pop": "warsaw",
        },
    )  # fmt: skip


def test_gateways_need_a_known_point_of_presence(tmp_path: Path) -> None:
    path = written(tmp_path, "g.csv", "name,lat,lon\nKaunas,54.879,23.842\n")
    assert load_gateways(path, POPS[:1])[0]["pop"] == "frankfurt"
    assert "no point of presence" in faults(path, lambda p: load_gateways(p, POPS))
    path = written(tmp_path, "g.csv", "name,lat,lon,pop\nKaunas,54.879,23.842,atlantis\n")
    assert "g.csv:2: unknown point of presence" in faults(path, lambda p: load_gateways(p, POPS))
