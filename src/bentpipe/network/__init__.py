"""Network: usable links and limits to serving satellites, beam time, delay and loss.

======================  =============================================================================
file                    what
======================  =============================================================================
links.py                what a scheduling policy sees
policies.py             the policies, side by side; observed.py is the one fitted to measurements
followed.py             which satellites the gateways' antennas follow
coverage.py             the same where most places are to be served; coverflow.py counts, coversearch.py searches
beams.py                serving satellite and beam time of each place
choices.py              what was chosen, written place by place
delay.py                the round trip as an ordered list of segments; access.py holds its data by era
placedelay.py           round trips of all places of a slot
loss.py                 loss by bursts and handovers
======================  =============================================================================
"""
