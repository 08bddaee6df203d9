"""Catalogue: outside data, versioned and checksummed.

======================  =============================================================================
file                    what
======================  =============================================================================
elements/               element sets: reading, which satellites serve, how old they are
shells.py               built-in shells, as licensed and as on station
fetch.py, cached.py     element sets from CelesTrak, with a cache
geodata.py              countries, regions, cells, people: start here for geography
ground.py               gateways and points of presence
radio.py                radio links by operator: channels, powers, terminals, throughput
modcods.py              MODCODs of DVB-S2 and S2X with their thresholds
sitelists.py            lists of sites and gateways in KML, GeoJSON and CSV
weather.py              climate of places for attenuation, shipped points or a user's table
rainfile.py             a user's rain field, Zarr or NetCDF
measurements/           a user's own measurements: ping logs, iperf3, a dish's history
======================  =============================================================================
"""
