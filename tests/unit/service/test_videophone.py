"""Video quality of ITU-T G.1070: values worked out from its formula, shapes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.service.videophone import H264_VGA, video_score, video_scores


def test_values_of_the_formula() -> None:
    got = video_scores([512e3, 1024e3, 2000e3, 1024e3], 30.0, [0.0, 0.0, 0.0, 0.01])
    np.testing.assert_allclose(got, [3.046, 3.820, 4.188, 2.920], atol=6e-4)


def test_scalar_and_array_form_agree() -> None:
    bit, frames = np.array([[2e5], [4e6]]), np.array([5.0, 15.0, 30.0])
    got = video_scores(bit, frames, 0.02)
    v = np.array(H264_VGA)
    expected = [[video_score(float(b[0]), float(f), 0.02, v) for f in frames] for b in bit]
    np.testing.assert_array_equal(got, expected)
    assert np.isnan(video_scores(np.nan)) and np.all((got > 1.0) & (got < 5.0))


def test_what_is_refused() -> None:
    with pytest.raises(InputError) as fault:
        video_scores(0.0, 60.0, 2.0)
    assert len(fault.value.faults) == 3
