"""A small service for tests: gRPC over mutual TLS, healthy at once, and it says its name.

``python -m echo_service serve|fail`` with the settings of a mesh's service, prefix SEGUE_ECHO_.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc

SERVING = b"\x08\x01"


def _setting(name: str) -> str:
    return os.environ[f"SEGUE_ECHO_{name}"]


def _method(answer: bytes) -> grpc.RpcMethodHandler[bytes, bytes]:
    async def reply(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return answer

    handler: Callable[..., Awaitable[bytes]] = reply
    return grpc.unary_unary_rpc_method_handler(handler)


def _credentials() -> grpc.ServerCredentials:
    key, certificate, authority = (
        Path(_setting(f"TLS_{name}_FILE")).read_bytes() for name in ("KEY", "CERT", "CA")
    )
    return grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)


async def serve() -> None:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 1),))
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "grpc.health.v1.Health", {"Check": _method(SERVING)}
            ),
            grpc.method_handlers_generic_handler(
                "segue.test.Echo", {"Name": _method(_setting("INSTANCE").encode())}
            ),
        )
    )
    server.add_secure_port(_setting("LISTEN"), _credentials())
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(f"{_setting('INSTANCE')} serves", flush=True)
    await stop.wait()
    # The edge learns from its endpoint file before the listener closes.
    await asyncio.sleep(1.0)
    await server.stop(5)


if __name__ == "__main__":
    if sys.argv[1] == "fail":
        sys.exit("the echo is broken: no wall to throw it back")
    asyncio.run(serve())
