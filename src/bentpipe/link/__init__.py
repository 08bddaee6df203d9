"""Link: slant range, scan angle and atmospheric loss to C/N, MODCOD and bit rate.

======================  =============================================================================
file                    what
======================  =============================================================================
hop.py                  one radio hop and the paths it goes over: start here
budget.py               the budget of a hop as an ordered list of lines that is also data
rates.py                the same numbers for many paths at once, without the lines; bent pipe, regenerative
antenna.py              gains, scan loss, G/T, noise in rain, wet antennas
modcod.py               Es/N0 to spectral efficiency: DVB-S2, S2X, OFDM
p525.py                 free-space loss (ITU-R P.525)
slantrange.py           slant range over a spherical Earth
admissible.py           refusal of values that no link has
======================  =============================================================================
"""
