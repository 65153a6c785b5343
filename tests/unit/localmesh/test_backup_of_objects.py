"""Objects are in a backup whole, though some are put together while they are copied."""

from __future__ import annotations

import io
from pathlib import Path

from localmesh.backup import add_objects
from localmesh.backup_format import FORMAT, About, BackupWriter, Readable, require_whole


class Meddling(BackupWriter):
    """Has two objects be put together into a third while the first of all is copied."""

    def __init__(self, stream: io.BytesIO, folder: Path) -> None:
        super().__init__(stream, About(FORMAT, "0.1.0", 18, "now"))
        self._folder = folder

    def add_file(self, name: str, size: int, source: Readable) -> None:
        if (last := self._folder / "c").exists():
            (self._folder / "b-and-c").write_bytes((self._folder / "b").read_bytes() + b"c")
            (self._folder / "b").unlink()
            last.unlink()
        super().add_file(name, size, source)


def test_what_was_put_together_meanwhile_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "objects" / "rec"
    folder.mkdir(parents=True)
    for name in ("a", "b", "c"):
        (folder / name).write_bytes(name.encode())
    stream = io.BytesIO()
    writer = Meddling(stream, folder)
    add_objects(writer, tmp_path, tmp_path / "objects")
    writer.finish()
    stream.seek(0)
    held = require_whole(Path("a.backup"), stream, lambda _: None).files
    assert {name for name in held if name.startswith("objects")} == {
        "objects/rec/a",
        "objects/rec/b-and-c",
    }
