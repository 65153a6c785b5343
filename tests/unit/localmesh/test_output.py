"""What processes say: split into lines, kept in bounded files, shown with their names."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from localmesh.output import LineSplitter, LogFile, Output


def _split(*chunks: bytes) -> list[str]:
    lines: list[str] = []
    splitter = LineSplitter(lines.append)
    for chunk in chunks:
        splitter.feed(chunk)
    splitter.finish()
    return lines


def test_lines_are_joined_across_chunks() -> None:
    assert _split(b"on", b"e\ntwo\r\nth", b"ree") == ["one", "two", "three"]


def test_a_line_without_end_is_cut_instead_of_kept_in_memory() -> None:
    lines = _split(b"x" * 200_000, b"\nend\n")
    assert [len(line) for line in lines] == [65536, 65536, 65536, 3392, 3]


def test_bytes_that_are_no_text_are_shown_as_replacements() -> None:
    assert _split(b"caf\xe9\n") == ["caf\ufffd"]


def test_a_log_file_keeps_within_twice_its_bound(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "catalog-1.log", bound_bytes=1000)
    for number in range(200):
        log.write(f"line {number}")
    log.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"catalog-1.log", "catalog-1.log.1"}
    assert max(sizes.values()) <= 1000
    assert (tmp_path / "catalog-1.log").read_text().endswith("line 199\n")


def test_its_owner_alone_reads_a_log(tmp_path: Path) -> None:
    path = tmp_path / "catalog-1.log"
    path.touch(mode=0o644)
    log = LogFile(path, bound_bytes=100)
    for number in range(20):
        log.write(f"line {number}")
    log.close()
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


def test_the_console_shows_who_speaks(tmp_path: Path) -> None:
    stream = io.StringIO()
    output = Output(tmp_path, stream, "console")
    output.line("catalog-1", "hello")
    output.close()
    assert stream.getvalue() == "catalog-1        | hello\n"
    assert (tmp_path / "catalog-1.log").read_text().endswith("Z hello\n")


def test_json_output_keeps_the_records_of_the_processes(tmp_path: Path) -> None:
    stream = io.StringIO()
    output = Output(tmp_path, stream, "json")
    output.line("catalog-1", '{"event": "started", "port": 1}')
    output.line("postgres", "LOG:  ready")
    output.close()
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first == {"process": "catalog-1", "event": "started", "port": 1}
    assert (second["process"], second["event"]) == ("postgres", "LOG:  ready")


def test_a_reader_that_went_away_does_not_end_the_mesh(tmp_path: Path) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    output = Output(tmp_path, Closed(), "console")
    output.line("catalog-1", "first")
    output.line("catalog-1", "second")
    output.close()
    assert len((tmp_path / "catalog-1.log").read_text().splitlines()) == 2


@pytest.mark.parametrize("count", [3, 50])
def test_the_tail_holds_at_most_twenty_newest_lines(tmp_path: Path, count: int) -> None:
    output = Output(tmp_path, None, "console")
    for number in range(count):
        output.line("catalog-1", str(number))
    output.close()
    assert output.tail("catalog-1") == tuple(str(n) for n in range(max(0, count - 20), count))
    assert output.tail("nobody") == ()
