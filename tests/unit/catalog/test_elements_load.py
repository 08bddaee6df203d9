"""Readers of element sets: every format gives the same numbers, and bad files are named for what they are."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import element_files as made
import numpy as np
import pytest

from bentpipe.catalog.elements import ElementSet, load_elements
from bentpipe.errors import ElementsError

FORMATS = {
    "tle": made.as_tle,
    "omm-json": made.as_json,
    "omm-csv": made.as_csv,
    "omm-xml": made.as_xml,
    "omm-kvn": made.as_kvn,
}


def load(tmp_path: Path, content: str | bytes, **options: int) -> ElementSet:
    path = tmp_path / "some.file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_elements(path, **options)


def faults_of(tmp_path: Path, content: str | bytes, **options: int) -> list[str]:
    with pytest.raises(ElementsError) as caught:
        load(tmp_path, content, **options)
    assert all(fault.where.startswith("some.file") or "some.file" in fault.where for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_format_gives_the_same_elements(tmp_path: Path, kind: str, packed: bool) -> None:
    records = [made.record(number, BSTAR=0.0, MEAN_MOTION_DOT=0.0) for number in (44713, 5, 52000)]
    text = FORMATS[kind](records)
    got = load(tmp_path, gzip.compress(text.encode()) if packed else text)
    assert got.source.format == kind
    assert got.name == ("SAT-44713", "SAT-5", "SAT-52000")
    assert got.catalog_number.tolist() == [44713, 5, 52000]
    assert np.abs(got.epoch - np.datetime64("2022-10-24T12:00:00.123456")).max() < np.timedelta64(1000, "us")
    np.testing.assert_allclose(got.mean_motion_rad_per_min, 15.06391 * 2 * np.pi / 1440, rtol=1e-12)
    np.testing.assert_allclose(np.degrees(got.inclination_rad), 53.0541, rtol=1e-12)
    np.testing.assert_allclose(np.degrees(got.raan_rad), 315.25, rtol=1e-12)
    np.testing.assert_allclose(np.degrees(got.argument_of_perigee_rad), 88.5, rtol=1e-12)
    np.testing.assert_allclose(np.degrees(got.mean_anomaly_rad), 271.625, rtol=1e-12)
    np.testing.assert_allclose(got.eccentricity, 0.0001411, rtol=1e-12)


def test_the_first_line_of_hypatias_files_is_no_name(tmp_path: Path) -> None:
    lines = made.ISS.splitlines(keepends=True)
    assert load(tmp_path, "72 22\n" + made.ISS).name == ("ISS (ZARYA)",)
    assert load(tmp_path, "72 22\n" + "".join(lines[1:])).name == ("NORAD 25544",)
    assert load(tmp_path, "72 22 \r\n" + made.ISS).catalog_number.tolist() == [25544]
    # Anywhere else it is what any other line would be: a name.
    assert load(tmp_path, "\n72 22\n" + "".join(lines[1:])).name == ("72 22",)
    assert faults_of(tmp_path, "72 22\n")


def test_tle_agrees_with_the_sgp4_library(tmp_path: Path) -> None:
    from sgp4.api import Satrec

    got = load(tmp_path, made.ISS)
    own = Satrec.twoline2rv(*made.ISS.splitlines()[1:])
    assert got.name == ("ISS (ZARYA)",)
    assert got.designator == ("98067A",)
    for ours, theirs in (
        (got.mean_motion_rad_per_min, own.no_kozai),
        (got.eccentricity, own.ecco),
        (got.inclination_rad, own.inclo),
        (got.raan_rad, own.nodeo),
        (got.argument_of_perigee_rad, own.argpo),
        (got.mean_anomaly_rad, own.mo),
        (got.bstar, own.bstar),
        (got.ndot, own.ndot),
        (got.nddot, own.nddot),
    ):
        assert ours[0] == pytest.approx(theirs, rel=1e-13, abs=1e-300)
    epoch_unix_s = (own.jdsatepoch - 2440587.5 + own.jdsatepochF) * 86400.0
    assert got.epoch_unix_s[0] == pytest.approx(epoch_unix_s, abs=2e-5)  # the library's fraction of a day


def test_semi_major_axis_agrees_with_sgp4(tmp_path: Path) -> None:
    from sgp4.api import Satrec

    got = load(tmp_path, made.ISS)
    own = Satrec.twoline2rv(*made.ISS.splitlines()[1:])
    assert got.altitude_m[0] == pytest.approx((own.a - 1.0) * 6_378_135.0, abs=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        made.ISS.split("\n", 1)[1],
        "0 " + made.ISS,
        made.ISS.replace("\n", "\r\n"),
        "\n\n" + made.ISS + "\n \n",
        "\ufeff" + made.ISS,
    ],
)
def test_tle_with_and_without_names_and_with_odd_line_ends(tmp_path: Path, text: str) -> None:
    got = load(tmp_path, text)
    assert got.name[0] in ("ISS (ZARYA)", "NORAD 25544")


@pytest.mark.parametrize(
    ("written", "number"), [("A0000", 100000), ("E8493", 148493), ("J2931", 182931), ("Z9999", 339999), ("    5", 5)]
)
def test_alpha_5(tmp_path: Path, written: str, number: int) -> None:
    first, second = (made.with_checksum(line[:2] + written + line[7:]) for line in made.ISS.splitlines()[1:])
    assert load(tmp_path, f"{first}\n{second}\n").catalog_number.tolist() == [number]


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "tle"])
@pytest.mark.parametrize("number", [99999, 100001, 799501, 123456789, 999999999])
def test_long_catalogue_numbers(tmp_path: Path, kind: str, number: int) -> None:
    assert load(tmp_path, FORMATS[kind]([made.record(number)])).catalog_number.tolist() == [number]


def test_json_of_texts_and_a_single_object_and_ordinal_date(tmp_path: Path) -> None:
    texts = {key: str(value) for key, value in made.record().items()}
    assert load(tmp_path, made.as_json([texts])).bstar[0] == -0.00017801
    single = made.as_json([made.record(EPOCH="2022-297T12:00:00.5Z")])[1:-1]
    assert load(tmp_path, single).epoch[0] == np.datetime64("2022-10-24T12:00:00.5")


def test_half_derivatives_are_optional(tmp_path: Path) -> None:
    bare = {k: v for k, v in made.record().items() if k not in ("MEAN_MOTION_DOT", "MEAN_MOTION_DDOT")}
    assert load(tmp_path, made.as_json([bare])).ndot[0] == 0.0


def test_identical_duplicates_are_dropped_in_silence(tmp_path: Path) -> None:
    got = load(tmp_path, made.ISS * 3)
    assert len(got) == 1
    assert got.source.notes == ()


def test_of_differing_duplicates_the_newest_stays_and_it_is_said(tmp_path: Path) -> None:
    old, new = made.record(7, EPOCH="2022-10-20T00:00:00"), made.record(7, EPOCH="2022-10-23T00:00:00")
    got = load(tmp_path, made.as_json([made.record(8), new, old]))
    assert got.catalog_number.tolist() == [8, 7]
    assert got.epoch[1] == np.datetime64("2022-10-23T00:00:00")
    assert "repeat a catalogue number" in got.source.notes[0] and "7" in got.source.notes[0]


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("INCLINATION", 181.0, "INCLINATION out of range"),
        ("INCLINATION", -1.0, "INCLINATION out of range"),
        ("ECCENTRICITY", 1.0, "ECCENTRICITY out of range"),
        ("ECCENTRICITY", float("nan"), "ECCENTRICITY is not finite"),
        ("MEAN_MOTION", float("inf"), "MEAN_MOTION is not finite"),
        ("MEAN_MOTION", -15.0, "MEAN_MOTION out of range"),
        ("MEAN_MOTION", 0, "MEAN_MOTION out of range"),
        ("BSTAR", "1_0", "BSTAR is not a number"),
        ("BSTAR", True, "BSTAR is not a number"),
        ("BSTAR", [1], "BSTAR is not a number"),
        ("BSTAR", None, "BSTAR is missing"),
        ("BSTAR", 10**400, "BSTAR is not"),
        ("MEAN_ANOMALY", "", "MEAN_ANOMALY is missing"),
        ("EPOCH", "yesterday", "EPOCH is not a UTC date and time"),
        ("EPOCH", "2022-13-45T00:00:00", "EPOCH is not a UTC date and time"),
        ("EPOCH", None, "EPOCH is missing"),
        ("EPOCH", "1850-01-01T00:00:00", "epoch out of range"),
        ("NORAD_CAT_ID", -5, "catalogue number out of range"),
        ("NORAD_CAT_ID", 10**12, "catalogue number out of range"),
        ("NORAD_CAT_ID", 10**30, "not a catalogue number"),
        ("NORAD_CAT_ID", "I0000", "not a catalogue number"),
        ("NORAD_CAT_ID", 1.5, "not a catalogue number"),
        ("NORAD_CAT_ID", None, "not a catalogue number"),
        ("EPHEMERIS_TYPE", 4, "EPHEMERIS_TYPE is not one"),
        ("REF_FRAME", "ICRF", "REF_FRAME is not one"),
        ("TIME_SYSTEM", "GPS", "TIME_SYSTEM is not one"),
    ],
)
def test_a_bad_value_is_named_with_its_record(tmp_path: Path, key: str, value: object, what: str) -> None:
    bad = made.record(2) | {key: value}
    told = faults_of(tmp_path, made.as_json([made.record(1), bad]))
    assert len(told) == 1
    assert "record 2" in told[0] and what in told[0]


@pytest.mark.parametrize("kind", ["omm-csv", "omm-xml", "omm-kvn"])
def test_faults_name_lines_in_every_notation(tmp_path: Path, kind: str) -> None:
    told = faults_of(tmp_path, FORMATS[kind]([made.record(1), made.record(2, INCLINATION="x")]))
    assert len(told) == 1 and "line" in told[0] and "INCLINATION is not a number" in told[0]


def test_all_faults_come_at_once_up_to_a_readable_number(tmp_path: Path) -> None:
    records = [made.record(n, INCLINATION=200.0) for n in range(1, 101)]
    told = faults_of(tmp_path, made.as_json(records))
    assert len(told) == 21
    assert "80 more faults" in told[-1]


def change(line: int, column: int, to: str, mend: bool = True) -> str:
    lines = made.ISS.splitlines()
    lines[line] = lines[line][:column] + to + lines[line][column + len(to) :]
    if mend:
        lines[line] = made.with_checksum(lines[line])
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (change(1, 68, "0", mend=False), "wrong checksum; found '0'; allowed: 7"),
        (change(2, 9, "2", mend=False), "wrong checksum"),
        (change(2, 7, "X"), "columns out of place"),
        (change(1, 23, " "), "columns out of place"),
        (change(2, 11, "x"), "columns out of place"),
        (change(2, 8, " 5x"), "INCLINATION is not a number"),
        (change(2, 26, "00o6703"), "ECCENTRICITY is not a number"),
        (change(1, 53, "-1x606-4"), "BSTAR is not a number"),
        (change(1, 53, "-11606x4"), "BSTAR is not a number"),
        (change(1, 20, "367.5"), "epoch day out of range"),
        (change(1, 62, "4"), "ephemeris type is not SGP4"),
        (change(2, 2, "25545"), "name different satellites"),
        (change(2, 8, "181.0000"), "INCLINATION out of range"),
        (change(2, 52, "00.00000000"), "MEAN_MOTION out of range"),
        (made.ISS[:-20], "has 50 columns"),
        (made.ISS[:82], "ends after line 1"),
        (made.ISS[:100], "has 18 columns"),
        (made.ISS + "NEXT", "ends after a name"),
        (made.ISS.replace("2927", "2927 more"), "columns"),
        (made.ISS.replace("25544U", "25544\xdc"), "not ASCII"),
        ("\n".join(made.ISS.splitlines()[::2]), "without its line 1"),
        ("\n".join(made.ISS.splitlines()[:2]) + "\nNAME\n" + made.ISS, "without its line 2"),
    ],
)
def test_a_bad_tle_is_named_with_its_line(tmp_path: Path, text: str, what: str) -> None:
    told = faults_of(tmp_path, text)
    assert any(what in one for one in told), told


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (bytes(range(256)) * 10, "not text"),
        (b"A\0B", "NUL"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"<!DOCTYPE html><html><body>403</body></html>", "a web page"),
        (b"No GP data found", "not a known format"),
        (b"[]", "no element set"),
        (b"{}", "is missing"),
        (b"[1, 2]", "not an OMM object"),
        (b"[" * 100_000, "not usable JSON"),
        (b'[{"a": 1}', "not valid JSON"),
        (b"NORAD_CAT_ID,EPOCH\n", "no element set"),
        (b"NORAD_CAT_ID,EPOCH,EPOCH\n1,2,3\n", "stands twice"),
        (b"NORAD_CAT_ID,EPOCH\n1\n", "1 fields"),
        (b'NORAD_CAT_ID,EPOCH\n"1,2\n', "not valid CSV"),
        (b"NORAD_CAT_ID\n1\n", "not a known format"),
        (b"<ndm></ndm>", "no element set"),
        (b"<ndm><omm>", "not valid XML"),
        (b"CCSDS_OMM_VERS = 3.0\nnonsense\n", "not KEYWORD = VALUE"),
        (b"CCSDS_OMM_VERS = 3.0\nBSTAR = 0\nBSTAR = 1\n", "stands twice"),
    ],
)
def test_a_file_that_holds_no_elements_is_named_for_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    assert any(what in one for one in faults_of(tmp_path, content))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ElementsError, match="no such file"):
        load_elements(tmp_path / "absent.tle")
    with pytest.raises(ElementsError, match="not a regular file"):
        load_elements(tmp_path)


def test_gzip_bomb_is_refused_and_costs_little(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    start = time.perf_counter()
    told = faults_of(tmp_path, bomb, max_bytes=1_000_000)
    assert "larger than this reader accepts" in told[0] and "MiB" in told[0]
    assert time.perf_counter() - start < 1.0


def test_bomb_of_many_members_and_padding(tmp_path: Path) -> None:
    assert "larger" in faults_of(tmp_path, gzip.compress(b" " * 400_000) * 10, max_bytes=1_000_000)[0]
    halves = gzip.compress(made.ISS[:50].encode()) + gzip.compress(made.ISS[50:].encode()) + b"\0" * 64
    assert len(load(tmp_path, halves)) == 1


def test_large_plain_file_is_refused(tmp_path: Path) -> None:
    assert "larger" in faults_of(tmp_path, made.ISS * 1000, max_bytes=10_000)[0]


def test_damaged_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(made.ISS.encode() * 50)
    assert "ends too early" in faults_of(tmp_path, packed[:-9])[0]
    wrong_sum = packed[:-6] + bytes([packed[-6] ^ 0xFF]) + packed[-5:]
    assert "damaged" in faults_of(tmp_path, wrong_sum)[0]


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE ndm [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    outside = f'<!DOCTYPE ndm [<!ENTITY x SYSTEM "file://{tmp_path}/some.file">]>\n'
    for prologue in (laughs, outside):
        text = made.as_xml([made.record(OBJECT_NAME="&b;")], prologue)
        assert any("entities are not accepted" in one for one in faults_of(tmp_path, text))


def test_arrays_are_ready_for_kernels_and_selection_keeps_order(tmp_path: Path) -> None:
    got = load(tmp_path, made.as_json([made.record(n) for n in (3, 1, 2)]))
    for part in (got, got.select(np.array([True, False, True])), got.select(np.array([2, 0]))):
        for column in (part.catalog_number, part.epoch, part.raan_rad, part.bstar):
            assert column.flags.c_contiguous and column.flags.writeable
    assert got.select(np.array([2, 0])).name == ("SAT-2", "SAT-3")
    assert got.select(np.array([True, False, True])).catalog_number.tolist() == [3, 2]


@pytest.mark.parametrize("kind", FORMATS)
def test_any_damage_ends_in_a_clear_error_or_in_elements(tmp_path: Path, kind: str) -> None:
    """Cut and flip bytes at random: never another exception than ElementsError."""
    rng = random.Random(kind)
    whole = FORMATS[kind]([made.record(number) for number in range(1, 6)]).encode()
    for _ in range(150):
        damaged = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.4 else whole)
        for _ in range(rng.randrange(4)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            got = load(tmp_path, bytes(damaged))
        except ElementsError:
            continue
        assert len(got) >= 1


@pytest.mark.parametrize("kind", FORMATS)
def test_ten_thousand_sets_are_read_well_under_a_second(tmp_path: Path, kind: str) -> None:
    text = FORMATS[kind]([made.record(number) for number in range(1, 10_001)])
    start = time.process_time()
    got = load(tmp_path, text)
    spent = time.process_time() - start
    assert len(got) == 10_000
    assert spent < 5.0, f"{spent:.2f} s of CPU; 0.1 to 0.8 s are usual, more on a crowded machine"
