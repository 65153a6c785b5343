"""Between faults and ``google.rpc.Status``, by the one table in ``segue.errors.v1``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from segue.errors.v1 import errors_pb2

from meshkit import faults
from meshkit.faults import Fault, FieldViolation

DOMAIN = "segue"
_NEUTRAL_MESSAGE = "Something failed inside Segue."

_PASSING = ("UNAVAILABLE", "CANCELLED", "RESOURCE_EXHAUSTED")
# The words of gRPC for streams that broke, as INTERNAL: the process at the other end died, or, to
# Python's client, it ended the stream in the midst of a write and its status was lost.
_BROKEN_STREAMS = ("RST_STREAM", "Internal error from Core")

_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


@cache
def reason_specs() -> dict[str, errors_pb2.ReasonSpec]:
    """The contract's table: reason → code, meaning, action, example metadata."""
    values = errors_pb2.ErrorReason.Reason.DESCRIPTOR.values
    return {
        value.name: value.GetOptions().Extensions[errors_pb2.reason]
        for value in values
        if value.number != 0
    }


@cache
def _fault_classes() -> dict[str, type[Fault]]:
    classes = {cls.code: cls for cls in Fault.__subclasses__()}
    return {"INTERNAL": Fault, **classes}


def code_of(reason: str) -> int:
    """The canonical code of a reason; INTERNAL for one that the contract does not know."""
    spec = reason_specs().get(reason)
    return code_pb2.INTERNAL if spec is None else int(spec.code)


def status_of(fault: Fault) -> status_pb2.Status:
    """The rich status that a client sees for a fault."""
    code = code_of(fault.reason)
    known = fault.reason in reason_specs()
    status = status_pb2.Status(
        code=code, message=fault.message if code != code_pb2.INTERNAL else _NEUTRAL_MESSAGE
    )
    info = error_details_pb2.ErrorInfo(
        reason=fault.reason if known else "INTERNAL", domain=DOMAIN, metadata=fault.metadata
    )
    status.details.add().Pack(info)
    if fault.retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(max(0, round(fault.retry_after_s * 1000)))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    if fault.violations:
        bad = error_details_pb2.BadRequest()
        for violation in fault.violations:
            bad.field_violations.add(field=violation.field, description=violation.description)
        status.details.add().Pack(bad)
    return status


def grpc_code_of(reason: str) -> grpc.StatusCode:
    """The gRPC status code of a reason."""
    return _CODES.get(code_of(reason), grpc.StatusCode.UNKNOWN)


def fault_of(error: grpc.RpcError) -> Fault:
    """The fault that a failed call of ours means: the sender's own, where it sent a rich status."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return Fault(f"call failed: {type(error).__name__}")
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        return _bare_fault(error.code().name, error.details() or "")
    return _rich_fault(error.code().name, status)


def is_broken_stream(code: str, details: str) -> bool:
    """Whether a stream broke, so that nobody can tell how it ended: it may be opened again."""
    return code == "INTERNAL" and any(words in details for words in _BROKEN_STREAMS)


def _bare_fault(code: str, details: str) -> Fault:
    """A failure that no service of ours composed: the transport's words stay in the log."""
    if code == "DEADLINE_EXCEEDED":
        return faults.DeadlineExceeded("the call did not finish within its deadline")
    if code in _PASSING or is_broken_stream(code, details):
        return faults.Unavailable("a service that this call needs cannot answer now")
    return Fault(f"{code}: {details}")


def _rich_fault(code: str, status: status_pb2.Status) -> Fault:
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    bad = error_details_pb2.BadRequest()
    retry_after_s: float | None = None
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):
            retry_after_s = retry.retry_delay.ToMilliseconds() / 1000
    return _fault_classes().get(code, Fault)(
        status.message,
        reason=info.reason or None,
        metadata=dict(info.metadata),
        retry_after_s=retry_after_s,
        violations=tuple(FieldViolation(v.field, v.description) for v in bad.field_violations),
    )


@contextmanager
def remote_faults() -> Iterator[None]:
    """Within it, a failed call of another service is raised as the fault that service meant."""
    try:
        yield
    except grpc.RpcError as error:
        raise fault_of(error) from error
