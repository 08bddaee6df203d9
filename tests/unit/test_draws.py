"""Philox against the authors' known answers, and the keys."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.draws import Purpose, philox4x32, place_id, uniforms

# Random123 1.09, tests/kat_vectors, "philox4x32 10".
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]) -> None:
    words = philox4x32(*(np.uint64(c) for c in counter), *(np.uint64(k) for k in key))
    assert tuple(int(w) for w in words) == expected


def test_a_draw_depends_on_its_key_alone() -> None:
    places = np.arange(1000, dtype=np.uint64) + np.uint64(0x851FB46FFFFFFFF)
    whole = uniforms(7, Purpose.TERMINALS, 5, 6, places)
    assert np.array_equal(whole[::-1], uniforms(7, Purpose.TERMINALS, 5, 6, places[::-1]))
    assert not np.array_equal(whole, uniforms(8, Purpose.TERMINALS, 5, 6, places))
    assert not np.array_equal(whole, uniforms(7, Purpose.POWER, 5, 6, places))
    assert not np.array_equal(whole, uniforms(7, Purpose.TERMINALS, 6, 6, places))


def test_draws_are_uniform() -> None:
    draws = uniforms(1, Purpose.LOSS, np.arange(200_000), 1, 2)
    assert draws.min() > 0.0 and draws.max() < 1.0
    # 5 standard errors of the mean and of the variance of a uniform.
    assert abs(draws.mean() - 0.5) < 5 * np.sqrt(1 / 12 / draws.size)
    assert abs(draws.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / draws.size)


def test_place_id_fits_a_signed_integer() -> None:
    assert 0 <= place_id("kyiv") < 2**63
    assert place_id("kyiv") != place_id("lviv")
