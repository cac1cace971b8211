"""Ports of this machine: free ones, taken ones."""

import errno
import socket

from suite.launcher.obstacles import PortTaken

_LOOPBACK = "127.0.0.1"


_given: set[int] = set()


def free() -> int:
    """A port nobody listens on at this moment, and another one each time: the first may not be listened on yet."""
    while True:
        with socket.socket() as probe:
            probe.bind((_LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def is_free(port: int, host: str = _LOOPBACK) -> bool:
    """Whether a server could listen there; raises OSError when the answer is neither yes nor no."""
    with socket.socket() as probe:
        # Servers set this too: connections of a server that has just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def require(name: str, port: int, host: str = _LOOPBACK) -> None:
    """Raise PortTaken unless the process of this name could listen on its port."""
    variable = f"MAISON_PORT_{name.upper()}"
    try:
        available = is_free(port, host)
    except PermissionError:
        what = f"port {port} ({name}) is reserved for the administrator of this machine"
        raise PortTaken(what, f"Set {variable} to a port above 1023.") from None
    if not available:
        raise PortTaken(
            f"port {port} ({name}) is taken by another program",
            f"Stop it (`lsof -i :{port}` names it), or set {variable} to a free port,"
            " or MAISON_PORT_BASE to move all of them.",
        )
