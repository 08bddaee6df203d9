"""The virtual dish on a socket, asked through gRPC."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from made_up_dish import POWER_CUT, made_up_dish
from small_run import small_run

from bentpipe.emulate.dish import DishServer, read_dish, serve
from bentpipe.emulate.dish.answers import DishAnswers
from bentpipe.emulate.dish.descriptors import SERVICE, build_descriptors
from bentpipe.emulate.dish.outages import CAUSES, CONNECTED
from bentpipe.emulate.dish.samples import second_samples
from bentpipe.errors import InputError, RunError, UnknownNameError

grpc = pytest.importorskip("grpc", reason="needs grpcio: pip install 'bentpipe[dish]'")
pytest.importorskip("grpc_reflection", reason="needs grpcio-reflection: pip install 'bentpipe[dish]'")


class Asked:
    """A client of the service; its messages come from the same tables."""

    def __init__(self, address: str) -> None:
        self.message = build_descriptors().message
        self.channel = grpc.insecure_channel(address)
        self._handle = self.channel.unary_unary(
            f"/{SERVICE}/Handle",
            request_serializer=self.message["Request"].SerializeToString,
            response_deserializer=self.message["Response"].FromString,
        )
        self.stream = self.channel.stream_stream(
            f"/{SERVICE}/Stream",
            request_serializer=self.message["ToDevice"].SerializeToString,
            response_deserializer=self.message["FromDevice"].FromString,
        )

    def handle(self, name: str, number: int = 0) -> Any:
        return self._handle(self.message["Request"](id=number, **{name: {}}), timeout=20)


class Clock:
    """A clock that stands where a test puts it."""

    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dish(clock: Clock) -> Iterator[Asked]:
    with DishServer(DishAnswers(made_up_dish(), show_location=True), clock, "127.0.0.1:0") as server:
        client = Asked(server.address)
        yield client
        client.channel.close()


def test_every_second_of_a_run_is_told(clock: Clock) -> None:
    run = small_run()
    record = read_dish(run, "kyiv")
    drop, latency = second_samples(record.series, 0, 600)
    usable = run.dataset["site_usable_satellites"].values[:, 0]
    with serve(run, "kyiv", "127.0.0.1:0", now_s=clock) as server:
        client = Asked(server.address)
        for second in range(0, 600, 7):
            clock.at_s = second + 0.25
            status = client.handle("get_status").dish_get_status
            connected = bool(run.dataset["site_connected"].values[second // 15, 0])
            assert status.pop_ping_drop_rate == pytest.approx(drop[second], rel=1e-6)
            if latency[second] == latency[second]:
                assert status.pop_ping_latency_ms == pytest.approx(1e3 * latency[second], rel=1e-6)
            if not connected:
                wanted = "NO_SATS" if usable[second // 15] == 0 else None
                assert wanted is None or status.outage.cause == CAUSES[wanted]
                assert status.HasField("outage") and drop[second] == 1.0
            elif drop[second] < 1.0:
                assert not status.HasField("outage")
        clock.at_s = 599.9
        history = client.handle("get_history").dish_get_history
        assert history.current == 599
        assert list(history.pop_ping_drop_rate[:599]) == pytest.approx(list(drop[:599]), rel=1e-6)
        told = sum(one.duration_ns for one in history.outages if one.cause != CAUSES["NO_PINGS"])
        lost = (record.cause != CONNECTED).sum() * 15 * 10**9
        assert lost - 10**9 <= told <= lost
        client.channel.close()


def test_the_axis_of_the_dish_is_the_run_s(clock: Clock) -> None:
    run = small_run()
    record = read_dish(run, "kyiv")
    # A standard dish at 50.45 degrees north leans 27 degrees to the pole.
    assert (record.azimuth_deg, record.elevation_deg) == pytest.approx((0.0, 63.0), abs=1e-6)
    assert record.latitude_deg[0] == pytest.approx(50.45)
    assert record.country == "UA" and not record.moves


def test_answers_carry_the_number_of_the_request(dish: Asked) -> None:
    response = dish.handle("get_device_info", 4711)
    assert (response.id, response.WhichOneof("response")) == (4711, "get_device_info")
    assert response.get_device_info.device_info.hardware_version == "virtual"
    assert response.get_device_info.device_info.id.startswith("ut-virtual-")


@pytest.mark.parametrize(
    ("request_name", "response_name"),
    [("get_location", "get_location"), ("dish_get_context", "dish_get_context"), ("dish_get_config", "dish_get_config"),
     ("dish_get_obstruction_map", "dish_get_obstruction_map"), ("get_diagnostics", "dish_get_diagnostics")],
)  # fmt: skip
def test_requests_are_answered(dish: Asked, request_name: str, response_name: str) -> None:
    assert dish.handle(request_name).WhichOneof("response") == response_name


def test_refusals_have_their_status(dish: Asked, clock: Clock) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        dish.handle("reboot")
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "nothing was done" in refused.value.details()
    clock.at_s = POWER_CUT.start * 15.0
    with pytest.raises(grpc.RpcError) as refused:
        dish.handle("get_status")
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_dish_may_start_in_a_power_cut(clock: Clock) -> None:
    clock.at_s = POWER_CUT.start * 15.0
    with DishServer(DishAnswers(made_up_dish()), clock, "127.0.0.1:0") as server:
        client = Asked(server.address)
        with pytest.raises(grpc.RpcError) as refused:
            client.handle("get_status")
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        clock.at_s = POWER_CUT.stop * 15.0
        assert client.handle("get_status").dish_get_status.device_state.uptime_s == 0
        client.channel.close()


def test_a_request_of_another_firmware_is_unimplemented(dish: Asked) -> None:
    unknown = dish.message["Request"].FromString(b"\xda\x3e\x00")  # field 1003, a speed test, empty
    with pytest.raises(grpc.RpcError) as refused:
        dish._handle(unknown, timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_stream_answers_one_by_one_and_carries_refusals(dish: Asked) -> None:
    make = dish.message["ToDevice"]
    asked = [make(health_check={}), make(request={"id": 1, "get_status": {}}), make(request={"id": 2, "reboot": {}})]
    health, status, refusal = list(dish.stream(iter(asked), timeout=20))
    assert health.WhichOneof("message") == "health_check"
    assert status.response.WhichOneof("response") == "dish_get_status"
    assert refusal.response.id == 2 and refusal.response.WhichOneof("response") is None
    assert refusal.response.status.code == grpc.StatusCode.PERMISSION_DENIED.value[0]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_tells_the_service(dish: Asked, version: str) -> None:
    from google.protobuf import descriptor_pb2
    from grpc_reflection.v1alpha import reflection_pb2

    ask = dish.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    make = reflection_pb2.ServerReflectionRequest
    listed, found = list(ask(iter([make(list_services=""), make(file_containing_symbol=SERVICE)]), timeout=20))
    assert SERVICE in [one.name for one in listed.list_services_response.service]
    file = descriptor_pb2.FileDescriptorProto.FromString(found.file_descriptor_response.file_descriptor_proto[0])
    assert [one.name for one in file.service] == ["Device"]


@pytest.mark.parametrize("address", ["0.0.0.0:9200", "192.168.100.1:9200", "[::]:9200", "dish.example:9200"])
def test_an_address_for_others_must_be_wanted(address: str) -> None:
    with pytest.raises(InputError, match="--public"):
        serve(small_run(), "kyiv", address)


@pytest.mark.parametrize("address", ["9200", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":9200"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        serve(small_run(), "kyiv", address)


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RunError, match="cannot listen"):
            serve(small_run(), "kyiv", f"127.0.0.1:{taken.getsockname()[1]}")


def test_two_dishes_do_not_share_a_port() -> None:
    with (
        serve(small_run(), "kyiv", "127.0.0.1:0") as first,
        pytest.raises(RunError, match="cannot listen"),
    ):
        serve(small_run(), "dark", first.address)


def test_times_and_speeds_out_of_range_are_refused_together() -> None:
    with pytest.raises(InputError) as refused:
        serve(small_run(), "kyiv", "127.0.0.1:0", at_s=1e6, speed=0.0)
    assert len(refused.value.faults) == 2


def test_no_such_site() -> None:
    with pytest.raises(UnknownNameError):
        serve(small_run(), "nowhere", "127.0.0.1:0")


def test_what_must_be_entered_is_entered_in_another_thread() -> None:
    import threading

    seen: list[int] = []
    with serve(small_run(), "kyiv", "127.0.0.1:0", enter=lambda: seen.append(threading.get_ident())) as server:
        assert seen and seen[0] != threading.get_ident()
        client = Asked(server.address)
        assert client.handle("get_status").WhichOneof("response") == "dish_get_status"
        client.channel.close()

    def fails() -> None:
        raise RunError("no such namespace")

    with pytest.raises(RunError, match="namespace"):
        serve(small_run(), "kyiv", "127.0.0.1:0", enter=fails)


def test_the_rest_of_bentpipe_needs_no_grpc() -> None:
    code = "import bentpipe.emulate.dish, sys; print([m for m in sys.modules if m.split('.')[0] in ('grpc', 'google')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.strip() == "[]"
