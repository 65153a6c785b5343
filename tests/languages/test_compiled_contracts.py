"""The contracts compile in the languages that clients are written in."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolchains import JAVA_RUNTIME, run

pytestmark = pytest.mark.timeout(300)


def test_java_compiles_every_message(contracts: Path, names: list[str], tmp_path: Path) -> None:
    run(["protoc", "-I.", f"--java_out={tmp_path}", *names], cwd=contracts)
    sources = tmp_path / "sources"
    sources.write_text("\n".join(str(path) for path in tmp_path.rglob("*.java")))
    # It lives for seconds: what would make it fast in the long run costs more than it saves.
    quick = ["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-proc:none", "-nowarn"]
    # Checked, not written: what would be the classes is of no use here.
    quick.append("-XDshould-stop.ifNoError=ATTR")
    run(["javac", *quick, "-cp", JAVA_RUNTIME, f"@{sources}"], cwd=tmp_path)
    assert (tmp_path / "segue" / "catalog" / "v1" / "Track.java").exists()


def test_cpp_compiles_every_message(contracts: Path, names: list[str], tmp_path: Path) -> None:
    run(["protoc", "-I.", f"--cpp_out={tmp_path}", *names], cwd=contracts)
    includes = [f'#include "{name.removesuffix(".proto")}.pb.h"' for name in names]
    used = "auto title() { return segue::catalog::v1::Track().title(); }"
    (tmp_path / "all.cc").write_text("\n".join([*includes, used, ""]))
    run(["g++", "-std=c++17", "-w", "-fsyntax-only", "-I.", "all.cc"], cwd=tmp_path)


def test_go_compiles_every_message_and_every_call(golang: Path) -> None:
    assert (golang / "gen" / "segue" / "catalog" / "v1" / "catalog_service_grpc.pb.go").exists()
    assert (golang / "programs" / "client").exists()


def test_typescript_compiles_every_message_and_every_call(typescript: Path) -> None:
    written = {path.name for path in typescript.rglob("*.js")}
    assert {"connect.js", "grpc.js", "json.js", "catalog_service_pb.js", "openapi.js"} <= written
