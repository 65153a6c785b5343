"""Reading logs: merged by time, chosen by service, followed across rotation."""

from __future__ import annotations

from pathlib import Path

import pytest

from localmesh.faults import CommandRefused
from localmesh.logbook import Follower, log_names, recent_lines
from localmesh.output import LogFile


def _write(folder: Path, name: str, *lines: str) -> None:
    (folder / f"{name}.log").write_text("".join(f"{line}\n" for line in lines))


def test_lines_of_all_processes_are_merged_by_time(tmp_path: Path) -> None:
    _write(tmp_path, "catalog-1", "2026-01-01T00:00:01.000Z a", "2026-01-01T00:00:03.000Z c")
    _write(tmp_path, "postgres", "2026-01-01T00:00:02.000Z b")
    lines = recent_lines(tmp_path, log_names(tmp_path), 2)
    assert [(name, line[-1]) for name, line in lines] == [("postgres", "b"), ("catalog-1", "c")]


def test_a_service_selects_all_its_instances_and_nothing_else(tmp_path: Path) -> None:
    for name in ("catalog-1", "catalog-2", "catalog-worker-1", "envoy"):
        _write(tmp_path, name, "x")
    assert log_names(tmp_path, "catalog") == ("catalog-1", "catalog-2")
    assert log_names(tmp_path, "catalog-2") == ("catalog-2",)
    assert log_names(tmp_path, "envoy") == ("envoy",)


def test_an_unknown_selection_is_refused_with_the_known_names(tmp_path: Path) -> None:
    _write(tmp_path, "envoy", "x")
    with pytest.raises(CommandRefused, match="there are: envoy"):
        log_names(tmp_path, "catalog")


def test_the_rotated_half_is_read_first(tmp_path: Path) -> None:
    (tmp_path / "envoy.log.1").write_text("2026-01-01T00:00:01.000Z old\n")
    _write(tmp_path, "envoy", "2026-01-01T00:00:02.000Z new")
    lines = recent_lines(tmp_path, ("envoy",), 10)
    assert [line.split(" ")[1] for _, line in lines] == ["old", "new"]


def test_following_loses_nothing_at_a_rotation(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "envoy.log", bound_bytes=400)
    log.write("before")
    seen: list[str] = []
    with Follower(tmp_path, "envoy") as follower:
        for number in range(40):
            log.write(f"line {number}")
            rounds = iter((True, True, False))
            followed = follower.follow(keep_on=rounds.__next__, poll_s=0)
            seen.extend(line.split(" ", 1)[1] for _, line in followed)
    log.close()
    assert seen == [f"line {number}" for number in range(40)]
