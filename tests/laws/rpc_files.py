"""An RPC's use case can be found by the RPC's name.

``PlaylistService/AddTracks`` is ``usecases/playlist/add_tracks.py``, or a class or function of its
name in ``usecases/playlist.py``; of a class that serves several RPCs, a method of that name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from google.protobuf.descriptor import ServiceDescriptor

from meshkit import contracts
from tests.laws.sources import Source

OF_CONTEXT = {
    "catalog": "catalog_svc",
    "playback": "playback_svc",
    "device": "playback_svc",
    "playlist": "playlist_svc",
    "rec": "rec_svc",
    "identity": "edge/identity",
}
"""The folder that serves the contracts of a context."""

HELD = {
    "HeartbeatService/StreamHeartbeats": "playback_svc/streams/heartbeats.py",
    "HeartbeatService/ReportHeartbeat": "playback_svc/streams/heartbeats.py",
    "DeviceService/Connect": "playback_svc/streams/device_streams.py",
    "DeviceService/WatchCommands": "playback_svc/streams/device_streams.py",
    "PlaybackService/WatchPlayback": "playback_svc/streams/playback_views.py",
    "ActivityService/WatchActivity": "playback_svc/streams/activity_views.py",
}
"""Streams that playback holds: one module serves a stream and its twin, for all users at once."""

ROOM_OF = {"ImportService": "imports"}
"""``import`` is a word of the language."""


def not_found(files: Iterable[Source]) -> Iterator[str]:
    """RPCs whose use case is not where their name says."""
    by_path = {file.path: file for file in files}
    for service in contracts.services():
        context = str(service.full_name).split(".")[1]
        if context not in OF_CONTEXT:
            continue
        for method in service.methods:
            room = f"{OF_CONTEXT[context]}/usecases/{_room(service)}"
            name = _snake(method.name)
            call = f"{service.name}/{method.name}"
            if f"{room}/{name}.py" in by_path or HELD.get(call) in by_path:
                continue
            module = by_path.get(f"{room}.py")
            if module is None or not {name, method.name} & _names(module):
                yield f"{call}: no {room}/{name}.py, nor it in {room}.py"


def _room(service: ServiceDescriptor) -> str:
    return ROOM_OF.get(service.name) or _snake(service.name.removesuffix("Service"))


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _names(module: Source) -> set[str]:
    defined = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(module.tree) if isinstance(node, defined)}
