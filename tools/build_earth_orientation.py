"""Build src/bentpipe/earth/data/earth-orientation.csv from the IERS Bulletin A in ``astropy-iers-data``.

Run it with the ``geodata`` extra installed: ``python tools/build_earth_orientation.py [--since 2019-01-01]``.
The values are those of ``finals2000A.all`` of the U.S. Naval Observatory, a work of the U.S. government in
the public domain; bytes 8-15 (MJD), 58 (flag), 59-68 (UT1-UTC) and 69-78 (its error), see its ReadMe.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.metadata
from pathlib import Path

import astropy_iers_data  # type: ignore[import-untyped]

MJD_EPOCH = datetime.date(1858, 11, 17)
TARGET = Path(__file__).resolve().parents[1] / "src/bentpipe/earth/data/earth-orientation.csv"


def rows(text: str, since: datetime.date) -> list[str]:
    """CSV rows of the days since a date that have a UT1-UTC."""
    found = []
    for line in text.splitlines():
        if not line[58:68].strip():
            continue
        day = MJD_EPOCH + datetime.timedelta(days=int(float(line[7:15])))
        if day >= since:
            kind = {"I": "measured", "P": "predicted"}[line[57]]
            found.append(f"{day},{float(line[58:68]):.6f},{float(line[68:78]):.6f},{kind}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--since", type=datetime.date.fromisoformat, default=datetime.date(2019, 1, 1))
    since = parser.parse_args().since
    data = Path(astropy_iers_data.IERS_A_FILE).read_bytes()
    edition = importlib.metadata.version("astropy-iers-data")
    head = [
        "# IERS Bulletin A (finals2000A.all, U.S. Naval Observatory, public domain),",
        f"# astropy-iers-data {edition}, sha256 {hashlib.sha256(data).hexdigest()}",
        "date,ut1_minus_utc_s,error_s,kind",
    ]
    TARGET.write_text("\n".join(head + rows(data.decode("ascii"), since)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
