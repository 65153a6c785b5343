"""What the contracts say to the generators of other languages: one file option each.

They follow from a file's name and package, so they are written here and nowhere else; ``segue`` is
the prefix in every language, and no domain stands before it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_HEAD = re.compile(r"^(?:package|import) [^;]+;\n", re.MULTILINE)


def options_of(name: str) -> dict[str, str]:
    """The file options of a contract by its path, e.g. "segue/catalog/v1/catalog.proto".

    The values are as protoc reads them: "true" is a flag, all else a text.
    """
    path = PurePosixPath(name)
    parts = path.parent.parts
    words = [part.capitalize() for part in parts]
    return {
        "csharp_namespace": ".".join(words),
        "go_package": f"{path.parent};{''.join(parts[1:])}",
        "java_multiple_files": "true",
        "java_outer_classname": f"{''.join(map(str.capitalize, path.stem.split('_')))}Proto",
        "java_package": ".".join(parts),
        "objc_class_prefix": "".join(words),
        "php_metadata_namespace": "\\".join([*words, "GPBMetadata"]),
        "php_namespace": "\\".join(words),
        "ruby_package": "::".join(words),
        "swift_prefix": "".join(words),
    }


def with_options(name: str, text: str) -> str:
    """The text of a contract with its options after package and imports."""
    options = options_of(name)
    written = re.compile(rf"^option (?:{'|'.join(options)}) = .*;\n", re.MULTILINE)
    bare = re.sub(r"\n{3,}", "\n\n", written.sub("", text))
    end = max(match.end() for match in _HEAD.finditer(bare))
    lines = [f"option {key} = {_literal(value)};\n" for key, value in options.items()]
    return f"{bare[:end]}\n{''.join(lines)}{bare[end:]}"


def _literal(value: str) -> str:
    return value if value == "true" else '"' + value.replace("\\", "\\\\") + '"'
