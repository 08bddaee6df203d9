"""Geometry: positions and places to usable satellites.

======================  =============================================================================
file                    what
======================  =============================================================================
places.py               places as arrays, their view of the sky, grouped for the search
gso.py                  the geostationary arc, and how far a direction lies from it
usable.py               usable links of every place in a slot, by a spatial index: start here
passes.py               for how many more slots a link stays usable
lasers.py               lasers between satellites: range, the Earth in the way, rate of turn
======================  =============================================================================
"""
