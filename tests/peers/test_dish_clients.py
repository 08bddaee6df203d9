"""Public clients of a user terminal, unchanged, against a virtual dish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from made_up_dish import NO_DOWNLINK, NO_SATS, NO_SCHEDULE, POWER_CUT, made_up_dish

from bentpipe.emulate.dish import DishServer
from bentpipe.emulate.dish.answers import DishAnswers
from bentpipe.emulate.dish.samples import second_samples

grpc = pytest.importorskip("grpc", reason="needs grpcio: pip install 'bentpipe[dish]'")
pytest.importorskip("grpc_reflection", reason="needs grpcio-reflection: pip install 'bentpipe[dish]'")


class Clock:
    at_s = 31.5

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[False, True], ids=["place-hidden", "place-shown"])
def address(request: pytest.FixtureRequest, clock: Clock) -> Iterator[str]:
    with DishServer(DishAnswers(made_up_dish(), show_location=request.param), clock, "127.0.0.1:0") as server:
        yield server.address


class TestStarlinkGrpcCore:
    """starlink-grpc-core: learns all messages by reflection."""

    @pytest.fixture
    def client(self):
        return pytest.importorskip("starlink_grpc", reason="needs starlink-grpc-core: pip install 'bentpipe[demos]'")

    @pytest.fixture
    def context(self, client, address):
        made = client.ChannelContext(target=address)
        yield made
        made.close()

    def test_status(self, client, context, clock: Clock) -> None:
        drop, latency = second_samples(made_up_dish().series, 0, 600)
        for second in range(0, 300, 13):
            clock.at_s = second + 0.5
            status, _, alerts = client.status_data(context)
            slot = second // 15
            wanted = {**dict.fromkeys(range(40), "CONNECTED"), **dict.fromkeys(range(40)[NO_SATS], "NO_SATS"),
                      **dict.fromkeys(range(40)[NO_DOWNLINK], "NO_DOWNLINK"),
                      **dict.fromkeys(range(40)[NO_SCHEDULE], "SEARCHING")}[slot]  # fmt: skip
            assert status["state"] == wanted
            assert status["uptime"] == second
            assert status["pop_ping_drop_rate"] == pytest.approx(drop[second], rel=1e-6)
            if wanted == "CONNECTED":
                assert status["pop_ping_latency_ms"] == pytest.approx(1e3 * latency[second], rel=1e-6)
            assert (status["direction_azimuth"], status["direction_elevation"]) == (0.0, 63.0)
            assert status["alerts"] == 0 and len(alerts) > 15 and not any(alerts.values())

    def test_history(self, client, context, clock: Clock) -> None:
        clock.at_s = 250.5
        drop, latency = second_samples(made_up_dish().series, 0, 250)
        general, bulk = client.history_bulk_data(-1, context=context)
        assert general == {"samples": 250, "end_counter": 250}
        assert bulk["pop_ping_drop_rate"] == pytest.approx(list(drop), rel=1e-6)
        for told, exact in zip(bulk["pop_ping_latency_ms"], latency, strict=True):
            assert (told is None) == bool(np.isnan(exact))
            assert told is None or told == pytest.approx(1e3 * exact, rel=1e-6)
        clock.at_s = 260.5
        more, _ = client.history_bulk_data(-1, start=general["end_counter"], context=context)
        assert more == {"samples": 10, "end_counter": 260}

    def test_statistics_of_the_history(self, client, context, clock: Clock) -> None:
        clock.at_s = 200.0
        _, drops, _, waits, _, usage, _ = client.history_stats(-1, context=context)
        drop, _ = second_samples(made_up_dish().series, 0, 200)
        assert drops["total_ping_drop"] == pytest.approx(drop.sum(), rel=1e-5)
        assert drops["count_full_ping_drop"] == (drop == 1.0).sum() >= 60
        assert waits["mean_all_ping_latency"] is not None
        assert usage == {"download_usage": 0, "upload_usage": 0}

    def test_place(self, client, context, request: pytest.FixtureRequest) -> None:
        told = client.location_data(context)
        if "place-shown" in request.node.name:
            assert told == {"latitude": 50.0, "longitude": 30.0, "altitude": 120.0}
        else:
            assert told == {"latitude": None, "longitude": None, "altitude": None}

    def test_map(self, client, context) -> None:
        rows = client.obstruction_map(context)
        assert (len(rows), {len(row) for row in rows}) == (123, {123})
        assert {value for row in rows for value in row} == {-1.0, 1.0}

    def test_id_and_settings(self, client, context) -> None:
        assert client.get_id(context).startswith("ut-virtual-")
        assert client.get_sleep_config(context) == (0, 0, False)

    def test_changes_are_refused_with_a_reason(self, client, context) -> None:
        calls = [
            lambda: client.reboot(context),
            lambda: client.set_stow_state(context=context),
            lambda: client.set_sleep_config(0, 60, context=context),
            lambda: client.set_gps_config(False, context=context),
            lambda: client.reset_obstruction_map(context),
        ]
        for call in calls:
            with pytest.raises(client.GrpcError, match=r"virtual dish: it .*nothing was done"):
                call()

    def test_without_power_it_cannot_be_reached(self, client, context, clock: Clock) -> None:
        clock.at_s = POWER_CUT.start * 15.0 + 1.0
        with pytest.raises(client.GrpcError, match="no power"):
            client.status_data(context)


class TestStarlinkClient:
    """starlink-client: carries compiled messages of real dishes, and asks by numbers."""

    @pytest.fixture
    def asked(self, address):
        reason = "needs starlink-client: pip install 'bentpipe[demos]'"
        client = pytest.importorskip("starlink_client.grpc_client", reason=reason)
        return client.GrpcClient(address)

    def test_place(self, asked, request: pytest.FixtureRequest) -> None:
        if "place-shown" in request.node.name:
            place = asked.get_location()
            assert (place.lat, place.lon, place.alt) == (50.0, 30.0, 120.0)
        else:
            with pytest.raises(grpc.RpcError) as refused:
                asked.get_location()
            assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED

    def test_status(self, asked, clock: Clock) -> None:
        from spacex.api.device import device_pb2

        clock.at_s = 80.0
        told = asked.call(device_pb2.Request(get_status={})).dish_get_status
        assert told.device_info.software_version == "bentpipe test"
        assert told.outage.cause == told.outage.NO_SATS and told.outage.duration_ns == 5 * 10**9
        assert told.boresight_elevation_deg == 63.0 and told.gps_stats.gps_valid

    def test_everything_it_knows_is_read_by_number(self, asked, clock: Clock) -> None:
        from google.protobuf import unknown_fields
        from spacex.api.device import device_pb2

        for name in ("get_status", "get_history", "get_device_info", "dish_get_context", "dish_get_config",
                     "dish_get_obstruction_map", "get_diagnostics"):  # fmt: skip
            response = asked.call(device_pb2.Request(**{name: {}}))
            chosen = response.WhichOneof("response")
            assert chosen is not None and name.removeprefix("dish_") in chosen
            strange = [one.field_number for one in unknown_fields.UnknownFieldSet(getattr(response, chosen))]
            assert strange == ([6] if name == "dish_get_obstruction_map" else [])  # the frame of the map is newer


def repeated(field: Any) -> bool:
    """Newer versions of protobuf have a name for it, older ones a label."""
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


def test_numbers_and_types_are_those_of_compiled_messages() -> None:
    pytest.importorskip("starlink_client.grpc_client", reason="needs starlink-client: pip install 'bentpipe[demos]'")
    from spacex.api.device import device_pb2

    from bentpipe.emulate.dish.descriptors import PACKAGE, build_descriptors
    from bentpipe.emulate.dish.fieldtable import enums, fields

    theirs, ours = device_pb2.DESCRIPTOR.pool, build_descriptors().pool
    compared = 0
    for name in {field.message for field in fields()} - {"Status"}:
        one, other = (pool.FindMessageTypeByName(f"{PACKAGE}.{name}") for pool in (ours, theirs))
        for field in one.fields:
            if field.name in other.fields_by_name:
                same = other.fields_by_name[field.name]
                assert (field.number, field.type, repeated(field)) == (same.number, same.type, repeated(same))
                compared += 1
    assert compared > 200
    for name, values in enums().items():
        try:
            known = theirs.FindEnumTypeByName(f"{PACKAGE}.{name}").values_by_name
        except KeyError:
            continue
        assert {value: known[value].number for value in values if value in known} == {
            value: number for value, number in values.items() if value in known
        }
