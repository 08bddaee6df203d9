"""Reports of finished runs: the plain answer, and one HTML file.

A report sees a finished run and nothing of the physics::

    run -> reading (small arrays) -> measures, tables, assumptions -> plain answer
                                  -> map, charts                   -> html
"""

from __future__ import annotations

from bentpipe.report.html import write_report
from bentpipe.report.outlines import Outlines
from bentpipe.report.plain import Answer, answer

__all__ = ["Answer", "Outlines", "answer", "write_report"]
