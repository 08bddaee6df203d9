"""Exchanges: more delay, more loss, more bytes or a slower link never make one faster, and none beats the link."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.service.exchange import exchange_s

RTTS = st.floats(1e-3, 2.0)
RATES = st.floats(1e4, 1e9)
SIZES = st.floats(0.0, 1e8)
LOSSES = st.one_of(st.just(0.0), st.floats(1e-7, 0.45))
CASE = st.fixed_dictionaries(
    {
        "rtt_s": RTTS,
        "down": RATES,
        "up": RATES,
        "sent": SIZES,
        "received": SIZES,
        "setup": st.floats(0, 5),
        "loss": LOSSES,
    }
)


def seconds(case: dict[str, float]) -> float:
    return exchange_s(*(case[name] for name in ("rtt_s", "down", "up", "sent", "received", "setup", "loss")))


@settings(deadline=None)
@given(CASE, st.data())
def test_worse_is_never_faster(case: dict[str, float], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(case)))
    ranges = {"rtt_s": RTTS, "down": RATES, "up": RATES, "sent": SIZES, "received": SIZES, "loss": LOSSES}
    other = case | {name: data.draw(ranges.get(name, st.floats(0, 5)))}
    better, worse = sorted((case, other), key=lambda c: c[name], reverse=name in ("down", "up"))
    assert seconds(worse) >= seconds(better) * (1.0 - 1e-9)


@settings(deadline=None)
@given(CASE)
def test_never_faster_than_the_link(case: dict[str, float]) -> None:
    least = 8.0 * case["sent"] / case["up"] + 8.0 * case["received"] / case["down"] + case["rtt_s"]
    assert seconds(case) >= (least + case["setup"] * case["rtt_s"]) * (1.0 - 1e-9)
