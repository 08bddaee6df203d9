"""Results of a run: what each variable is, and the store that holds them.

``variables.csv`` names every variable with its dimensions, type, unit and meaning; the store is made from it and
checked against it. A block of slots is written to the Zarr arrays first and committed by a small record last: a
block without a record is invisible, and is computed again on resuming.
"""
