"""The service on a socket: gRPC with reflection, in threads of its own."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

from bentpipe.emulate.dish.answers import API_VERSION, DishAnswers, RefusedError
from bentpipe.emulate.dish.descriptors import MISSING, SERVICE, Descriptors, build_descriptors
from bentpipe.emulate.dish.record import DishRecord, read_dish
from bentpipe.emulate.dish.traffic import TrafficCount
from bentpipe.emulate.plan import DISH_HOST
from bentpipe.errors import Fault, InputError, RunError
from bentpipe.results.opened import Run

DEFAULT_ADDRESS: Final = "127.0.0.1:9200"
DISH_ADDRESS: Final = f"{DISH_HOST}:9200"
"""Where a real dish answers: for a network namespace."""

_REFLECTION: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_WORKERS: Final = 16


class DishServer:
    """A virtual dish that answers; use it as a context, or `stop` it.

    Parameters
    ----------
    answers : DishAnswers
        What it says.
    now_s : callable
        Time since the run's start, s.
    address : str
        Host and port.
    """

    def __init__(self, answers: DishAnswers, now_s: Callable[[], float], address: str) -> None:
        self.answers = answers
        self.now_s = now_s
        self._descriptors = build_descriptors()
        answers.samples.between(0, 1)  # compiles what draws them
        self._server, port = self._listen(address)
        host = address.rpartition(":")[0]
        self.address = f"{host}:{port}"
        self._server.start()

    def __enter__(self) -> Self:
        """Serve."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def stop(self) -> None:
        """Stop serving, and wait until the socket is closed."""
        self._server.stop(grace=None).wait()

    def wait(self) -> None:
        """Wait until the run is over by the dish's clock."""
        while self.now_s() < self.answers.length_s:
            time.sleep(0.2)

    def _listen(self, address: str) -> tuple[Any, int]:
        import grpc

        # Without this two dishes could share a port, and a client would see now the one, now the other.
        server = grpc.server(ThreadPoolExecutor(_WORKERS), options=[("grpc.so_reuseport", 0)])
        _add_service(server, self._descriptors, self)
        _add_reflection(server, self._descriptors)
        try:
            port = int(server.add_insecure_port(address))
        except RuntimeError:
            port = 0
        if not port:
            remedy = "choose another with --listen HOST:PORT, or stop the program that listens there"
            raise RunError(str(Fault("cannot listen at this address", "--listen", address, remedy=remedy)))
        return server, port

    def respond(self, request: Any) -> Any:
        """Answer a request.

        Parameters
        ----------
        request : message
            ``Request``.

        Returns
        -------
        message
            ``Response``.

        Raises
        ------
        RefusedError
            As `DishAnswers.answer`.
        """
        name, values = self.answers.answer(request.WhichOneof("request") or "", self.now_s())
        return self._descriptors.message["Response"](id=request.id, api_version=API_VERSION, **{name: values})


def serve(
    run: Run,
    site: str,
    address: str = DEFAULT_ADDRESS,
    *,
    at_s: float = 0.0,
    speed: float = 1.0,
    now_s: Callable[[], float] | None = None,
    traffic: TrafficCount | None = None,
    show_location: bool = False,
    public: bool = False,
    enter: Callable[[], None] | None = None,
) -> DishServer:
    """Serve a virtual dish from a finished run; it answers in threads until it is stopped.

    After the end of the run, and while the dish has no power in it, every request is answered UNAVAILABLE.

    Parameters
    ----------
    run : Run
        A finished run.
    site : str
        Id of a site, or its name.
    address : str
        Host and port; port 0 takes a free one, which `DishServer.address` tells.
    at_s : float
        Where the clock begins, s after the run's start.
    speed : float
        Seconds of the run a second, above 0 and at most 1000.
    now_s : callable, optional
        The clock of a live link, s since the run's start, in place of one that begins at `at_s`.
    traffic : TrafficCount, optional
        Bits that a live link counts.
    show_location : bool
        Whether the coordinates of the site may be told.
    public : bool
        Whether an address that other machines may reach is allowed, or one within a namespace.
    enter : callable, optional
        Called in a new thread, which then opens the socket: to enter a network namespace.

    Returns
    -------
    DishServer

    Raises
    ------
    InputError
        grpcio, grpcio-reflection or protobuf is missing, the time or the speed is out of range, or the address is
        not of this machine alone and `public` is not given.
    RunError
        The address cannot be listened at, or the run is not finished.
    """
    try:
        import grpc  # noqa: F401
        import grpc_reflection.v1alpha  # noqa: F401
    except ImportError:
        raise InputError(MISSING) from None
    _check_address(address, public)
    record = read_dish(run, site)
    clock = now_s or run_clock(record, at_s, speed)
    answers = DishAnswers(record, traffic, show_location)
    return _in_thread(lambda: DishServer(answers, clock, address), enter)


def run_clock(record: DishRecord, at_s: float, speed: float) -> Callable[[], float]:
    """Clock that begins now at a time of the run.

    Parameters
    ----------
    record : DishRecord
        A dish of the run.
    at_s : float
        Where it begins, s after the run's start.
    speed : float
        Seconds of the run a second.

    Returns
    -------
    callable
        Time since the run's start, s.
    """
    length = len(record.series) * record.series.slot_s
    faults = []
    if not 0.0 <= at_s < length:
        faults.append(Fault("the time lies outside the run", "--at", at_s, f"0 to {length:g} s after its start"))
    if not 0.0 < speed <= 1000.0:
        faults.append(Fault("not a speed", "--speed", speed, "above 0, at most 1000"))
    if faults:
        raise InputError(*faults)
    began = time.monotonic()
    return lambda: at_s + speed * (time.monotonic() - began)


def _check_address(address: str, public: bool) -> None:
    """Refuse what is no address, and one that others may reach unless that is wanted."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise InputError(Fault("not an address", "--listen", address, "HOST:PORT, such as 127.0.0.1:9200"))
    try:
        own = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        own = host == "localhost"
    if not own and not public:
        remedy = "add --public to let other machines ask this dish"
        raise InputError(Fault("others may reach this address", "--listen", address, "127.0.0.1, [::1]", remedy))


def _in_thread(make: Callable[[], DishServer], enter: Callable[[], None] | None) -> DishServer:
    """Make the server, in a new thread that has entered where its socket shall be."""
    if enter is None:
        return make()
    made: list[DishServer] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            enter()
            made.append(make())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="virtual-dish")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def _add_service(server: Any, descriptors: Descriptors, dish: DishServer) -> None:
    """Add ``Handle`` and ``Stream``."""
    import grpc

    message = descriptors.message

    def handle(request: Any, context: Any) -> Any:
        try:
            return dish.respond(request)
        except RefusedError as refusal:
            context.abort(grpc.StatusCode[refusal.code], refusal.message)

    def stream(requests: Iterator[Any], context: Any) -> Iterator[Any]:
        for one in requests:
            if one.WhichOneof("message") != "request":
                yield message["FromDevice"](health_check={})
                continue
            try:
                response = dish.respond(one.request)
            except RefusedError as refusal:
                status = {"code": grpc.StatusCode[refusal.code].value[0], "message": refusal.message}
                response = message["Response"](id=one.request.id, api_version=API_VERSION, status=status)
            yield message["FromDevice"](response=response)

    handlers = {
        "Handle": grpc.unary_unary_rpc_method_handler(
            handle, message["Request"].FromString, message["Response"].SerializeToString
        ),
        "Stream": grpc.stream_stream_rpc_method_handler(
            stream, message["ToDevice"].FromString, message["FromDevice"].SerializeToString
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))


def _add_reflection(server: Any, descriptors: Descriptors) -> None:
    """Add reflection under both of its names: the messages of v1 are those of v1alpha."""
    import grpc
    from grpc_reflection.v1alpha import reflection, reflection_pb2

    servicer = reflection.ReflectionServicer([SERVICE, *_REFLECTION], pool=descriptors.pool)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for name in _REFLECTION:
        handler = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        server.add_generic_rpc_handlers((handler,))


__all__ = ["DEFAULT_ADDRESS", "DISH_ADDRESS", "DishServer", "run_clock", "serve"]
