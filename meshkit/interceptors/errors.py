"""The errors stage: whatever a servicer raises reaches the client as a rich status."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import grpc
import structlog
from grpc.aio import AbortError
from grpc_status import rpc_status

from meshkit import faults, status
from meshkit.faults import Fault
from meshkit.principal import current_request_id
from meshkit.server_context import Context

_log = structlog.get_logger("errors")


def fault_from(error: BaseException, path: str) -> Fault:
    """The fault that a client sees for what was raised; unknown causes stay in the log."""
    if isinstance(error, Fault):
        if status.code_of(error.reason) == grpc.StatusCode.INTERNAL.value[0]:
            _log.error("call failed", method=path, reason=error.reason, exc_info=error)
            error.metadata.setdefault("request_id", current_request_id())
        return error
    if isinstance(error, grpc.RpcError):
        _log.warning("call of another service failed", method=path, exc_info=error)
        return status.fault_of(error)
    if isinstance(error, TimeoutError):
        return faults.DeadlineExceeded("the call did not finish within its deadline")
    _log.error("call failed", method=path, exc_info=error)
    return Fault("unexpected", metadata={"request_id": current_request_id()})


def code_for(error: BaseException, path: str) -> tuple[Fault | None, grpc.StatusCode]:
    """The fault to answer, none where the call is over already, and the code to count."""
    if isinstance(error, AbortError):
        return None, grpc.StatusCode.UNKNOWN
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return None, grpc.StatusCode.CANCELLED
    fault = fault_from(error, path)
    return fault, status.grpc_code_of(fault.reason)


async def answer(fault: Fault, context: Context) -> NoReturn:
    """Ends the call with the rich status of ``fault``; raises what gRPC ends a call by."""
    rich = status.status_of(fault)
    trailing = rpc_status.to_status(rich).trailing_metadata or ()
    if fault.retry_after is not None:
        # The caller is told when to come back; a client library must not try again before.
        trailing = (
            *trailing,
            ("retry-after", fault.retry_after),
            ("grpc-retry-pushback-ms", "-1"),
        )
    try:
        await context.abort(status.grpc_code_of(fault.reason), rich.message, trailing)
    finally:
        # See the pipeline: what ends the call holds this frame.
        del fault, context
