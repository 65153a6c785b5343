"""Ports on the loopback that nobody else uses."""

from __future__ import annotations

import errno
import random
import socket
import weakref

from localmesh.faults import MeshFault, PortTaken

HOST = "127.0.0.1"
# Below the kernels' ranges for outgoing connections (Linux 32768, macOS 49152): a port of that
# range may be taken by any connection between the end of a process and its restart.
_INTERNAL = range(20000, 32000)
_BLOCK = 50


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
    """Hands out free ports, each at most once.

    They come from blocks whose first port it holds as long as it lives: two meshes that start at
    the same time, neither listening yet, are not given the same ports.

    A port that is :meth:`held` is bound by it as well, without listening: until it is gone the
    kernel lets processes of the same user bind it (with SO_REUSEPORT), and nobody else.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._own: list[int] = []
        self._held: dict[int, socket.socket] = {}

    def held(self, port: int = 0) -> int:
        """The port, or a free one for 0, which is ours from now on, whether listened on or not.

        Raises PortTaken.
        """
        while True:
            wanted = port or self.take()
            if self._holds(wanted):
                return wanted
            if port:
                raise PortTaken(port)

    def _holds(self, port: int) -> bool:
        if port not in self._taken and not is_free(port):
            return False
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Not SO_REUSEADDR: by that anybody may bind what nobody listens on.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            holder.bind((HOST, port))
        except OSError as error:
            holder.close()
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        self._taken.add(port)
        self._held[port] = holder
        weakref.finalize(self, holder.close)
        return True

    def take(self) -> int:
        """A free internal port."""
        while True:
            if not self._own:
                self._own = self._claim_block()
            port = self._own.pop()
            if port not in self._taken and is_free(port):
                self._taken.add(port)
                return port

    def give_back(self, port: int) -> None:
        """Make a port available again, after all others: somebody may still turn to it."""
        self._taken.discard(port)
        if port in _INTERNAL:
            self._own.insert(0, port)

    def _claim_block(self) -> list[int]:
        """The ports of a block that nobody else has."""
        firsts = _INTERNAL[::_BLOCK]
        for first in random.sample(firsts, len(firsts)):
            guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                guard.bind((HOST, first))
            except OSError as error:
                guard.close()
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
            else:
                weakref.finalize(self, guard.close)
                return list(range(first + 1, first + _BLOCK))
        raise MeshFault(f"no free port between {_INTERNAL.start} and {_INTERNAL.stop - 1}")
