"""A user's own measurements beside the same slots of a finished run, and which part of the prediction is off.

======================  =============================================================================
file                    what
======================  =============================================================================
compare.py              `compare_measured`: start here
siteslots.py            the slots of a site; which slot each sample belongs to
predicted.py            what the model gives a probe of the same kind at the same times
resampled.py            slots drawn again and again: quantiles, distances, what chance alone does
student.py              quantiles of Student's t
parts.py                differences taken apart: floor, wait, spread, steps, tail, loss
outages.py              measured gaps against predicted outages
lines.py                all of it for people
======================  =============================================================================
"""

from bentpipe.report.measured.compare import MeasuredComparison, compare_measured

__all__ = ["MeasuredComparison", "compare_measured"]
