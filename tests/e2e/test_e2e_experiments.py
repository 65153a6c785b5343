"""Experiments from outside: by the command line, and as JSON through the edge."""

from __future__ import annotations

from pathlib import Path

from e2e_album import Tokens
from test_e2e_commands import segue

from tests.running_mesh import RunningMesh


def test_the_command_line_tries_something_from_draft_to_report(
    mesh: RunningMesh, user: str, tmp_path: Path
) -> None:
    def experiment(*words: str) -> str:
        done = segue(mesh.folder, "experiment", *words, "--user", user)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    name, page = f"by-{user}", tmp_path / "report.html"
    arms = ("--arm", "control:50", "--arm", "popular:50:ranking=popularity")
    made = experiment("create", name, "--users", "100", "--layer", user, *arms)
    assert made.startswith(f"{name} is a draft")
    assert experiment("start", name, "10").startswith(f"{name} is running with 10 %")
    assert experiment("ramp", name, "50").startswith(f"{name} is running with 50 %")
    assert name in experiment("list", "--state", "running")
    told = experiment("report", name)
    assert told.startswith(f"{name}: running, 0 of 100 users seen, decided by skip rate")
    assert "popular: undecided yet" in told
    experiment("report", name, "--html", str(page))
    assert "data:image/png;base64," in page.read_text(encoding="utf-8")
    over = experiment("stop", name, "--because", "enough", "--winner", "control")
    assert over.startswith(f"{name} is stopped")
    assert name not in experiment("list", "--state", "running")
    again = segue(mesh.folder, "experiment", "start", name, "10", "--user", user)
    assert again.returncode == 1
    assert "EXPERIMENT_STATE" in again.stderr
    wrong = segue(mesh.folder, "experiment", "create", name, "--users", "9", "--arm", "x")
    assert wrong.returncode == 1
    assert "such as control:50" in wrong.stderr


def test_json_has_the_same_calls_for_administrators_alone(
    mesh: RunningMesh, tokens: Tokens, user: str, free: str
) -> None:
    admin, name = tokens(f"admin-{user}", admin=True), f"json-{user}"
    arms = [
        {"name": "control", "weight_percent": 60},
        {"name": "exploring", "weight_percent": 40, "parameters": {"explore_share": 0.2}},
    ]
    body = {"name": name, "layer": name, "planned_users": 100, "arms": arms}
    assert mesh.call("POST", "/experiments", body, token=free).status == 403
    made = mesh.call("POST", "/experiments", body, token=admin)
    assert made.status == 200
    assert made.body["experiment"]["state"] == "DRAFT"
    assert mesh.call("POST", "/experiments", body, token=admin).status == 409
    refused = mesh.call("POST", "/experiments", body | {"arms": arms[:1]}, token=admin)
    assert refused.status == 400
    started = mesh.call("POST", f"/experiments/{name}/start", {"percent": 5}, token=admin)
    assert (started.body["state"], started.body["percent"]) == ("RUNNING", 5)
    down = mesh.call("POST", f"/experiments/{name}/ramp", {"percent": 4}, token=admin)
    assert down.status == 400
    report = mesh.call("GET", f"/experiments/{name}/report", token=admin).body
    assert report["valid"]
    assert [arm["arm"] for arm in report["arms"]] == ["control", "exploring"]
    over = mesh.call("POST", f"/experiments/{name}/stop", {"winner": "control"}, token=admin)
    assert over.body["state"] == "STOPPED"
    assert mesh.call("GET", f"/experiments/{name}", token=admin).body == over.body
    assert mesh.call("GET", f"/experiments/{name}", token=free).status == 403
