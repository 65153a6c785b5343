"""Generates ``gen/`` from the contracts; ``--check`` says whether what is committed is current.

The options for other languages, which follow from a contract's name, are written into it before.

The google/api and google/rpc files that the contracts import are laid out from the installed
googleapis-common-protos in a folder that is never committed; ``--lay-out`` does that alone.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib.metadata import files
from pathlib import Path

import grpc_tools
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from protos import languages

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GEN = ROOT / "gen"
GOOGLEAPIS = ROOT / ".buf" / "run-make-setup"
NEEDED_GOOGLEAPIS = ("google/api/", "google/rpc/")
# The whole set with its comments, for reflection, generators and the pages of docs/.
DESCRIPTOR_SET = "segue/contracts.binpb"
# Sent as details of every error, and so imported by no contract.
ERROR_DETAILS = ("google/rpc/error_details.proto", "google/rpc/status.proto")


def lay_out_googleapis() -> None:
    """Copies the google/api and google/rpc contracts to where buf and protoc find them."""
    installed = files("googleapis-common-protos")
    if not installed:
        sys.exit("googleapis-common-protos is not installed; run: make setup")
    for entry in installed:
        name = str(entry)
        if name.endswith(".proto") and name.startswith(NEEDED_GOOGLEAPIS):
            target = GOOGLEAPIS / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(entry.locate()), target)


def write_options(*, check: bool) -> None:
    """Writes each contract's options for other languages; ``check``: exits where any is missing."""
    for path in sorted(PROTOS.rglob("*.proto")):
        name, text = path.relative_to(PROTOS).as_posix(), path.read_text()
        wanted = languages.with_options(name, text)
        if wanted != text and check:
            sys.exit(f"{name} lacks its options for other languages; run: make generate")
        if wanted != text:
            path.write_text(wanted)


def run_protoc(out: Path) -> None:
    """Writes messages, stubs, their types and the descriptor set of all contracts to ``out``."""
    contracts = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))
    services = [name for name in contracts if name.endswith("_service.proto")]
    bin_folder = Path(sys.executable).parent
    plugins = [
        f"--plugin=protoc-gen-mypy={bin_folder / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={bin_folder / 'protoc-gen-mypy_grpc'}",
    ]
    described = out / DESCRIPTOR_SET
    described.parent.mkdir(parents=True)
    whole = ["--include_imports", "--include_source_info", f"--descriptor_set_out={described}"]
    runs = [
        [*plugins, f"--python_out={out}", f"--mypy_out=quiet:{out}", *contracts],
        [
            *plugins,
            f"--grpc_python_out={out}",
            f"--mypy_grpc_out=quiet,only_async:{out}",
            *services,
        ],
        [*whole, *contracts, *ERROR_DETAILS],
    ]
    include = [PROTOS, GOOGLEAPIS, Path(grpc_tools.__file__).parent / "_proto"]
    for arguments in runs:
        if protoc.main(["protoc", *(f"-I{folder}" for folder in include), *arguments]) != 0:
            sys.exit("protoc refused the contracts; see its words above")
    keep_own_comments(described)


def keep_own_comments(path: Path) -> None:
    """Takes out of a descriptor set where in their files others' declarations stand."""
    described = FileDescriptorSet.FromString(path.read_bytes())
    for file in described.file:
        if not file.name.startswith("segue/"):
            file.ClearField("source_code_info")
    path.write_bytes(described.SerializeToString(deterministic=True))


def differences(left: Path, right: Path) -> list[str]:
    """Names of files that differ or stand on one side alone, relative to either folder."""
    names = {
        str(path.relative_to(side))
        for side in (left, right)
        for path in side.rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".json"
    }
    return sorted(
        name
        for name in names
        if not (left / name).is_file()
        or not (right / name).is_file()
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def main() -> None:
    """Generates, or checks for drift."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail on drift")
    parser.add_argument("--lay-out", action="store_true", help="only lay out what is imported")
    arguments = parser.parse_args()
    check = arguments.check
    lay_out_googleapis()
    if arguments.lay_out:
        return
    write_options(check=check)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        run_protoc(fresh)
        drift = differences(fresh, GEN)
        if check and drift:
            sys.exit("gen/ is not current; run: make generate\n  " + "\n  ".join(drift))
        if not check and drift:
            shutil.rmtree(GEN, ignore_errors=True)
            shutil.copytree(fresh, GEN)
    print(f"gen/ is current ({len(drift)} files written)" if drift else "gen/ is current")


if __name__ == "__main__":
    main()
