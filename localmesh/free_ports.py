"""Ports on the loopback that nobody else uses."""

from __future__ import annotations

import errno
import random
import socket

from localmesh.faults import MeshFault, PortTaken

HOST = "127.0.0.1"
# Below the kernels' ranges for outgoing connections (Linux 32768, macOS 49152): a port of that
# range may be taken by any connection between the end of a process and its restart.
_INTERNAL = range(20000, 32000)
_ATTEMPTS = 2000


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a listener could be opened on ``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


class PortAllocator:
    """Hands out free ports, each at most once."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self) -> int:
        """A free internal port."""
        for _ in range(_ATTEMPTS):
            port = random.choice(_INTERNAL)  # noqa: S311 - not a secret
            if port not in self._taken and is_free(port):
                self._taken.add(port)
                return port
        raise MeshFault(f"no free port between {_INTERNAL.start} and {_INTERNAL.stop - 1}")

    def claim(self, port: int) -> int:
        """The port that a person asked for; 0 takes a free one. Raises PortTaken."""
        if port == 0:
            return self.take()
        if not is_free(port):
            raise PortTaken(port)
        self._taken.add(port)
        return port

    def give_back(self, port: int) -> None:
        """Make a port available again."""
        self._taken.discard(port)
