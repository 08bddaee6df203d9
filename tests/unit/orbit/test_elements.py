"""Columns of elements."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.orbit import CircularElements, Sgp4Elements, concatenate, walker_shell
from bentpipe.orbit.elements import check_elements


def test_concatenate_keeps_the_order() -> None:
    low, high = walker_shell(540e3, 53.2, 3, 4), walker_shell(570e3, 70.0, 2, 5, first_number=13)
    both = concatenate([low, high])
    assert isinstance(both, CircularElements)
    assert both.catalog_number.tolist() == list(range(1, 23))
    assert check_elements(both) == 22
    np.testing.assert_array_equal(both.radius_m[12:], high.radius_m)


def test_one_kind_only() -> None:
    shell = walker_shell(540e3, 53.2, 3, 4)
    sets = Sgp4Elements(*(np.ones(1) for _ in Sgp4Elements._fields))
    with pytest.raises(InputError, match="one kind"):
        concatenate([shell, sets])  # type: ignore[type-var]
    with pytest.raises(InputError, match="one kind"):
        concatenate([])


def test_columns_of_one_length() -> None:
    shell = walker_shell(540e3, 53.2, 3, 4)
    with pytest.raises(InputError, match="differ in shape"):
        concatenate([shell, shell._replace(node_rad=np.zeros(3))])
    with pytest.raises(InputError, match="differ in shape"):
        check_elements(Sgp4Elements(*(np.ones((2, 2)) for _ in Sgp4Elements._fields)))
