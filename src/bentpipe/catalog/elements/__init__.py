"""Element sets: files in, arrays out; which satellites serve; how old the elements are.

::

    file ── reading ── tle | omm | omm_xml ── model (ElementSet) ── service (in service or not) ── age
            bytes      columns as written     checked arrays       clusters of shells             warning
"""

from bentpipe.catalog.elements.age import AgeWarning, age_warning, along_track_error_km
from bentpipe.catalog.elements.load import load_elements
from bentpipe.catalog.elements.model import ElementSet, ElementSource
from bentpipe.catalog.elements.service import Cluster, InService, Reason, in_service

__all__ = [
    "AgeWarning",
    "Cluster",
    "ElementSet",
    "ElementSource",
    "InService",
    "Reason",
    "age_warning",
    "along_track_error_km",
    "in_service",
    "load_elements",
]
