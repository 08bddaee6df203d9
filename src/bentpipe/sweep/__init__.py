"""Many runs: planned from a study file, run on Dask, resumed, read as one dataset.

::

    study.toml -> Study -> Grid: every run as overrides of the base       (studyfile.py, axes.py, keep.py, grid.py)
        │  plan: values checked one by one, sizes, limits                  (planning.py, shapes.py)
        ▼
    Matrix: identity, slots and blocks of every run                        (matrix.py)
        │  a task is (run, absolute block of slots)
        ▼
    driver ── Dask workers: prepare (kept), advance, reduce, write         (running.py, driver.py, cluster.py, work.py)
        │                                                                  (partials.py, taskfiles.py)
        ▼
    store: one Zarr group with a run axis, a commit record per task        (store.py, arrays.py, place.py, holding.py)
        │
        ▼
    open_study -> StudyResults.dataset (xarray, the axes as dimensions)    (opened.py)
        │  statistics over runs · one number a run · what matters most       (statistics.py, measure.py, effects.py)
        ▼
    write_study_report · compare_studies                                   (reading.py, comparing.py)
"""
