"""MODCODs of DVB-S2 and DVB-S2X with the Es/N0 that each needs, one error criterion and one channel a table.

The rows stand in ``modcods.csv`` beside this file. Their efficiency is no datum: it follows from the frame by
`bentpipe.link.modcod.dvb_efficiency`.
"""

from __future__ import annotations

import csv
from fractions import Fraction
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.errors import Fault, UnknownNameError

_TABLES = {
    "dvb-s2": (
        "dvb-s2",
        "es_n0_db",
        "packet error ratio 1e-7, ideal linear channel",
        "ETSI EN 302 307-1 V1.4.1 (2014-11), Table 13",
    ),
    "dvb-s2x": (
        "dvb-s2x",
        "es_n0_db",
        "frame error ratio 1e-5, ideal linear channel",
        "ETSI EN 302 307-2 (DVB-S2X), Table 20a, Es/N0 column, as restated in two public repositories",
    ),
    "dvb-s2x-nonlinear": (
        "dvb-s2x",
        "csat_n0rs_nonlinear_db",
        "frame error ratio 1e-5, non-linear channel, Csat/(N0 Rs)",
        "ETSI EN 302 307-2 (DVB-S2X), Table 20a, non-linear column, as restated in a public repository",
    ),
}


class ModcodTable(NamedTuple):
    """MODCODs that share an error criterion and a channel.

    Parameters
    ----------
    name : str
        "dvb-s2", "dvb-s2x" or "dvb-s2x-nonlinear".
    row_names : tuple of str
        Names (R), such as "16APSK 3/4".
    bits_per_symbol, code_rate, bch_errors : (R,) float64
        Modulation and code.
    es_n0_db : (R,) float64
        Least Es/N0, dB; for the non-linear channel Csat/(N0 Rs).
    criterion : str
        Error criterion and channel.
    source : str
        Standard, edition and table.
    """

    name: str
    row_names: tuple[str, ...]
    bits_per_symbol: NDArray[np.float64]
    code_rate: NDArray[np.float64]
    bch_errors: NDArray[np.float64]
    es_n0_db: NDArray[np.float64]
    criterion: str
    source: str


def modcod_table_names() -> tuple[str, ...]:
    """Return the names of the tables."""
    return tuple(_TABLES)


def modcod_table(name: str) -> ModcodTable:
    """Read a table of MODCODs.

    Parameters
    ----------
    name : str
        "dvb-s2" (28 rows), "dvb-s2x" (39 rows that S2X adds) or "dvb-s2x-nonlinear", whatever the case. The rows of S2
        are not in the tables of S2X, because their thresholds hold for another error criterion.

    Returns
    -------
    ModcodTable
        Rows in the order of the standard. ETSI EN 302 307-1 V1.4.1 Table 13; EN 302 307-2 Table 20a.

    Raises
    ------
    UnknownNameError
        For another name.
    """
    key = name.strip().casefold()
    if key not in _TABLES:
        raise UnknownNameError(Fault("no table of MODCODs has this name", "modcods", name, ", ".join(_TABLES)))
    standard, column, criterion, source = _TABLES[key]
    text = files("bentpipe.catalog").joinpath("modcods.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["standard"] == standard]
    return ModcodTable(
        key,
        tuple(row["name"] for row in rows),
        np.array([float(row["bits_per_symbol"]) for row in rows]),
        np.array([float(Fraction(row["code_rate"])) for row in rows]),
        np.array([float(row["bch_errors"]) for row in rows]),
        np.array([float(row[column]) for row in rows]),
        criterion,
        source,
    )
