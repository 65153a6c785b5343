"""Which passwords are guessed first, and which are not."""

from __future__ import annotations

import pytest

from edge.identity.adapters.zxcvbn.common_passwords import common_passwords
from edge.identity.domain.common_passwords import is_common
from edge.identity.domain.users import PASSWORD_LENGTH

COMMONEST = common_passwords()


def test_each_of_the_list_is_common_in_any_case() -> None:
    long_enough = [one for one in COMMONEST if len(one) >= PASSWORD_LENGTH[0]]
    assert len(long_enough) > 1000
    assert all(is_common(one, COMMONEST) for one in long_enough)
    assert all(is_common(one.upper(), COMMONEST) for one in long_enough)


@pytest.mark.parametrize(
    "text",
    [
        "1234567890",
        "qwertyuiop",
        "Password123!",
        "...dragon...",
        "2024Michelle",
        "letmein1letmein1",
        "passwordPASSWORD",
        "aaaaaaaaaa",
        "abcdabcdabcd",
        "abcdefghijkl",
        "9876543210",
        "0987654321",
        "0123456789",
    ],
)
def test_what_is_little_more_than_a_common_one_is_common(text: str) -> None:
    assert is_common(text, COMMONEST)


@pytest.mark.parametrize(
    ("common", "uncommon"),
    [
        # Digits and punctuation as long as the word, and longer.
        ("dragon123456", "dragon1234567"),
        ("..dragon.123", "..dragon.1234"),
        # Four characters again and again, and five.
        ("wxqzwxqzwxqz", "wxqzjwxqzjwxqzj"),
        # A whole number of times, and not.
        ("dragondragon", "dragondragondra"),
    ],
)
def test_where_common_ends(common: str, uncommon: str) -> None:
    assert is_common(common, {"dragon"})
    assert not is_common(uncommon, {"dragon"})


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery",
        "long enough words",
        "7391846205",
        "xK9#mQ2$vL5p",
        "дракон и лестница",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not is_common(text, COMMONEST)
