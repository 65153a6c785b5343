"""``python -m playlist_svc serve``: one process of the playlist service."""

from __future__ import annotations

import sys

from meshkit.startup import lean_imports

with lean_imports():
    from meshkit.server import configure, run
    from meshkit.settings import load
    from playlist_svc.settings import Settings
    from playlist_svc.wiring import serve


def main() -> None:
    """Serve until SIGTERM; exits 2 on a wrong command line or wrong settings."""
    if sys.argv[1:] != ["serve"]:
        sys.exit("usage: python -m playlist_svc serve")
    settings = load(Settings)
    configure(settings, "playlist")
    run(lambda: serve(settings))


if __name__ == "__main__":
    main()
