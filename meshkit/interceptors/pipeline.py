"""Puts the stages round a servicer's methods: one wrapper a method, made once and cached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc

from meshkit import deadline, telemetry
from meshkit.contracts import OPERATOR, MethodContract, method_of
from meshkit.faults import Unavailable
from meshkit.interceptors import auth, errors, messages, request_id
from meshkit.interceptors.json_fields import JsonFields
from meshkit.interceptors.preconditions import Precondition
from meshkit.interceptors.telemetry import MethodTelemetry
from meshkit.server_context import Context
from meshkit.tokens import TokenVerifier
from meshkit.validation import Checker, checker_of

_RETRY_AFTER_OVERLOAD_S = 1.0
# A call ends this much before its caller's deadline, so that the caller hears why from us and not
# from the transport, which knows no reasons.
_MARGIN_S = 0.05
_MARGIN_SHARE = 0.05
_OPEN_TO_THE_MESH = ("/grpc.health.v1.Health/", "/grpc.reflection.")

UnaryBehavior = Callable[[Any, Context], Awaitable[Any]]
StreamBehavior = Callable[[Any, Context], AsyncIterator[Any]]


@dataclass(slots=True)
class Admission:
    """How many calls of a kind may be in flight, and how many are."""

    limit: int
    held: int = 0


class Pipeline(grpc.aio.ServerInterceptor):
    """The interceptor of every server: wraps the handlers of the contracts, leaves gRPC's own be.

    Health and reflection answer every workload of the mesh; channelz is for the operator's command
    line alone.
    """

    def __init__(
        self,
        contracts: dict[str, MethodContract],
        tokens: TokenVerifier | None,
        *,
        max_calls: int,
        max_streams: int,
        default_deadline_s: float,
    ) -> None:
        self._contracts = contracts
        self._tokens = tokens
        self._calls = Admission(max_calls)
        self._streams = Admission(max_streams)
        self._default_deadline_s = default_deadline_s
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The wrapped handler of a call."""
        path = handler_call_details.method
        wrapped = self._wrapped.get(path)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            contract = self._contracts.get(path)
            if handler is None or contract is None:
                return _infrastructure(path, handler)
            wrapped = self._wrap(handler, contract)
            self._wrapped[path] = wrapped
        return wrapped

    def _wrap(
        self, handler: grpc.RpcMethodHandler[Any, Any], contract: MethodContract
    ) -> grpc.RpcMethodHandler[Any, Any]:
        streams = contract.streams_requests
        check = checker_of(contract.request)
        read = messages.reader(handler.request_deserializer, check, streams=streams)
        codec = (read, handler.response_serializer)
        if handler.unary_unary:
            unary = self._around_unary(handler.unary_unary, contract, check)
            return grpc.unary_unary_rpc_method_handler(unary, *codec)
        if handler.stream_unary:
            unary = self._around_unary(handler.stream_unary, contract, None)
            return grpc.stream_unary_rpc_method_handler(unary, *codec)
        if handler.unary_stream:
            stream = self._around_stream(handler.unary_stream, contract, check)
            return grpc.unary_stream_rpc_method_handler(stream, *codec)
        stream = self._around_stream(handler.stream_stream, contract, None)
        return grpc.stream_stream_rpc_method_handler(stream, *codec)

    def _around_unary(
        self, behavior: Any, contract: MethodContract, check: Checker | None
    ) -> UnaryBehavior:
        metrics, fields = MethodTelemetry(contract), JsonFields(method_of(contract))
        versions = Precondition(contract)
        admission = self._streams if contract.streams_requests else self._calls
        path = contract.path

        async def call(request: Any, context: Context) -> Any:
            headers = _headers(context)
            request_id.begin(headers)
            begun = metrics.begin(headers)
            code = grpc.StatusCode.OK
            admission.held += 1
            try:
                with telemetry.current(begun[1]):
                    self._admit(admission, metrics)
                    async with asyncio.timeout(self._remaining(contract, context)):
                        caller = auth.require_caller(contract, context)
                        await auth.require_user(contract, caller, headers, self._tokens)
                        fields.require_known(headers)
                        versions.apply(request, headers)
                        messages.require_valid(request, check)
                        return await behavior(request, context)
            except BaseException as error:
                fault, code = errors.code_for(error, path)
                if fault is None:
                    raise
            finally:
                admission.held -= 1
                metrics.end(begun, code)
            # gRPC keeps in the context what ends the call, with these frames in its traceback: each
            # refused request would wait for the collector, which knows nothing of its size.
            ending = errors.answer(fault, context)
            del request, context, fault
            return await ending

        return call

    def _around_stream(
        self, behavior: Any, contract: MethodContract, check: Checker | None
    ) -> StreamBehavior:
        metrics, fields = MethodTelemetry(contract), JsonFields(method_of(contract))
        path = contract.path

        async def call(request: Any, context: Context) -> AsyncIterator[Any]:
            headers = _headers(context)
            request_id.begin(headers)
            begun = metrics.begin(headers)
            code = grpc.StatusCode.OK
            self._streams.held += 1
            try:
                self._admit(self._streams, metrics)
                deadline.set_remaining(None)
                caller = auth.require_caller(contract, context)
                await auth.require_user(contract, caller, headers, self._tokens)
                fields.require_known(headers)
                messages.require_valid(request, check)
                # A held stream outlives both by hours, and there are tens of thousands.
                del headers
                held = context.time_remaining() is None
                async for message in behavior(request, context):
                    if held and begun[1] is not None:
                        begun = metrics.answered(begun)
                    yield message
                    del message
            except BaseException as error:
                fault, code = errors.code_for(error, path)
                if fault is None:
                    raise
            else:
                return
            finally:
                self._streams.held -= 1
                metrics.end(begun, code)
            ending = errors.answer(fault, context)
            del request, context, fault
            await ending

        return call

    def _admit(self, admission: Admission, metrics: MethodTelemetry) -> None:
        """Sheds a call early rather than queueing it."""
        if admission.held > admission.limit:
            metrics.shed()
            raise Unavailable(
                "the service is overloaded and did not take the call",
                reason="OVERLOADED",
                retry_after_s=_RETRY_AFTER_OVERLOAD_S,
            )

    def _remaining(self, contract: MethodContract, context: Context) -> float | None:
        """Starts the budget of this call: the caller's, or the default where it brought none."""
        remaining = context.time_remaining()
        if remaining is None and contract.streams_requests:
            deadline.set_remaining(None)
            return None
        if remaining is None:
            seconds = self._default_deadline_s
        else:
            seconds = max(0.0, remaining - min(_MARGIN_S, remaining * _MARGIN_SHARE))
        deadline.set_remaining(seconds)
        return seconds


def _headers(context: Context) -> dict[str, str]:
    return {
        str(key): value
        for key, value in context.invocation_metadata() or ()
        if isinstance(value, str)
    }


def _infrastructure(
    path: str, handler: grpc.RpcMethodHandler[Any, Any] | None
) -> grpc.RpcMethodHandler[Any, Any] | None:
    """gRPC's own services as they are, channelz for the operator alone, and nothing else."""
    if handler is not None and path.startswith("/grpc.channelz."):
        return _for_operator(handler)
    return handler if path.startswith(_OPEN_TO_THE_MESH) else None


def _for_operator(handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
    inner = handler.unary_unary

    async def call(request: Any, context: Context) -> Any:
        if auth.workload_of(context) != OPERATOR:
            await context.abort(
                grpc.StatusCode.PERMISSION_DENIED, "channelz is for the operator's command line"
            )
        answer = inner(request, context)  # type: ignore[misc, arg-type]
        return await answer if asyncio.iscoroutine(answer) else answer

    return grpc.unary_unary_rpc_method_handler(
        call,
        handler.request_deserializer,
        handler.response_serializer,
    )
