"""The rules of Prometheus in deploy/, by promtool: whether they are rules, and when they ring."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.signals_page import PAGE, ROOT, rows

HERE = Path(__file__).parent
RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yml"))


def promtool(*arguments: str | Path) -> str:
    """What promtool says; fails with its words where it finds something wrong."""
    program = shutil.which("promtool")
    assert program, "promtool is missing; on Debian: apt-get install prometheus"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("rules", RULES, ids=lambda path: path.name)
def test_rules_are_rules(rules: Path) -> None:
    assert "SUCCESS" in promtool("check", "rules", "--lint-fatal", rules)


@pytest.mark.parametrize("tests", sorted(HERE.glob("*.test.yml")), ids=lambda path: path.name)
def test_rules_ring_when_they_should(tests: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", tests)


@pytest.mark.parametrize("rules", RULES, ids=lambda path: path.name)
def test_rules_are_about_series_that_there_are_and_alerts_that_are_told(rules: Path) -> None:
    text = rules.read_text(encoding="utf-8")
    series = set(re.findall(r"\bsegue_\w+[a-z]", text))
    assert series
    assert series <= {row.series.name for row in rows()}
    alerts = re.findall(r"alert: (\w+)", text)
    assert alerts
    assert all(f"**{alert}**" in PAGE for alert in alerts)
