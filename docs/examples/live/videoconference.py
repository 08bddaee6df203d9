"""A videoconference of two aiortc peers, and what becomes of it: frames, freezes, round trip.

One command a person, in the two ends of a call::

    bentpipe call two-sites kyiv lviv --at 12:04:30 -- \
        sh -c 'python videoconference.py answer 5000 60' -- \
        sh -c 'python videoconference.py offer $BENTPIPE_PEER 5000 60'

Each sends a picture that carries the time at which it was drawn, in blocks that survive compression; both run on one
machine and so on one clock. The descriptions of the session go over TCP, and no server on the Internet is asked.
"""

import asyncio
import fractions
import json
import sys
import time
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame

WIDTH, HEIGHT, FRAMES_S, BLOCK = 320, 240, 15, 16
BITS = WIDTH // BLOCK * 2
#: A picture that stands for longer than this is a freeze: the mean of the last 30 gaps plus 150 ms, or three gaps,
#: is WebRTC's own rule (freezeCount, W3C webrtc-stats); at 15 frames a second both are about 0.2 s.
FREEZE_S = 0.2


class Clock(MediaStreamTrack):
    """A picture of the time, so many times a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.count, self.start = 0, time.monotonic()

    async def recv(self) -> VideoFrame:
        """Wait for the next picture's time, and draw it."""
        due = self.start + self.count / FRAMES_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        stamp = int(time.monotonic() * 1e3) & ((1 << BITS) - 1)
        rows = [(stamp >> bit) & 1 for bit in range(BITS)]
        picture = np.full((HEIGHT, WIDTH), 128, np.uint8)
        for bit, one in enumerate(rows):
            y, x = divmod(bit, WIDTH // BLOCK)
            picture[y * BLOCK : (y + 1) * BLOCK, x * BLOCK : (x + 1) * BLOCK] = 235 if one else 16
        # Something that moves, so that frames are not empty.
        picture[HEIGHT // 2 :, (4 * self.count) % WIDTH :][:, :40] = 200
        frame = VideoFrame.from_ndarray(np.repeat(picture[:, :, None], 3, axis=2), format="rgb24")
        frame.pts, frame.time_base = int(self.count * 90_000 / FRAMES_S), fractions.Fraction(1, 90_000)
        self.count += 1
        return frame


def stamp_of(picture: Any) -> int:
    """Time drawn in a picture, ms."""
    middle = picture[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK][:2].ravel()[:BITS]
    return sum(1 << bit for bit, level in enumerate(middle) if level > 128)


async def watch(track: MediaStreamTrack, seen: list[tuple[float, float]]) -> None:
    """Note when each frame came and how old it was, s."""
    while True:
        frame = await track.recv()
        now = time.monotonic()
        age_ms = (int(now * 1e3) - stamp_of(frame.to_ndarray(format="gray"))) & ((1 << BITS) - 1)
        seen.append((now, age_ms / 1e3))


async def round_trips(peer: RTCPeerConnection, out: list[float]) -> None:
    """Note the round trip that the peers measure themselves (RTCP), s, once a second."""
    while True:
        await asyncio.sleep(1.0)
        for report in (await peer.getStats()).values():
            if report.type == "remote-inbound-rtp" and getattr(report, "roundTripTime", None):
                out.append(report.roundTripTime)


async def main(role: str, host: str, port: int, seconds: float) -> None:
    """Meet, talk for so long, and say what was seen."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    seen: list[tuple[float, float]] = []
    trips: list[float] = []
    tasks = []
    peer.on("track", lambda track: tasks.append(asyncio.ensure_future(watch(track, seen))))
    clock = Clock()
    peer.addTrack(clock)
    start = time.monotonic()
    if role == "offer":
        await peer.setLocalDescription(await peer.createOffer())
        reader, writer = await connect(host, port)
        await send(writer, peer.localDescription)
        await peer.setRemoteDescription(await receive(reader))
    else:
        met: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda *ends: met.set_result(ends), None, port)
        reader, writer = await met
        await peer.setRemoteDescription(await receive(reader))
        await peer.setLocalDescription(await peer.createAnswer())
        await send(writer, peer.localDescription)
        server.close()
    tasks.append(asyncio.ensure_future(round_trips(peer, trips)))
    while not seen and time.monotonic() - start < 30:
        await asyncio.sleep(0.02)
    met_s = time.monotonic() - start
    await asyncio.sleep(seconds)
    ended = time.monotonic()
    for task in tasks:
        task.cancel()
    found = summary(role, seen, trips, clock.count, met_s, ended, seconds)
    print(json.dumps({**found, "connection": peer.connectionState}, indent=1), flush=True)
    await peer.close()


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, and try again while the other one is not there."""
    for _ in range(50):
        try:
            return await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.2)
    raise SystemExit(f"nobody answers at {host}:{port}")


async def send(writer: asyncio.StreamWriter, description: RTCSessionDescription) -> None:
    """Send a description as a line of JSON."""
    writer.write(json.dumps({"sdp": description.sdp, "type": description.type}).encode() + b"\n")
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> RTCSessionDescription:
    """Read a description."""
    return RTCSessionDescription(**json.loads(await reader.readline()))


def summary(
    role: str,
    seen: list[tuple[float, float]],
    trips: list[float],
    sent: int,
    met_s: float,
    ended: float,
    seconds: float,
) -> dict[str, Any]:
    """What the watcher saw, in s unless named otherwise."""
    came = np.array([time_s for time_s, _ in seen])
    age = np.array([age_s for _, age_s in seen])
    # What stands at the end stands until the end: a call that an outage has ended is a freeze.
    gaps = np.diff(np.append(came, ended)) if len(came) else np.array([seconds])
    frozen = gaps[gaps > FREEZE_S]
    return {
        "role": role,
        "connected_after_s": round(met_s, 3),
        "frames_sent": sent,
        "frames_seen": len(seen),
        "frames_a_second": round(len(seen) / seconds, 2),
        "frame_age_s_p50": round(float(np.median(age)), 3) if len(age) else None,
        "frame_age_s_p95": round(float(np.percentile(age, 95)), 3) if len(age) else None,
        "freezes": len(frozen),
        "longest_freeze_s": round(float(frozen.max(initial=0.0)), 3),
        "frozen_share": round(float(frozen.sum()) / seconds, 4),
        "round_trip_s_p50": round(float(np.median(trips)), 4) if trips else None,
    }


if __name__ == "__main__":
    if sys.argv[1] == "offer":
        asyncio.run(main("offer", sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    else:
        asyncio.run(main("answer", "", int(sys.argv[2]), float(sys.argv[3])))
