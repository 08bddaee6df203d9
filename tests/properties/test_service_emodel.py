"""Voice quality: more delay, loss or noise never improves a call, and the two forms of the model agree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.service.emodel import mos_of_rating, rating, voice_rating

DELAYS = st.floats(0.0, 2.0)
LOSSES = st.floats(0.0, 1.0)
CODECS = st.sampled_from([(0.0, 4.3), (0.0, 25.1), (11.0, 19.0), (15.0, 16.1)])


@settings(deadline=None)
@given(DELAYS, DELAYS, LOSSES, LOSSES, CODECS)
def test_more_delay_or_loss_never_improves(
    one: float, other: float, less: float, more: float, codec: tuple[float, float]
) -> None:
    (near, far), (less, more) = sorted((one, other)), sorted((less, more))
    good, bad = voice_rating(near, less, *codec), voice_rating(far, more, *codec)
    # At 1 ms the Recommendation stops to take echo for sidetone: both parts of it move, by less than 0.02 in all.
    assert bad <= good + (0.02 if near < 0.03 else 1e-9)
    if bad >= 6.5:  # below, the cubic of the Recommendation turns
        assert 1.0 <= mos_of_rating(bad) <= mos_of_rating(good) + 1e-3 <= 4.501


@settings(deadline=None)
@given(DELAYS, LOSSES, CODECS)
def test_scalar_and_array_form_agree(delay: float, loss: float, codec: tuple[float, float]) -> None:
    ms = 1e3 * delay
    row = rating(t_ms=ms, ta_ms=ms, tr_ms=2.0 * ms, ppl_percent=100.0 * loss, ie=codec[0], bpl=codec[1])
    assert abs(float(row.r) - voice_rating(delay, loss, *codec)) < 1e-9
