"""Hops and profiles that several tests share."""

from __future__ import annotations

from bentpipe.catalog.modcods import modcod_table
from bentpipe.catalog.radio import ofdm_limits, radio_link
from bentpipe.link.hop import Hop
from bentpipe.link.modcod import ModcodProfile, dvb_efficiency, shannon_profile, table_profile


def catalogued(operator: str, direction: str, terminal: str | None = None) -> Hop:
    link = radio_link(operator, direction, terminal)
    return Hop(link.name, **link.numbers(), origin=link.origin())


def table(name: str) -> ModcodProfile:
    rows = modcod_table(name)
    bits = dvb_efficiency(rows.bits_per_symbol, rows.code_rate, rows.bch_errors)
    return table_profile(name, rows.criterion, rows.row_names, rows.es_n0_db, bits)


def starlink_ofdm() -> ModcodProfile:
    limits = ofdm_limits("starlink-ofdm")
    return shannon_profile(
        limits.name,
        limits.gap_db.value,
        limits.lowest_es_n0_db.value,
        limits.bits_per_symbol.value,
        limits.code_rate.value,
    )
