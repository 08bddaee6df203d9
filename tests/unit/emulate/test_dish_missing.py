"""What is told where the extra is not installed."""

from __future__ import annotations

import sys

import pytest
from small_run import small_run

from bentpipe.emulate.dish import serve
from bentpipe.errors import InputError


@pytest.mark.parametrize("name", ["grpc", "grpc_reflection.v1alpha"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"pip install 'bentpipe\[dish\]'"):
        serve(small_run(), "kyiv")
