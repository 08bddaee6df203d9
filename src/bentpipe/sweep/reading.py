"""From a study to what its report shows, and the report's file."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.report.html import check_target, put_page
from bentpipe.report.studypage import headline, render_study, unit_of
from bentpipe.report.studyreading import Dimension, DrawnInput, StudyReading
from bentpipe.sweep.axes import is_number
from bentpipe.sweep.effects import by_draw, effects_of, label
from bentpipe.sweep.measure import candidates, describe, in_numbers
from bentpipe.sweep.opened import StudyResults

FILE_NAME = "report.html"


def read_for_report(
    study: StudyResults, measure: str | None = None, resamples: int = 1000, seed: int = 1, confidence: float = 0.95
) -> StudyReading:
    """Compute what the report of a study shows.

    Parameters
    ----------
    study : StudyResults
    measure : str, optional
        As for `bentpipe.StudyResults.measure`.
    resamples, seed, confidence
        Of the intervals.

    Returns
    -------
    StudyReading
    """
    about = study.study
    chosen = study.measure(measure)
    values = in_numbers(chosen.values, study.dims)
    complete = in_numbers(study.dataset["run_complete"], study.dims).astype(np.bool_)
    drawn = {name: tuple(given) for name, given in about["drawn"].items()}
    means = by_draw(values, study.dims)[0] if "draw" in study.dims else np.empty(0)
    failures = [
        {"run": f.number, "at": ", ".join(f"{d} = {label(v)}" for d, v in f.at.items()), "error": f.error}
        for f in study.failures
    ]
    return StudyReading(
        name=about["name"],
        title=about.get("title") or about["name"],
        base=Path(about["base_name"]).name,
        place=study.url,
        measure=dict(describe(chosen)),
        others=tuple(n for n in candidates(study.dataset, study.dims) if n != chosen.name.partition("@")[0]),
        dimensions=tuple(_dimension(study, name) for name in study.dims),
        drawn=tuple(DrawnInput(name, tuple(about["axis_keys"][name]), given) for name, given in drawn.items()),
        values=values,
        complete=complete,
        by_draw=means,
        effects=effects_of(values, study.dims, about["coordinates"], drawn, resamples, seed, confidence),
        failures=tuple(failures),
        fixed=about["fixed"],
        facts=_facts(study),
        warnings=tuple(about.get("warnings", ())),
        confidence=confidence,
        resamples=resamples,
    )


def _dimension(study: StudyResults, name: str) -> Dimension:
    along = study.study["coordinates"][name]
    kind = name if name in ("seed", "draw") else "axis"
    keys = tuple(study.study["axis_keys"].get(name, ()))
    numbers = tuple(map(float, along)) if all(is_number(v) for v in along) else None
    if numbers is not None and not all((b > a) == (numbers[1] > numbers[0]) for a, b in itertools.pairwise(numbers)):
        numbers = None
    return Dimension(name, kind, keys, tuple(label(v) for v in along), numbers)


def study_identity(study: StudyResults) -> str:
    """SHA-256 over the identities of all runs, in their order."""
    return hashlib.sha256(json.dumps(study.study["identities"]).encode()).hexdigest()


def _facts(study: StudyResults) -> tuple[tuple[str, str], ...]:
    about = study.study
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items())
    kept = "; ".join(f"{k}: {v if v == 'all' else ', '.join(v)}" for k, v in about["keep"].items())
    return (
        ("Study", about["name"]),
        ("Base scenario", f"{Path(about['base_name']).name}, SHA-256 of the first run's document {about['base'][:16]}"),
        ("Identity", f"SHA-256 of the runs' identities {study_identity(study)[:16]}"),
        ("Kept of each run", kept),
        ("Begun", about["created_utc"]),
        ("Computed with", versions),
    )


def write_study_report(study: StudyResults, out: str | Path | None = None, measure: str | None = None) -> Path:
    """Write the report of a study as one HTML file.

    Parameters
    ----------
    study : StudyResults
        An opened study, finished or not: runs that are not there are left out and counted.
    out : str or Path, optional
        Where to write; ``report.html`` in the study's folder when left out.
    measure : str, optional
        The number of each run that the report is about, such as ``site_rtt_s_mean@kyiv``; see
        `bentpipe.StudyResults.measure`.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        Where the study keeps no such variable, or the file cannot be written.
    """
    return put_page(_target(study, out), render_study(read_for_report(study, measure)))


def _target(study: StudyResults, out: str | Path | None) -> Path:
    if out is None and "://" in study.url:
        what = "a study that is no folder of this machine needs a place for its report"
        raise InputError(Fault(what, "--out", None, "the name of a file"))
    target = Path(out) if out is not None else Path(study.url) / FILE_NAME
    check_target(target)
    return target


def told(study: StudyResults, measure: str | None = None) -> tuple[str, dict[str, Any]]:
    """The headline of a study, and the same numbers for machines."""
    reading = read_for_report(study, measure)
    effects = [
        {
            "name": e.name, "kind": e.kind, "low_at": e.low_at, "high_at": e.high_at, "low": e.low, "high": e.high,
            "change": e.change, "interval": e.interval, "rank_correlation": e.rank_correlation, "runs": e.runs,
            "left_out": e.left_out,
        }
        for e in reading.effects
    ]  # fmt: skip
    words = headline(reading, unit_of(reading))
    return words, {
        "simulated": True, "headline": words, "measure": reading.measure, "runs": reading.values.size,
        "complete": int(reading.complete.sum()), "effects": effects,
    }  # fmt: skip
