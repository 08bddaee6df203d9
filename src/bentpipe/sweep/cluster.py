"""Dask: local processes, or a cluster by its address; and whether its workers run what the client runs."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import logging
import multiprocessing.resource_tracker
import os
import platform
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, InputError, RunError

#: Seconds in which a scheduler must answer.
ANSWER_S = 8.0
#: Seconds in which workers must answer that they rest.
REST_S = 2.0
#: Workers that may die with a task before it is given up: a kill from outside is no fault of the task.
ALLOWED_DEATHS = 10
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "BLOSC_NTHREADS")


def need_dask() -> None:
    """Say what to install where Dask is not."""
    missing = [name for name in ("dask", "distributed", "fsspec") if importlib.util.find_spec(name) is None]
    if missing:
        remedy = "install it with: pip install 'bentpipe[sweep]'"
        raise InputError(Fault(f"a sweep runs on Dask: {', '.join(missing)} not installed", remedy=remedy))


@functools.cache
def _sweep_source() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """Versions that client and workers must share.

    Returns
    -------
    dict of str to str
    """
    import importlib.metadata

    from bentpipe.simulate.identity import source_digest

    names = ("bentpipe", "numpy", "numba", "zarr", "sgp4", "h3", "numcodecs")
    found = {name: importlib.metadata.version(name) for name in names}
    source = hashlib.sha256(f"{source_digest()}{_sweep_source()}".encode()).hexdigest()[:12]
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "machine": platform.machine(), "source of bentpipe": source, **found}


def own_environment() -> dict[str, str]:
    """What `environment` says of the client."""
    return environment()


def skew(mine: Mapping[str, str], theirs: Mapping[str, Mapping[str, str] | str]) -> str:
    """Compare environments.

    Parameters
    ----------
    mine : mapping
        The client's.
    theirs : mapping
        Each worker's by address, or what went wrong with asking.

    Returns
    -------
    str
        A table of what differs; "" where nothing does.
    """
    rows = []
    for address, found in theirs.items():
        if isinstance(found, str):
            rows.append((address, "bentpipe", mine["bentpipe"], found))
            continue
        rows += [(address, k, v, found.get(k, "missing")) for k, v in mine.items() if found.get(k) != v]
    if not rows:
        return ""
    table = [("worker", "what", "client", "worker has"), *rows[:20]]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=False)) + f"  {row[3]}" for row in table]
    return "\n  ".join(lines) + ("\n  ..." if len(rows) > 20 else "")


def ask_workers(client: Any, addresses: list[str]) -> dict[str, Mapping[str, str] | str]:
    """Ask workers for their environment.

    Parameters
    ----------
    client : distributed.Client
    addresses : list of str

    Returns
    -------
    dict
        By address; text where a worker could not answer.
    """
    try:
        answers = client.run(environment, workers=addresses, on_error="return")
    except Exception as error:
        return dict.fromkeys(addresses, f"cannot be asked ({type(error).__name__}: {error})")
    return {
        address: f"cannot load it ({type(answer).__name__}: {answer})" if isinstance(answer, Exception) else answer
        for address, answer in answers.items()
    }


@contextlib.contextmanager
def dask_client(scheduler: str | None, workers: int, memory: str | None) -> Iterator[Any]:
    """Connect to a scheduler, or start local processes of one thread each.

    Parameters
    ----------
    scheduler : str or None
        Its address, such as ``tcp://host:8786``.
    workers : int
        Local processes.
    memory : str or None
        Memory limit of a local process, such as "2GB"; its share of the machine's when left out.

    Yields
    ------
    distributed.Client

    Raises
    ------
    InputError
        Where the scheduler does not answer.
    """
    if scheduler is not None:
        client = _connected(scheduler)
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=5)
        return
    with _local_cluster(workers, memory) as cluster:
        from distributed import Client

        client = Client(cluster, timeout=60, set_as_default=False)
        try:
            yield client
        finally:
            rest_workers(client)
            with contextlib.suppress(Exception):
                client.close(timeout=5)


def rest_workers(client: Any) -> None:
    """Tell workers that are about to be closed to send no more heartbeats, and to say nothing of lost connections.

    One that asks the scheduler while both are closing would print where it was.

    Parameters
    ----------
    client : distributed.Client
        Of workers of our own.
    """

    def ask() -> None:
        with contextlib.suppress(Exception):  # a worker that is gone needs no rest
            client.run(_rest, on_error="ignore")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REST_S)


def _rest(dask_worker: Any) -> None:
    for name in ("distributed", "distributed.worker", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    heartbeat = dask_worker.periodic_callbacks.get("heartbeat")
    if heartbeat is not None:
        heartbeat.stop()


def _connected(scheduler: str) -> Any:
    from distributed import Client

    with _quiet(logging.CRITICAL):
        try:
            return Client(scheduler, timeout=ANSWER_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, ImportError) as error:
            told = str(error) or type(error).__name__
            raise InputError(
                Fault(
                    f"no Dask scheduler answers: {told.splitlines()[0][:200]}",
                    "--scheduler",
                    scheduler,
                    "the address that the scheduler printed, such as tcp://host:8786",
                    "leave it out to run on this machine",
                )
            ) from None


@contextlib.contextmanager
def _local_cluster(workers: int, memory: str | None) -> Iterator[Any]:
    import dask
    from distributed import LocalCluster

    has_dashboard = importlib.util.find_spec("bokeh") is not None
    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_DEATHS,
        "distributed.worker.profile.enabled": False,
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(_THREADS, "1"),
    }
    with dask.config.set(settings), _quiet(logging.ERROR):
        with _deaf_children():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0" if has_dashboard else None,
                memory_limit=memory or "auto",
                env=dict.fromkeys(_THREADS, "1"),
                silence_logs=logging.ERROR,
            )
        try:
            yield cluster
        finally:
            with contextlib.suppress(Exception):
                cluster.close(timeout=10)


@contextlib.contextmanager
def _deaf_children() -> Iterator[None]:
    """Let processes that are started in here, and by threads that are, not hear Ctrl-C: it is for the client.

    A terminal sends it to all of them, and each would print where it was. The threads of Dask that are born here keep
    the signal blocked, so that workers which they start again later are deaf, too; ours hears it when they are up.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Starting this helper would unblock the signal again in the thread that starts it.
    multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _quiet(level: int) -> Iterator[None]:
    """Keep Dask's own words off the terminal: what matters is told in ours."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado.application", "bokeh")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.setLevel(was)


def dashboard_of(client: Any) -> str:
    """Address of the dashboard; "" where there is none."""
    with contextlib.suppress(Exception):
        if getattr(client.cluster, "scheduler", None) is not None and client.cluster.scheduler.http_server is None:
            return ""
        return str(client.dashboard_link or "")
    return ""


def refuse_skew(client: Any, addresses: list[str]) -> None:
    """Refuse workers that do not run what the client runs.

    Raises
    ------
    RunError
        With a table of what differs.
    """
    table = skew(own_environment(), ask_workers(client, addresses))
    if table:
        remedy = "install the client's versions on the workers (or the other way round)"
        raise RunError(f"client and workers do not match; {remedy}:\n  {table}")


def default_workers() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
