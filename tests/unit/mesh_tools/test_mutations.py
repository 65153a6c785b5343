"""The faults that are planted are small, whole lines, and nowhere but in functions."""

from __future__ import annotations

import ast

import pytest

from tests.planted_faults.mutations import mutations

SOURCE = '''
LIMIT = 3

async def f(a: int, b: bool) -> int:
    """Says 7."""
    if a < LIMIT and not b:
        raise ValueError("ä") if b else TypeError
    await g(a)
    return a + 1
'''


def planted() -> set[tuple[str, str]]:
    return {(each.old.strip(), each.new.strip()) for each in mutations(SOURCE)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if a < LIMIT and not b:", "if (a <= LIMIT) and not b:"),
        ("if a < LIMIT and not b:", "if (a < LIMIT or not b):"),
        ("if a < LIMIT and not b:", "if a < LIMIT and (b):"),
        ('raise ValueError("ä") if b else TypeError', "pass"),
        ("await g(a)", "pass"),
        ("return a + 1", "return (a - 1)"),
        ("return a + 1", "return a + 2"),
    ],
)
def test_signs_branches_and_calls_are_changed(old: str, new: str) -> None:
    assert (old, new) in planted()


def test_every_fault_is_code_and_nothing_outside_of_functions_is_touched() -> None:
    for each in mutations(SOURCE):
        assert SOURCE.count(f"{each.old}\n") == 1
        changed = SOURCE.replace(each.old, each.new)
        assert "LIMIT = 3" in changed
        assert '"""Says 7."""' in changed
        ast.parse(changed)
