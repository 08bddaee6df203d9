"""The link budget as an ordered list of lines that can be printed and is also data.

Each line says what it adds, in which unit, what the running total is after it, and where its number comes from. The
same numbers without the lines: `bentpipe.link.rates`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, UnknownNameError
from bentpipe.link.antenna import g_over_t_drop_db, scan_loss_db
from bentpipe.link.hop import PFD_REFERENCE_HZ, Hop, Path
from bentpipe.link.modcod import ModcodProfile, chosen_row, spectral_efficiency
from bentpipe.link.p525 import free_space_loss_db
from bentpipe.link.rates import BOLTZMANN_DBW_K_HZ, HopRates, combined_c_n_db, isotropic_aperture_db

FloatArray = npt.NDArray[np.float64]
Kind = Literal["start", "added", "combined", "result"]


class BudgetLine(NamedTuple):
    """One line of a link budget.

    Parameters
    ----------
    name : str
        What it is: "free-space loss".
    kind : str
        "start" sets the running total, "added" adds its value to it, "combined" adds its reciprocal to the
        reciprocal of the total (interference), "result" is derived from it.
    value : ndarray (...)
        The value with its sign: losses are negative. In `unit`.
    unit : str
        Unit of the value.
    running : ndarray (...)
        Running total after the line, in `running_unit`.
    running_unit : str
        Unit of the running total.
    tag : str
        "documented", "assumed", "recalled", "computed" or "given".
    source : str
        Where the value comes from.
    """

    name: str
    kind: Kind
    value: FloatArray
    unit: str
    running: FloatArray
    running_unit: str
    tag: str
    source: str


@dataclass(frozen=True)
class Budget:
    """A link budget: its lines in order.

    Parameters
    ----------
    name : str
        Name of the hop, or of the path end to end.
    lines : tuple of BudgetLine
        The lines.
    modcod : ndarray of int64 (...)
        Row of `modcod_names` in use; -1 where none works.
    modcod_names : tuple of str
        Names of the MODCODs (M).
    """

    name: str
    lines: tuple[BudgetLine, ...]
    modcod: npt.NDArray[np.int64]
    modcod_names: tuple[str, ...]

    def __iter__(self) -> Iterator[BudgetLine]:
        """Return the lines one by one."""
        return iter(self.lines)

    def __getitem__(self, name: str) -> BudgetLine:
        """Return the line of a name."""
        for line in self.lines:
            if line.name == name:
                return line
        raise UnknownNameError(
            Fault("the budget has no such line", self.name, name, ", ".join(line.name for line in self.lines))
        )

    def rates(self) -> HopRates:
        """Return what `bentpipe.link.rates` returns: arrays (...), dB and bit/s."""
        return HopRates(
            self["C/N"].running, self["C/(N+I)"].running, self["Es/(N0+I0)"].running, self["bit rate"].running
        )

    def rows(self, index: tuple[int, ...] = ()) -> tuple[tuple[str, float, str, float, str, str, str], ...]:
        """Return the lines of one link as plain values, for a table.

        Parameters
        ----------
        index : tuple of int
            Which link of the shape (...); empty for a single one.

        Returns
        -------
        tuple of tuple
            (name, value, unit, running total, its unit, tag, source) of each line.
        """
        return tuple(
            (
                line.name,
                float(np.asarray(line.value)[index]),
                line.unit,
                float(np.asarray(line.running)[index]),
                line.running_unit,
                line.tag,
                line.source,
            )
            for line in self.lines
        )

    def modcod_name(self, index: tuple[int, ...] = ()) -> str:
        """Return the MODCOD of one link, "none" where no MODCOD works.

        Parameters
        ----------
        index : tuple of int
            Which link of the shape (...).

        Returns
        -------
        str
        """
        row = int(np.asarray(self.modcod)[index])
        return "none" if row < 0 else self.modcod_names[row]


class _Writer:
    """Lines of a budget in the making."""

    def __init__(self, shape: tuple[int, ...], hop: Hop) -> None:
        self.lines: list[BudgetLine] = []
        self._shape = shape
        self._hop = hop

    @property
    def running(self) -> FloatArray:
        """Running total after the last line."""
        return self.lines[-1].running

    def write(
        self, name: str, kind: Kind, value: npt.ArrayLike, unit: str, running_unit: str, *origin: str, field: str = ""
    ) -> None:
        """Write a line; `origin` is a tag and a source, `field` the hop's field that has them instead."""
        array = np.broadcast_to(np.asarray(value, dtype=np.float64), self._shape)
        if kind == "added":
            running = self.running + array
        elif kind == "combined":
            running = combined_c_n_db(self.running, array)
        else:
            running = array
        tag, source = self._hop.origin.get(field, ("given", "argument")) if field else origin
        self.lines.append(BudgetLine(name, kind, array, unit, running, running_unit, tag, source))


def hop_budget(hop: Hop, path: Path, profile: ModcodProfile) -> Budget:
    """Write the budget of a hop.

    Parameters
    ----------
    hop : Hop
        Transmitter, channel, receiver.
    path : Path
        Paths (...), from `bentpipe.link.hop.make_path`.
    profile : ModcodProfile
        What the receiver can decode.

    Returns
    -------
    Budget
        Lines with arrays (...), from EIRP or power-flux density (dBW, dBW/m2) to C/N0 (dBHz), C/N, C/(N+I) and
        Es/(N0+I0) (dB), MODCOD (bit/symbol) and bit rate (bit/s). ITU-R P.525-4, P.618-14; the form is that of
        Maral, Bousquet and Sun 2009, section 5.4.
    """
    writer = _Writer(path.slant_range_m.shape, hop)
    _write_signal(writer, hop, path)
    _write_noise(writer, hop, path)
    _write_interference(writer, hop)
    modcod = _write_rate(writer, hop, profile)
    return Budget(hop.name, tuple(writer.lines), modcod, profile.row_names)


def _write_signal(writer: _Writer, hop: Hop, path: Path) -> None:
    """Write the lines up to the power that an isotropic antenna would receive."""
    if hop.pfd_dbw_m2_4khz is not None:
        unit = "dBW/m2"
        name = "power-flux density in 4 kHz"
        writer.write(name, "start", hop.pfd_dbw_m2_4khz, unit, unit, field="pfd_dbw_m2_4khz")
        widened = 10.0 * math.log10(hop.bandwidth_hz / PFD_REFERENCE_HZ)
        writer.write("from 4 kHz to the channel", "added", widened, "dB", unit, field="bandwidth_hz")
        aperture = isotropic_aperture_db(hop)
        writer.write("isotropic aperture", "added", aperture, "dBm2", "dBW", "computed", "ITU-R P.525-4")
    else:
        assert hop.eirp_dbw is not None
        writer.write("EIRP", "start", hop.eirp_dbw, "dBW", "dBW", field="eirp_dbw")
        loss = free_space_loss_db(path.slant_range_m, hop.frequency_hz)
        writer.write("free-space loss", "added", -loss, "dB", "dBW", "computed", "ITU-R P.525-4")
        scan = scan_loss_db(path.transmit_scan_deg, hop.transmit_scan_exponent)
        writer.write("transmit scan loss", "added", -scan, "dB", "dBW", field="transmit_scan_exponent")
    source = "argument; ITU-R P.618"
    writer.write("atmospheric loss", "added", -path.atmospheric_loss_db, "dB", "dBW", "computed", source)
    writer.write("wet antenna", "added", -path.wet_antenna_loss_db, "dB", "dBW", "assumed", "link/antenna.py")


def _write_noise(writer: _Writer, hop: Hop, path: Path) -> None:
    """Write the lines of the receiver up to C/N."""
    scan = scan_loss_db(path.receive_scan_deg, hop.receive_scan_exponent)
    writer.write("receive scan loss", "added", -scan, "dB", "dBW", field="receive_scan_exponent")
    writer.write("G/T", "added", hop.g_t_db_k, "dB/K", "dBW/K", field="g_t_db_k")
    noisy = path.noisy_loss_db + path.wet_antenna_loss_db
    drop = g_over_t_drop_db(noisy, hop.system_noise_k, hop.rain_temperature_k)
    writer.write("noise of rain", "added", -drop, "dB", "dBW/K", "computed", "ITU-R P.618-14, section 3")
    writer.write("Boltzmann's constant", "added", -BOLTZMANN_DBW_K_HZ, "dBHz K/W", "dBHz", "documented", "SI")
    writer.write("C/N0", "result", writer.running, "dBHz", "dBHz", "computed", "sum of the lines above")
    width = 10.0 * math.log10(hop.bandwidth_hz)
    writer.write("noise bandwidth", "added", -width, "dBHz", "dB", field="bandwidth_hz")
    writer.write("C/N", "result", writer.running, "dB", "dB", "computed", "sum of the lines above")


def _write_interference(writer: _Writer, hop: Hop) -> None:
    """Write the lines of interference up to C/(N+I)."""
    for name, field in (
        ("C/ACI, adjacent channels", "c_aci_db"),
        ("C/ASI, adjacent satellites", "c_asi_db"),
        ("C/XPI, other polarisation", "c_xpi_db"),
        ("C/3IM, intermodulation", "c_3im_db"),
    ):
        writer.write(name, "combined", getattr(hop, field), "dB", "dB", field=field)
    writer.write("C/(N+I)", "result", writer.running, "dB", "dB", "computed", "reciprocals added")


def _write_rate(writer: _Writer, hop: Hop, profile: ModcodProfile) -> npt.NDArray[np.int64]:
    """Write the lines from Es/N0 to the bit rate; return the row of the MODCOD."""
    symbol = 10.0 * math.log10(1.0 + hop.roll_off)
    writer.write("channel to symbol rate", "added", symbol, "dB", "dB", field="roll_off")
    es_n0 = writer.running
    writer.write("Es/(N0+I0)", "result", es_n0, "dB", "dB", "computed", "sum of the lines above")
    bits = spectral_efficiency(es_n0, profile)
    source = f"{profile.name}: {profile.criterion}"
    writer.write("MODCOD efficiency", "result", bits, "bit/symbol", "bit/symbol", "computed", source)
    rate = bits * (hop.symbol_rate_hz * hop.payload_share)
    writer.write("bit rate", "result", rate, "bit/s", "bit/s", field="payload_share")
    return chosen_row(es_n0, profile)


def bent_pipe_budget(up: Budget, down: Budget, down_hop: Hop, profile: ModcodProfile) -> Budget:
    """Write the budget through a transparent satellite, from the budgets of its two hops.

    Parameters
    ----------
    up, down : Budget
        Of the two hops, of one shape (...) and over the same channel.
    down_hop : Hop
        The second hop: its roll-off, symbol rate and payload share hold from end to end.
    profile : ModcodProfile
        What the last receiver can decode.

    Returns
    -------
    Budget
        Lines with arrays (...): the C/(N+I) of both hops, their combination, Es/(N0+I0) (dB), bit rate (bit/s). Maral,
        Bousquet and Sun 2009, section 5.9; see `bentpipe.link.rates.combined_c_n_db`.
    """
    first, second = up.rates(), down.rates()
    shape = np.broadcast_shapes(first.c_n_db.shape, second.c_n_db.shape)
    writer = _Writer(shape, down_hop)
    source = f"budgets of {up.name} and {down.name}"
    writer.write(f"C/N of {up.name}", "start", first.c_n_db, "dB", "dB", "computed", source)
    writer.write(f"C/N of {down.name}", "combined", second.c_n_db, "dB", "dB", "computed", source)
    writer.write("C/N", "result", writer.running, "dB", "dB", "computed", "reciprocals added")
    writer.write(f"C/(N+I) of {up.name}", "start", first.c_ni_db, "dB", "dB", "computed", source)
    writer.write(f"C/(N+I) of {down.name}", "combined", second.c_ni_db, "dB", "dB", "computed", source)
    writer.write("C/(N+I)", "result", writer.running, "dB", "dB", "computed", "reciprocals added")
    modcod = _write_rate(writer, down_hop, profile)
    return Budget(f"{up.name} + {down.name}", tuple(writer.lines), modcod, profile.row_names)
