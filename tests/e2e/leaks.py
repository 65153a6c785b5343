"""Looks for secrets where nobody should find them: in the logs of the mesh."""

from __future__ import annotations

import json

from localmesh.layout import Layout
from tests.running_mesh import RunningMesh


def secrets_of(mesh: RunningMesh) -> set[str]:
    """Everything that no log may hold, by its telling part.

    A token is found by its signature and a capability by its MAC, so that a part of one counts.
    """
    layout = Layout.at(mesh.folder)
    found = {secret.rpartition(".")[2] for secret in mesh.secrets}
    found |= {path.read_text().strip() for path in layout.secrets.glob("*.password")}
    for path in layout.secrets.glob("*-keys.json"):
        found |= set(json.loads(path.read_text())["keys"].values())
    pem = (layout.secrets / "token-signing-key.pem").read_text().splitlines()
    return found | {pem[1]}


def leaks(mesh: RunningMesh) -> list[str]:
    """Log files that hold a secret, each with how the secret begins."""
    layout = Layout.at(mesh.folder)
    logs = [path for path in layout.logs.rglob("*") if path.is_file()]
    assert logs
    texts = {path.name: path.read_text(errors="replace") for path in logs}
    return sorted(
        f"{name}: {secret[:6]}…"
        for name, text in texts.items()
        for secret in secrets_of(mesh)
        if secret in text
    )
