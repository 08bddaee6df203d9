"""Video quality of a videophone by bit rate, frame rate and packet loss: ITU-T G.1070 (06/2018).

The coefficients are of one codec, format and display: H.264, VGA, 9.2 inches. They are old, and no conference of today
looks like it: use the score to compare one link with another, never as the opinion of a user.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel

FloatArray = NDArray[np.float64]


class VideoCoefficients(NamedTuple):
    """Coefficients v1 to v12 of ITU-T G.1070, of one codec, format, key-frame interval and display."""

    v1: float
    v2: float
    v3: float
    v4: float
    v5: float
    v6: float
    v7: float
    v8: float
    v9: float
    v10: float
    v11: float
    v12: float


H264_VGA: Final = VideoCoefficients(
    5.517, 0.0129, 3.459, 178.53, 1.02, 1.15, 0.000355, 0.114, 513.77, 0.736, -6.451, 13.684
)
"""H.264, VGA, display of 9.2 inches, for bit rates in kbit/s and losses in %, as quoted in public code from G.1070."""


def video_scores(
    bit_s: ArrayLike, frames_per_s: ArrayLike = 30.0, loss: ArrayLike = 0.0, of: VideoCoefficients = H264_VGA
) -> FloatArray:
    """Video quality Vq of ITU-T G.1070 (06/2018); for comparison only, see the module.

    Parameters
    ----------
    bit_s : array_like
        Bit rate of the video, bit/s, above 0, shape (...).
    frames_per_s : array_like
        Frames a second, 1 to 30.
    loss : array_like
        Share of packets lost after whatever repair there is, 0 to 1.
    of : VideoCoefficients
        Codec, format and display.

    Returns
    -------
    ndarray of float64
        1 to 5, shape (...) to which all broadcast; NaN where an argument is. ``Vq = 1 + Ic exp(-Ppl / Dp)``.
    """
    given = {"bit_s": bit_s, "frames_per_s": frames_per_s, "loss": loss}
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in given.items()}
    faults = []
    if np.any((arrays["bit_s"] <= 0.0) | np.isinf(arrays["bit_s"])):
        faults.append(Fault("a bit rate is out of range", "bit_s", allowed="finite, above 0 bit/s"))
    if np.any((arrays["frames_per_s"] < 1.0) | (arrays["frames_per_s"] > 30.0)):
        faults.append(Fault("a frame rate is out of range", "frames_per_s", allowed="1 to 30 a second"))
    if np.any((arrays["loss"] < 0.0) | (arrays["loss"] > 1.0)):
        faults.append(Fault("a share of packets is out of range", "loss", allowed="0 to 1"))
    if faults:
        raise InputError(*faults)
    rows = np.broadcast_arrays(*arrays.values())
    bit, frames, lost = (np.array(row.ravel(), order="C") for row in rows)
    out = np.empty(bit.size)
    _scores(bit, frames, lost, np.array(of, dtype=np.float64), out)
    return out.reshape(rows[0].shape)


@kernel("float64(float64, float64, float64, float64[::1])")
def video_score(bit_s: float, frames_per_s: float, loss: float, v: FloatArray) -> float:
    """Video quality Vq of ITU-T G.1070 (06/2018), to be called from other kernels; see :func:`video_scores`.

    Parameters
    ----------
    bit_s : float
        Bit rate, bit/s, above 0.
    frames_per_s : float
        Frames a second.
    loss : float
        Share of packets lost, 0 to 1.
    v : ndarray of float64
        Coefficients v1 to v12, shape (12,).

    Returns
    -------
    float
        1 to 5.
    """
    kbit = 1e-3 * bit_s
    best_frames = v[0] + v[1] * kbit
    if best_frames < 1.0:
        best_frames = 1.0
    elif best_frames > 30.0:
        best_frames = 30.0
    best = v[2] - v[2] / (1.0 + (kbit / v[3]) ** v[4])
    spread = v[5] + v[6] * kbit
    off = math.log(frames_per_s) - math.log(best_frames)
    coded = best * math.exp(-off * off / (2.0 * spread * spread))
    robust = v[9] + v[10] * math.exp(-frames_per_s / v[7]) + v[11] * math.exp(-kbit / v[8])
    score: float = 1.0 + coded * math.exp(-100.0 * loss / robust)
    return score


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def _scores(bit_s: FloatArray, frames: FloatArray, loss: FloatArray, v: FloatArray, out: FloatArray) -> None:
    """Fill the score of each entry, (n,)."""
    for i in range(out.size):
        out[i] = video_score(bit_s[i], frames[i], loss[i], v)
