"""Element sets made up for the tests, written in every format."""

from __future__ import annotations

import csv
import io
import json

import numpy as np

ISS = """ISS (ZARYA)
1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927
2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537
"""


def record(number: int = 44713, **changes: object) -> dict[str, object]:
    """One OMM record."""
    whole: dict[str, object] = {
        "OBJECT_NAME": f"SAT-{number}",
        "OBJECT_ID": "2019-074A",
        "EPOCH": "2022-10-24T12:00:00.123456",
        "MEAN_MOTION": 15.06391,
        "ECCENTRICITY": 0.0001411,
        "INCLINATION": 53.0541,
        "RA_OF_ASC_NODE": 315.25,
        "ARG_OF_PERICENTER": 88.5,
        "MEAN_ANOMALY": 271.625,
        "EPHEMERIS_TYPE": 0,
        "CLASSIFICATION_TYPE": "U",
        "NORAD_CAT_ID": number,
        "ELEMENT_SET_NO": 999,
        "REV_AT_EPOCH": 16328,
        "BSTAR": -0.00017801,
        "MEAN_MOTION_DOT": -2.931e-05,
        "MEAN_MOTION_DDOT": 0,
    }
    return whole | changes


def as_json(records: list[dict[str, object]]) -> str:
    return json.dumps(records)


def as_csv(records: list[dict[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def as_xml(records: list[dict[str, object]], prologue: str = "") -> str:
    bodies = "".join(
        '<omm id="CCSDS_OMM_VERS" version="3.0"><header><ORIGINATOR>TEST</ORIGINATOR></header><body><segment>'
        "<metadata><CENTER_NAME>EARTH</CENTER_NAME><REF_FRAME>TEME</REF_FRAME><TIME_SYSTEM>UTC</TIME_SYSTEM>"
        "<MEAN_ELEMENT_THEORY>SGP4</MEAN_ELEMENT_THEORY></metadata><data><meanElements>"
        + "".join(f"<{key}>{value}</{key}>" for key, value in one.items())
        + "</meanElements></data></segment></body></omm>\n"
        for one in records
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{prologue}<ndm>\n{bodies}</ndm>\n'


def as_kvn(records: list[dict[str, object]]) -> str:
    return "".join(
        "CCSDS_OMM_VERS = 3.0\nCOMMENT made up\nORIGINATOR = TEST\nTIME_SYSTEM = UTC\n"
        + "".join(f"{key} = {value}{' [deg]' if key == 'INCLINATION' else ''}\n" for key, value in one.items())
        + "\n"
        for one in records
    )


def tle_lines(one: dict[str, object]) -> tuple[str, str]:
    """Two lines of a record, its drag terms zero."""
    epoch = np.datetime64(str(one["EPOCH"]), "us")
    year = str(epoch)[:4]
    days = (epoch - np.datetime64(f"{year}-01-01", "us")) / np.timedelta64(86_400_000_000, "us") + 1.0
    number = f"{one['NORAD_CAT_ID']:>05}"
    first = f"1 {number}U 19074A   {year[2:]}{days:012.8f}  .00000000  00000+0  00000+0 0  999"
    second = (
        f"2 {number} {one['INCLINATION']:8.4f} {one['RA_OF_ASC_NODE']:8.4f} "
        f"{round(float(str(one['ECCENTRICITY'])) * 1e7):07d} {one['ARG_OF_PERICENTER']:8.4f} "
        f"{one['MEAN_ANOMALY']:8.4f} {one['MEAN_MOTION']:11.8f}{one['REV_AT_EPOCH']:5d}"
    )
    return with_checksum(first), with_checksum(second)


def with_checksum(line: str) -> str:
    """The first 68 columns of a line with their checksum."""
    body = line[:68].ljust(68)
    return body + str(sum(int(c) if c.isdigit() else c == "-" for c in body) % 10)


def as_tle(records: list[dict[str, object]]) -> str:
    return "".join("{}\n{}\n{}\n".format(one["OBJECT_NAME"], *tle_lines(one)) for one in records)


def mean_motion(altitude_km: float) -> float:
    """Revolutions a day at an altitude, near enough (no J2)."""
    return 86400.0 / (2 * np.pi) * np.sqrt(398600.8 / (6378.135 + altitude_km) ** 3)


def shell(
    altitude_km: float, inclination_deg: float, planes: int, per_plane: int, first: int, **changes: object
) -> list[dict[str, object]]:
    """Records of a filled Walker shell."""
    return [
        record(
            first + p * per_plane + s,
            MEAN_MOTION=mean_motion(altitude_km),
            INCLINATION=inclination_deg,
            RA_OF_ASC_NODE=360.0 * p / planes,
            ARG_OF_PERICENTER=0.0,
            MEAN_ANOMALY=360.0 * (s + 0.4 * p) / per_plane % 360.0,
            **changes,
        )
        for p in range(planes)
        for s in range(per_plane)
    ]


def string(
    altitude_km: float, inclination_deg: float, node_deg: float, count: int, first: int, **changes: object
) -> list[dict[str, object]]:
    """Records of a string: one plane, a tenth of a turn long."""
    return [
        record(
            first + s,
            MEAN_MOTION=mean_motion(altitude_km),
            INCLINATION=inclination_deg,
            RA_OF_ASC_NODE=node_deg,
            ARG_OF_PERICENTER=0.0,
            MEAN_ANOMALY=100.0 + 36.0 * s / count,
            **changes,
        )
        for s in range(count)
    ]
