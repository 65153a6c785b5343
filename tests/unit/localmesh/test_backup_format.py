"""A file of a backup is read when every byte of it is what was written, and refused otherwise."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from localmesh.backup_format import FORMAT, About, BackupWriter, contents, require_whole
from localmesh.faults import BackupRefused

ABOUT = About(FORMAT, "0.1.0", 18, "2026-11-30T20:00:00.000Z")
FILES = {
    "postgres/cluster/PG_VERSION": b"18\n",
    "objects/media/ab": bytes(range(256)) * 40,
    "secrets/word.password": b"open sesame",
}


def backup_of(files: dict[str, bytes], about: About = ABOUT) -> bytes:
    stream = io.BytesIO()
    writer = BackupWriter(stream, about)
    writer.add_folder("postgres/cluster/pg_notify")
    for name, content in files.items():
        writer.add_file(name, len(content), io.BytesIO(content))
    writer.finish()
    return stream.getvalue()


def require(content: bytes) -> Any:
    return require_whole(Path("a.backup"), io.BytesIO(content), lambda _: None)


def packed(members: dict[str, bytes], **kinds: bytes) -> bytes:
    """A tar in gzip of whatever members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, kind in kinds.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    return stream.getvalue()


def about_with(**words: Any) -> dict[str, bytes]:
    said = {"format": FORMAT, "segue": "0.1.0", "postgres": 18, "made_at": "now", **words}
    return {"segue-backup.json": json.dumps(said).encode()}


def test_what_was_written_is_read() -> None:
    stream = io.BytesIO(backup_of(FILES))
    manifest = require_whole(Path("a.backup"), stream, lambda _: None)
    assert manifest.about == ABOUT
    assert manifest.size == sum(map(len, FILES.values()))
    members = contents(Path("a.backup"), stream, manifest, lambda _: None)
    read = {each.name: each.content.read() if each.content else None for each in members}
    assert read == {"postgres/cluster/pg_notify": None, **FILES}


def test_it_is_a_tar_that_other_programs_read() -> None:
    with tarfile.open(fileobj=io.BytesIO(backup_of(FILES)), mode="r:gz") as tar:
        names = tar.getnames()
    assert names[0] == "segue-backup.json"
    assert names[-1] == "manifest.json"
    assert set(FILES) < set(names)


def test_every_byte_is_counted() -> None:
    counted: list[int] = []
    require_whole(Path("a.backup"), io.BytesIO(backup_of(FILES)), counted.append)
    assert sum(counted) == sum(map(len, FILES.values()))


def test_wherever_it_is_cut_short_it_is_refused() -> None:
    whole = backup_of(FILES)
    for length in range(2, len(whole), 7):
        with pytest.raises(BackupRefused, match=r"cut short|altered"):
            require(whole[:length])
    with pytest.raises(BackupRefused, match="cut short"):
        require(whole[: len(whole) - 1])


def test_whichever_byte_is_altered_it_is_refused_unless_that_alters_nothing() -> None:
    whole = backup_of(FILES)
    manifest, refused = require(whole), 0
    for at in range(len(whole)):
        altered = whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
        try:
            # gzip does not look at its heads' time and system, nor at bits between its blocks.
            assert require(altered) == manifest
        except BackupRefused:
            refused += 1
    assert refused > 0.9 * len(whole)


def test_what_comes_after_its_end_is_refused() -> None:
    with pytest.raises(BackupRefused, match="altered"):
        require(backup_of(FILES) + b"more")


def test_a_file_that_the_manifest_does_not_know_is_refused() -> None:
    manifest = {"about": json.loads(about_with()["segue-backup.json"]), "files": {}}
    members = {
        **about_with(),
        "secrets/planted.password": b"mine",
        "manifest.json": json.dumps(manifest).encode(),
    }
    with pytest.raises(BackupRefused, match="altered"):
        require(packed(members))


@pytest.mark.parametrize("name", ["../etc/cron", "/etc/cron", "secrets/../../cron", "logs/x", "x"])
def test_a_name_outside_the_meshs_folders_is_refused(name: str) -> None:
    with pytest.raises(BackupRefused, match="altered"):
        require(packed({**about_with(), name: b""}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_and_no_folder_is_refused(kind: bytes) -> None:
    with pytest.raises(BackupRefused, match="altered"):
        require(packed(about_with(), secrets=kind))


def test_a_newer_form_is_refused_whatever_else_it_says() -> None:
    words = about_with(format=FORMAT + 1, cipher="of tomorrow")
    with pytest.raises(BackupRefused, match="made by a newer Segue"):
        require(packed(words))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", packed({"song.flac": b"fLaC"})])
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(BackupRefused, match=r"a\.backup is no backup of a mesh"):
        require(content)
