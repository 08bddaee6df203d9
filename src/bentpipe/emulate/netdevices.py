"""Network devices of a namespace, by ioctl and rtnetlink: no program of the system is called, so that none is needed.

Layouts: Linux netdevice(7), rtnetlink(7), packet(7) and the kernel's Documentation/networking/tuntap.rst.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

MTU: Final = 1500
"""Largest IP packet, bytes."""
QUEUE_PACKETS: Final = 10_000
"""Packets that a device keeps while the shaper is away; what overflows is counted as the emulator's overload."""

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_SIOCSIFMTU, _SIOCSIFHWADDR, _SIOCETHTOOL = 0x8922, 0x8924, 0x8946
_IFF_UP, _IFF_NOARP = 0x1, 0x80
_ETHTOOL_OFF: Final = (0x17, 0x1F, 0x24, 0x2C)  # transmit checksums, TCP segmentation, segmentation, receive offload
_RTM_NEWLINK, _RTM_NEWROUTE = 16, 24
_REQUEST, _ACK, _CREATE, _EXCL = 0x1, 0x4, 0x400, 0x200
_TABLE_MAIN, _TABLE_LOCAL, _UNICAST, _LOCAL = 254, 255, 1, 2
_SOL_PACKET, _PACKET_IGNORE_OUTGOING, _ETH_P_IP = 263, 23, 0x0800
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_HARDWARE: Final = bytes((2, 0, 0, 0, 0, 1))


def open_tun(name: str) -> int:
    """Make a TUN device in the namespace of the caller; it goes when its file is closed.

    Parameters
    ----------
    name : str
        Name of the device, at most 15 letters.

    Returns
    -------
    int
        File descriptor: one IP packet a read or write, not blocking.

    Raises
    ------
    OSError
        No such device file, or not allowed.
    """
    import fcntl

    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError:
        os.close(file)
        raise
    return file


def set_up(name: str, address: str | None = None, netmask: str = "255.255.255.255", arp: bool = True) -> None:
    """Bring a device of the caller's namespace up.

    Parameters
    ----------
    name : str
        Name of the device.
    address, netmask : str
        IPv4 address and mask, dotted; none by default.
    arp : bool
        Whether neighbours are asked for their hardware address.
    """
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:

        def call(number: int, content: bytes) -> bytes:
            return fcntl.ioctl(s, number, struct.pack("16s24s", name.encode(), content))

        if name != "lo":
            call(_SIOCSIFMTU, struct.pack("i", MTU))
            # By rtnetlink, as the ioctl is root's alone even in one's own namespace.
            link = struct.pack("BxHiII", socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0)
            _ask(_RTM_NEWLINK, 0, link + _attribute(13, struct.pack("I", QUEUE_PACKETS)))
        flags = struct.unpack_from("H", call(_SIOCGIFFLAGS, b""), 16)[0] | _IFF_UP
        call(_SIOCSIFFLAGS, struct.pack("H", flags if arp else flags | _IFF_NOARP))
        if address is not None:
            for number, dotted in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, netmask)):
                call(number, struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(dotted)))


def one_hardware_address(name: str) -> None:
    """Give a device the one hardware address of all: what is sent without ARP is then taken at the other end."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, _SIOCSIFHWADDR, struct.pack("16sH6s16x", name.encode(), 1, _HARDWARE))


def whole_packets(name: str) -> None:
    """Stop a device from leaving checksums and the cutting of packets to the hardware, which is not there."""
    import ctypes
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for command in _ETHTOOL_OFF:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP16x", name.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(s, _SIOCETHTOOL, request)
            except OSError:
                continue  # a device without the offload has it off


def add_route(device: str, destination: str, bits: int, *, local: bool = False, in_local_table: bool = False) -> None:
    """Add a route to the caller's namespace.

    Parameters
    ----------
    device : str
        Name of the device.
    destination : str
        IPv4 network, dotted.
    bits : int
        Length of its prefix.
    local : bool
        Whether the addresses are this namespace's own.
    in_local_table : bool
        Whether the route goes into the table that is asked first.
    """
    table = _TABLE_LOCAL if local or in_local_table else _TABLE_MAIN
    scope = 254 if local else 253  # this host, or this link
    message = struct.pack(
        "BBBBBBBBI", socket.AF_INET, bits, 0, 0, table, 4, scope, _LOCAL if local else _UNICAST, 0
    ) + _attribute(4, struct.pack("I", socket.if_nametoindex(device)))
    if bits:
        message += _attribute(1, socket.inet_aton(destination))
    _ask(_RTM_NEWROUTE, _CREATE | _EXCL, message)


def add_pair(name: str, other: str, other_namespace: int) -> None:
    """Make a pair of Ethernet devices, one end here and one in another network namespace.

    Parameters
    ----------
    name, other : str
        Names of the ends.
    other_namespace : int
        File descriptor of the other namespace.
    """
    peer = bytes(16) + _attribute(3, other.encode() + b"\0") + _attribute(28, struct.pack("I", other_namespace))
    kind = _attribute(1, b"veth") + _attribute(2, _attribute(1, peer))
    _ask(_RTM_NEWLINK, _CREATE | _EXCL, bytes(16) + _attribute(3, name.encode() + b"\0") + _attribute(18, kind))


def packet_socket(name: str) -> socket.socket:
    """Open an Ethernet device of the caller's namespace for IPv4 packets, without its own outgoing ones.

    Parameters
    ----------
    name : str
        Name of the device.

    Returns
    -------
    socket.socket
        Whole frames, not blocking. As all devices have one hardware address, a frame can be sent on as it came.
    """
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
    s.bind((name, _ETH_P_IP))
    s.setblocking(False)
    s.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            s.setsockopt(socket.SOL_SOCKET, forced, 16 << 20)
        except OSError:
            s.setsockopt(socket.SOL_SOCKET, plain, 16 << 20)
    return s


def _attribute(kind: int, content: bytes) -> bytes:
    """One rtnetlink attribute, padded."""
    return struct.pack("HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def _ask(kind: int, flags: int, content: bytes) -> None:
    """Send one rtnetlink message and raise what the kernel answers."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as s:
        s.bind((0, 0))
        s.send(struct.pack("IHHII", 16 + len(content), kind, flags | _REQUEST | _ACK, 1, 0) + content)
        (error,) = struct.unpack_from("i", s.recv(8192), 16)
    if error:
        raise OSError(-error, os.strerror(-error))
