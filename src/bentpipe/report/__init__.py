"""Reports of finished runs: the plain answer, and one HTML file.

A report sees a finished run and nothing of the physics::

    run -> reading (small arrays) -> measures, tables, assumptions -> plain answer
                                  -> map, charts                   -> html
    runs -> readings -> compare: side by side
    run, measurements of a user -> measured/: beside the same slots, and which part is off
    study -> StudyReading (filled by sweep) -> studycharts, tornado -> studypage: html
"""

from __future__ import annotations

from bentpipe.report.compare import Comparison, compare
from bentpipe.report.html import write_report
from bentpipe.report.outlines import Outlines
from bentpipe.report.plain import Answer, answer

__all__ = ["Answer", "Comparison", "Outlines", "answer", "compare", "write_report"]
