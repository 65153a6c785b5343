"""``python -m rec_svc serve|work``."""

from __future__ import annotations

import os
import sys

from meshkit.startup import lean_imports

if sys.argv[1:] == ["serve"]:
    # What one request computes is over in milliseconds: threads that wait for each other on cores
    # that other requests have make it ten times as long. numpy reads this as it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

with lean_imports():
    from meshkit.server import configure, run
    from meshkit.settings import load
    from rec_svc.settings import Settings, WorkerSettings
    from rec_svc.wiring import serve, work

_ROLES = ("serve", "work")


def main(arguments: list[str]) -> None:
    """Run the role that ``arguments`` name; exits 2 where they or the settings are wrong."""
    if len(arguments) != 1 or arguments[0] not in _ROLES:
        print("usage: python -m rec_svc serve|work", file=sys.stderr)
        sys.exit(2)
    if arguments == ["work"]:
        worker = load(WorkerSettings, Settings)
        configure(worker, "rec")
        run(lambda: work(worker))
        return
    settings = load(Settings, WorkerSettings)
    configure(settings, "rec")
    run(lambda: serve(settings))


if __name__ == "__main__":
    main(sys.argv[1:])
