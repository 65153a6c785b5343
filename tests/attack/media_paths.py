"""Media addresses that were given out, altered; and paths that would lead out of where they are."""

from __future__ import annotations

import random
import string
from urllib.parse import unquote, urlsplit

_ALPHABET = string.ascii_letters + string.digits + "_-."
_OUT = (
    "..",
    "../..",
    "%2e%2e",
    "%2E%2E%2F",
    "..%2f..",
    "..%5c..",
    "..\\..",
    "....//",
    "%252e%252e%252f",
    "..;/",
    "%c0%ae%c0%ae/",
    "%00",
    "/etc/passwd",
    "//etc/passwd",
    "file:///etc/passwd",
    "secrets/capability-keys.json",
    "~root",
    "%uff0e%uff0e",
    ".%00.",
)
NAMES = ("master.m3u8", "manifest.mpd", "128/index.m3u8", "128/init.mp4", "128/1.m4s")


def altered_address(chance: random.Random, stream_url: str) -> str:
    """The path of the address with something of its capability, or of the name, altered.

    Never one that is the same to who reads it.
    """
    given = urlsplit(stream_url).path
    _, _, version, capability, descriptor, *_ = given.split("/")
    while True:
        changed = _altered_capability(chance, capability)
        name = chance.choice(NAMES)
        if unquote(changed) != capability:
            return f"/media/{version}/{changed}/{descriptor}/{name}"


def _altered_capability(chance: random.Random, text: str) -> str:
    fields = text.split(".")
    at = chance.randrange(len(text))
    which = chance.randrange(len(fields))
    before, field, after = fields[:which], fields[which], fields[which + 1 :]
    other = chance.choice(_ALPHABET)
    return chance.choice(
        (
            text[:at] + other + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + other + text[at:],
            ".".join([*before, *after]),
            ".".join([*before, field, field, *after]),
            ".".join([field, *after, *before]),
            ".".join(
                [*fields[:which], _altered_field(chance, fields[which]), *fields[which + 1 :]]
            ),
            text.swapcase(),
            text + "%00",
            "%20" + text,
            text + "=" * chance.randint(1, 3),
            f"{text}.{fields[-1]}",
            fields[-1],
        )
    )


def _altered_field(chance: random.Random, field: str) -> str:
    if field.isdecimal():
        return str(int(field) + chance.choice((1, 60, 10**6, -1, 10**11)))
    return chance.choice(
        (field + "-flac", field[::-1], field.upper(), field.lower(), "0" * 26, "", field * 2)
    )


def traversal(chance: random.Random, stream_url: str) -> str:
    """A path below a good address, or beside it, that tries to lead elsewhere."""
    given = urlsplit(stream_url).path.split("/")
    parts = [*given[:-1], *chance.choice(NAMES).split("/")]
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(3, len(parts))
        parts[at : at + chance.randint(0, 1)] = [chance.choice(_OUT)] * chance.choice((1, 1, 3, 9))
    return "/".join(parts)
