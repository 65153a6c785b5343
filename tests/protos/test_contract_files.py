"""The contracts as others take them: a descriptor set with comments, and a tree that builds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from segue.mesh.v1 import options_pb2

from meshkit import contract_files, contracts
from player.cli import build

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
INTERNAL = options_pb2.MethodPolicy.Access.INTERNAL


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    with pytest.raises(SystemExit, match="0"):
        build(["protos"])(["protos", "--out", str(folder)])
    return folder


def run(tree: Path, *words: str) -> str:
    """What a program says in the tree; nothing of this repository is in its sight."""
    path = os.pathsep.join((str(tree), os.environ["PATH"]))
    env = {"PATH": path, "HOME": str(tree), "BUF_CACHE_DIR": str(tree / ".cache")}
    done = subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def services_of(described: FileDescriptorSet) -> set[str]:
    return {f"{file.package}.{service.name}" for file in described.file for service in file.service}


def as_declared(file: FileDescriptorProto) -> FileDescriptorProto:
    """A file without what only protoc adds to it: JSON's other spelling of the fields."""
    pending = list(file.message_type)
    fields = list(file.extension)
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        fields += [*message.field, *message.extension]
    for field in fields:
        field.ClearField("json_name")
    file.ClearField("source_code_info")
    return file


def test_the_set_is_complete_in_itself_and_the_same_as_the_code() -> None:
    described = contract_files.descriptor_set(internal=True)
    pool = DescriptorPool()
    for file in described.file:
        pool.Add(file)
    files = {file.name: file for file in described.file}
    for module in contracts.load_all():
        declared = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        written = FileDescriptorProto.FromString(files[declared.name].SerializeToString())
        assert as_declared(written) == as_declared(declared)


def test_the_public_set_has_every_call_that_is_served_outside() -> None:
    public = services_of(contract_files.descriptor_set())
    for service in contracts.services():
        outside = any(c.access != INTERNAL for c in contracts.contracts_of(service))
        assert not outside or service.full_name in public


def test_internal_services_are_told_on_request_alone() -> None:
    names = {file.name for file in contract_files.descriptor_set().file}
    everything = {file.name for file in contract_files.descriptor_set(internal=True).file}
    assert not [name for name in names if name.endswith("_internal_service.proto")]
    assert {module.DESCRIPTOR.name for module in contracts.load_all()} <= everything
    assert names < everything


def test_what_reads_an_error_is_in_the_set() -> None:
    names = {file.name for file in contract_files.descriptor_set().file}
    assert {"google/rpc/error_details.proto", "google/rpc/status.proto"} <= names
    assert "segue/errors/v1/errors.proto" in names


def test_every_call_and_every_field_of_ours_has_its_comment() -> None:
    for file in contract_files.descriptor_set().file:
        if not file.name.startswith("segue/"):
            continue
        said = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
        for number, message in enumerate(file.message_type):
            for place in range(len(message.field)):
                assert said[4, number, 2, place].strip(), message.field[place].name
        for number, service in enumerate(file.service):
            for place in range(len(service.method)):
                assert said[6, number, 2, place].strip(), service.method[place].name


def test_the_contracts_import_two_files_of_googleapis() -> None:
    texts = contract_files.source_tree(internal=True)
    imported = {
        line.split('"')[1]
        for name, text in texts.items()
        if name.startswith("segue/")
        for line in text.splitlines()
        if line.startswith('import "google/') and "google/protobuf/" not in line
    }
    foreign = {name for name in texts if name.startswith("google/")}
    # The file of a playlist is answered as it is, which Envoy knows by this message alone.
    assert imported == {"google/api/annotations.proto", "google/api/httpbody.proto"}
    of_errors = {"google/rpc/error_details.proto", "google/rpc/status.proto"}
    assert foreign == imported | of_errors | {"google/api/http.proto"}


def test_buf_says_what_to_do_in_a_clone_that_was_not_set_up(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    shutil.copyfile(ROOT / "buf.yaml", tmp_path / "buf.yaml")
    built = subprocess.run(
        [BIN / "buf", "build"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert built.returncode != 0
    assert "run-make-setup" in built.stderr


def test_buf_builds_and_lints_the_tree_at_once(tree: Path) -> None:
    buf = str(BIN / "buf")
    run(tree, buf, "build")
    run(tree, buf, "lint")


def test_buf_generates_by_the_template_that_lies_in_the_tree(tree: Path) -> None:
    protoc = tree / "protoc"
    protoc.write_text(f'#!/bin/sh\nexec {sys.executable} -m grpc_tools.protoc "$@"\n')
    protoc.chmod(0o755)
    run(tree, str(BIN / "buf"), "generate")
    generated = {path.name for path in (tree / "gen" / "python").rglob("*_pb2.py")}
    assert {"catalog_service_pb2.py", "http_pb2.py", "errors_pb2.py"} <= generated


def test_plain_protoc_takes_the_tree_with_one_folder_to_look_in(tree: Path) -> None:
    names = [str(path.relative_to(tree)) for path in tree.glob("segue/**/*.proto")]
    out = f"--descriptor_set_out={tree / 'plain.binpb'}"
    run(tree, sys.executable, "-m", "grpc_tools.protoc", "-I.", out, *names)
    plain = FileDescriptorSet.FromString((tree / "plain.binpb").read_bytes())
    assert services_of(plain) == services_of(contract_files.descriptor_set())


def test_the_command_prints_a_set_that_buf_reads(tree: Path) -> None:
    printed = subprocess.run([BIN / "segue", "protos"], capture_output=True, check=True).stdout
    assert FileDescriptorSet.FromString(printed) == contract_files.descriptor_set()
    (tree / "segue.binpb").write_bytes(printed)
    listed = run(tree, str(BIN / "buf"), "ls-files", "segue.binpb")
    assert "segue/catalog/v1/catalog_service.proto" in listed
