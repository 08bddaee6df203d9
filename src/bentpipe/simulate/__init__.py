"""Simulate: the one layer where the stages meet. Read recipe.py first.

======================  =============================================================================
file                    what
======================  =============================================================================
prepare.py              a scenario resolved to arrays: fleet.py, territory.py, ground.py, people.py
world.py                what of the system is there, slot by slot: the timeline of disruptions
storm.py                which satellites a geomagnetic storm stops, and when
recipe.py               advance(prepared, state, slots): one block through the stages
outputs.py              a block as the variables of results/variables.csv
withinslot.py           what the sampler within a slot needs beside those
scoring.py              what a policy gives, checked
checking.py             all that is wrong with a scenario, its files included
run.py                  blocks, commits, resume; identity.py and manifest.py
explain.py              one link, one slot
placeseries.py          the link of any place of the territory over some slots
explainlink.py          the rate of a link, line by line
radioinputs.py          what the rates rest on
globephysics.py         what a viewer of runs is handed: skyframes.py (satellites), slotlinks.py (feeder links, lasers)
hypothetical.py         a run with edits: disruptions of its scenario; whatif.py (some slots of it, in pieces)
resilience.py           random losses: losses.py (which), lossmeasures.py (what they cost), resiliencelines.py
======================  =============================================================================
"""
