"""A background mesh of echo services: ``python -m background_echo`` as localmesh.background."""

from __future__ import annotations

import sys

from echo_mesh import BROKEN, ECHO  # type: ignore[import-not-found]

from localmesh import background

if __name__ == "__main__":
    parts = BROKEN if '"port": 1' in sys.argv[1] else ECHO
    sys.exit(background.main(sys.argv[1:], parts))
