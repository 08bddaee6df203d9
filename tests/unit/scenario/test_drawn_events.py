"""A value that is refused is one fault, not two: an event whose share is out of range still says how it chooses."""

from __future__ import annotations

import pytest

from bentpipe.errors import ScenarioError
from bentpipe.scenario import parse_scenario, scenario_text


@pytest.mark.parametrize("kind", ["gateway-loss", "satellite-loss"])
@pytest.mark.parametrize(("value", "what"), [("1.5", "out of range"), ('"half"', "text where a number belongs")])
def test_a_refused_share_is_one_fault(kind: str, value: str, what: str) -> None:
    text = f'\n[[disruptions]]\nid = "x"\nkind = "{kind}"\ntitle = "X"\ntag = "hypothetical"\nshare = {value}\n'
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(scenario_text("one-site") + text)
    assert [fault.what for fault in refused.value.faults] == [what]
