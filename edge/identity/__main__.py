"""``python -m edge.identity serve``."""

from __future__ import annotations

import sys

from meshkit.startup import lean_imports

with lean_imports():
    from edge.identity.adapters.files.signing_keys import SigningKeyError
    from edge.identity.settings import Settings
    from edge.identity.wiring import serve
    from meshkit.http_server import ListenError
    from meshkit.server import configure, run
    from meshkit.settings import load


def main(arguments: list[str]) -> None:
    """Run the role that ``arguments`` name.

    Exits 2 where they or the settings are wrong, 1 where the HTTP port is taken.
    """
    if arguments != ["serve"]:
        print("usage: python -m edge.identity serve", file=sys.stderr)
        sys.exit(2)
    settings = load(Settings)
    configure(settings, "identity")
    try:
        run(lambda: serve(settings))
    except SigningKeyError as error:
        print(f"SEGUE_IDENTITY_SIGNING_KEY_FILE: {error}", file=sys.stderr)
        sys.exit(2)
    except ListenError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
