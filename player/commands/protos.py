"""``segue protos``: the contracts, for those who write clients in any language."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from meshkit import contract_files
from player.commands.outcome import CommandFailed, Flag, run
from player.commands.terminal_text import count, say

_BUF_YAML = """\
# Segue's contracts with what they import. `buf build`, `buf lint` and `buf generate` work here.
version: v2
modules:
  - path: .
lint:
  use:
    - STANDARD
    - COMMENTS
  except:
    # Enum values are nested in a message and carry no prefix: JSON users type and read them.
    - ENUM_VALUE_PREFIX
  ignore:
    - google
  ignore_only:
    RPC_RESPONSE_STANDARD_NAME:
      - segue/playlist/v1/transfer_service.proto
breaking:
  use:
    - FILE
"""
_BUF_GEN_YAML = """\
# A template for `buf generate`. The contracts name a package for every language, `segue` its
# prefix; managed mode puts your own before it where a language wants that.
version: v2
managed:
  enabled: true
  disable:
    # What the contracts say stays, but for what `override` names.
    - file_option: csharp_namespace
    - file_option: java_multiple_files
    - file_option: java_outer_classname
    - file_option: java_package
    - file_option: objc_class_prefix
    - file_option: php_metadata_namespace
    - file_option: php_namespace
    - file_option: ruby_package
    - path: google
  override:
    # Go: the module that you generate into, e.g. example/player/gen.
    - file_option: go_package_prefix
      value: gen
inputs:
  # What is of googleapis comes in a package of its own where `include_imports` does not make it:
  # google.golang.org/genproto, for one, and Go takes no second one.
  - directory: .
    exclude_paths:
      - google
plugins:
  # Built into protoc, which must be on the PATH: python, java, cpp, csharp, objc, php, ruby.
  - protoc_builtin: python
    out: gen/python
    include_imports: true
  # Go: go install google.golang.org/protobuf/cmd/protoc-gen-go@latest and
  # google.golang.org/grpc/cmd/protoc-gen-go-grpc@latest; `out` is that module's folder.
  # - local: protoc-gen-go
  #   out: gen
  #   opt: paths=source_relative
  # - local: protoc-gen-go-grpc
  #   out: gen
  #   opt: paths=source_relative
  # TypeScript: npm install @bufbuild/protoc-gen-es; connect-es takes what it writes.
  # - local: protoc-gen-es
  #   out: gen/ts
  #   opt: target=ts
  #   include_imports: true
"""


def protos(
    *,
    out: Annotated[Path | None, Parameter(name="--out")] = None,
    internal: Flag = False,
) -> int:
    """Print the contracts as a descriptor set, or write them as files.

    The set has all comments and imports. It serves `buf curl --schema`, `grpcurl -protoset` and
    every generator: segue protos > segue.binpb

    Parameters
    ----------
    out
        Write the contracts' files to this folder instead, with the few of googleapis that they
        import and a configuration of buf: `buf generate` and protoc work there at once.
    internal
        Also what services alone may call.
    """

    async def work() -> int:
        if out is not None:
            _write_tree(out, internal=internal)
        elif sys.stdout.isatty():
            raise CommandFailed("a descriptor set is no text; say: segue protos > segue.binpb")
        else:
            described = contract_files.descriptor_set(internal=internal)
            sys.stdout.buffer.write(described.SerializeToString(deterministic=True))
        return 0

    return run(work())


def _write_tree(out: Path, *, internal: bool) -> None:
    texts = contract_files.source_tree(internal=internal)
    for name, text in {**texts, "buf.yaml": _BUF_YAML, "buf.gen.yaml": _BUF_GEN_YAML}.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    say(f"{count(len(texts), 'contract')} in {out}; next: cd {out} && buf generate")
