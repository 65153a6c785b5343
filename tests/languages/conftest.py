"""The contracts as a stranger has them, and the clients that are generated from them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from toolchains import CPP, GO, TYPESCRIPT, run

from meshkit import contract_files
from player.cli import build

# The module of go.mod.
MODULE = "example/player"
# What the clients call, and how the loader of grpc-js shows it: as the contracts write it.
CALLED = [f"segue/{name}_service.proto" for name in ("catalog/v1/catalog", "playback/v1/playback")]
# Why a call failed: what the clients in C++ read of a refusal.
DETAILS = ["google/rpc/error_details.proto", "google/rpc/status.proto"]
LOADED_AS = (
    "--keepCase",
    "--longs=Number",
    "--enums=String",
    "--defaults",
    "--oneofs",
    "--grpcLib=@grpc/grpc-js",
    "--importFileExtension=.js",
)


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `segue protos --out` writes."""
    folder = tmp_path_factory.mktemp("contracts")
    with pytest.raises(SystemExit, match="0"):
        build(["protos"])(["protos", "--out", str(folder)])
    return folder


@pytest.fixture(scope="session")
def names(contracts: Path) -> list[str]:
    """The files of the contracts, ours and what they import."""
    return sorted(str(path.relative_to(contracts)) for path in contracts.rglob("*.proto"))


@pytest.fixture(scope="session")
def typescript(contracts: Path) -> Path:
    """The folder of the compiled clients: by connect-es, by grpc-js, by openapi-typescript."""
    programs, made = TYPESCRIPT / "node_modules" / ".bin", TYPESCRIPT / "build"
    assert programs.is_dir(), "its packages are not laid out; run: make test-languages"
    (made / "gen").mkdir(parents=True, exist_ok=True)
    everything = [path.relative_to(contracts) for path in contracts.rglob("*.proto")]
    es = (f"--es_out={made / 'gen'}", "--es_opt=target=ts,import_extension=js")
    run(["protoc", "-I.", *es, *everything], cwd=contracts, path=programs)
    out = (f"--outDir={made / 'grpc'}", f"--includeDirs={contracts}")
    loader = programs / "proto-loader-gen-types"
    run([loader, *CALLED, *LOADED_AS, *out], cwd=contracts)
    document = contracts / "openapi.json"
    document.write_bytes(contract_files.openapi())
    run([programs / "openapi-typescript", document, "-o", made / "openapi.ts"], cwd=TYPESCRIPT)
    run([programs / "tsc"], cwd=TYPESCRIPT)
    return made / "out"


@pytest.fixture(scope="session")
def golang(contracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what Go makes of the contracts; its programs stand in `programs`."""
    module = tmp_path_factory.mktemp("go")
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(GO / name, module / name)
    shutil.copytree(GO / "client", module / "client")
    template = module / "buf.gen.yaml"
    template.write_text(for_go((contracts / "buf.gen.yaml").read_text()))
    buf = Path(sys.executable).parent / "buf"
    run([buf, "generate", "--template", template, "-o", module], cwd=contracts, path=GO / "bin")
    (module / "programs").mkdir()
    # Without the folder's name in it, the next run finds all of this in Go's cache.
    run(["go", "build", "-trimpath", "-ldflags=-s", "-o", "programs", "./..."], cwd=module)
    return module


def for_go(template: str) -> str:
    """The template of the contracts as its comments say to change it for Go."""
    head, mark, plugins = template.partition("plugins:\n")
    plugins = plugins[
        plugins.index("  # - local: protoc-gen-go\n") : plugins.index("  # TypeScript")
    ]
    head = head.replace("value: gen\n", f"value: {MODULE}/gen\n")
    return head + mark + plugins.replace("  # ", "  ")


@pytest.fixture(scope="session")
def cpp(contracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client in C++, compiled and linked with gRPC."""
    folder = tmp_path_factory.mktemp("cpp")
    files = sorted(needed_by([*CALLED, *DETAILS]))
    plugin = (f"--plugin=protoc-gen-grpc={shutil.which('grpc_cpp_plugin')}",)
    for out in ("cpp", "grpc"):
        run(["protoc", "-I.", *plugin, f"--{out}_out={folder}", *files], cwd=contracts)
    sources = [*folder.rglob("*.pb.cc"), CPP / "client.cc"]

    def compiled(source: Path) -> Path:
        made = folder / f"{source.name}.o"
        run(["g++", "-std=c++17", "-w", "-I.", "-c", source, "-o", made], cwd=folder)
        return made

    with ThreadPoolExecutor(2) as workers:
        objects = list(workers.map(compiled, sources))
    libraries = run(["pkg-config", "--libs", "grpc++", "protobuf"], cwd=folder).split()
    run(["g++", *objects, *libraries, "-o", "client"], cwd=folder)
    return folder / "client"


@pytest.fixture(scope="session")
def grpclib(contracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what grpclib's generator makes of the contracts."""
    folder = tmp_path_factory.mktemp("grpclib")
    out = (f"--python_out={folder}", f"--grpclib_python_out={folder}")
    files = [name for name in sorted(needed_by(CALLED)) if name.startswith("segue/")]
    protoc = (sys.executable, "-m", "grpc_tools.protoc")
    run([*protoc, "-I.", *out, *files], cwd=contracts, path=Path(sys.executable).parent)
    return folder


def needed_by(files: Sequence[str]) -> set[str]:
    """These files of the contracts, and what they import, but for the well-known types."""
    imported = {file.name: file.dependency for file in contract_files.descriptor_set().file}
    wanted: set[str] = set()
    left = list(files)
    while left:
        name = left.pop()
        if name not in wanted and not name.startswith("google/protobuf/"):
            wanted.add(name)
            left += imported[name]
    return wanted
