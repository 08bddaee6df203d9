"""Network: usable links and limits to serving satellites, beam time, delay and loss.

======================  =============================================================================
file                    what
======================  =============================================================================
links.py                what a scheduling policy sees
policies.py             the policies, side by side; observed.py is the one fitted to measurements
followed.py             which satellites the gateways' antennas follow
coverage.py             the same where most places are to be served; coverflow.py counts, coversearch.py searches
beams.py                serving satellite and beam time of each place
flows.py                flows and capacities of a slot, and the limit that binds each flow
sharing.py              the policies that share capacity out, side by side, and their gap to the most possible
shares.py               max-min fair shares over the serving satellite
multipath.py            max-min fair shares over several satellites; routed.py is what it has in common with
throughput.py           the largest total
maxmin.py, maxflow.py   progressive filling and maximum flow in any network
topology.py             which satellites point lasers at which: the topologies, side by side
grids.py, nearest.py    those that follow from planes and places, and from distance
acquisition.py          which lasers have been up long enough to carry anything
mesh.py                 the lasers of a slot as a graph, and the ends that enter it
choices.py              what was chosen, written place by place
delay.py                the round trip as an ordered list of segments; access.py holds its data by era
placedelay.py           round trips of all places of a slot
loss.py                 loss by bursts and handovers
mesh.py                 lasers of a slot, and where ends on the ground enter; meshinput.py checks what is given
shortest.py             least-cost paths from ends into all satellites; betweenends.py between the ends,
                        nearestend.py to the nearest; bucketsearch.py and sweeps.py are the two methods,
                        searchplan.py chooses
pairpaths.py            paths of all pairs of ends at once
treepaths.py            which satellites a path takes, what it adds up to, whether it changed
forwarding.py           next hops
disjoint.py             paths that share no laser, or no satellite
tiles.py                work cut into tiles for threads
======================  =============================================================================
"""
