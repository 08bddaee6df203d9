"""Radio links by operator: every value has a tag and a source; what is missing is refused by name."""

from __future__ import annotations

import pytest

from bentpipe.catalog.modcods import modcod_table_names
from bentpipe.catalog.radio import (
    DIRECTIONS,
    ofdm_limits,
    radio_link,
    radio_operators,
    radio_terminals,
    satellite_capacity,
)
from bentpipe.errors import NotModelledError, UnknownNameError
from bentpipe.link.hop import Hop


def test_every_link_is_a_valid_hop_or_refused() -> None:
    made = []
    for operator in radio_operators():
        for direction in DIRECTIONS:
            try:
                link = radio_link(operator, direction)
            except NotModelledError:
                continue
            Hop(link.name, **link.numbers(), origin=link.origin())
            made.append((operator, direction))
            assert link.modcods in (*modcod_table_names(), "starlink-ofdm")
            assert all(v.tag in ("documented", "assumed", "recalled") and v.source for v in link.values.values())
    assert [d for o, d in made if o == "starlink"] == list(DIRECTIONS)
    assert len(made) == 12


def test_starlink_user_downlink() -> None:
    link = radio_link("Starlink", "user-down")
    assert link.numbers()["pfd_dbw_m2_4khz"] == -146.0
    assert link.numbers()["bandwidth_hz"] == 240e6
    assert (link.channels, link.spacing_hz, link.polarisations) == (8, 250e6, 1)
    assert link.origin()["bandwidth_hz"][0] == "documented"
    assert link.wet_saturation_db is not None and link.wet_saturation_db.tag == "assumed"


def test_another_terminal_changes_the_receiver_only() -> None:
    plain, large = radio_link("starlink", "user-down"), radio_link("starlink", "user-down", "high-performance")
    changed = {key for key in plain.values if plain.values[key].value != large.values[key].value}
    assert changed == {"g_t_db_k"}


def test_what_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(NotModelledError, match="power of the satellite"):
        radio_link("kuiper", "user-down")
    with pytest.raises(NotModelledError, match="G/T of the satellite"):
        radio_link("oneweb", "user-up")
    with pytest.raises(NotModelledError, match="geostationary feeder-up"):
        radio_link("geostationary", "feeder-up")


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'starlink'"):
        radio_link("starlnk", "user-down")
    with pytest.raises(UnknownNameError, match="user-down"):
        radio_link("starlink", "down")
    with pytest.raises(UnknownNameError, match="high-performance"):
        radio_link("starlink", "user-down", "mini")
    with pytest.raises(UnknownNameError, match="v2-mini"):
        satellite_capacity("starlink", "v9")
    with pytest.raises(UnknownNameError, match="starlink-ofdm"):
        ofdm_limits("lte")


def test_throughput_of_satellites() -> None:
    mini = satellite_capacity("starlink", "v2-mini")
    assert (mini.down_bit_s, mini.up_bit_s) == (96e9, 6.7e9)
    assert satellite_capacity("starlink", "v1").up_bit_s is None
    assert "gateway" in radio_terminals("starlink")
