"""How a process imports what it is made of: quickly, for a mesh starts only when all have."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Libraries take these along where they are installed, for features that no service uses: structlog
# takes rich, redis the metrics of OpenTelemetry. Together they are a quarter of all imports.
_NOT_TAKEN_ALONG = ("rich", "opentelemetry.sdk.metrics")


@contextmanager
def lean_imports() -> Iterator[None]:
    """Imports in this block run without the garbage collector and without optional parts.

    What they made lives as long as the process, so that the collector need not look at it again.
    gRPC is imported without its fork support: that starts threads in a child before exec, of which
    an encoder now and then dies, and no child of a service goes on using gRPC.
    """
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    hidden = [name for name in _NOT_TAKEN_ALONG if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        for name in hidden:
            del sys.modules[name]
