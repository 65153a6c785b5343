"""Which names, addresses and passwords are accepted."""

from __future__ import annotations

import pytest

from edge.identity.domain.users import Password, parse_email, parse_password, parse_username
from meshkit.faults import InvalidArgument


@pytest.mark.parametrize("name", ["ada", "a.b_c-d", "0ne", "x" * 32])
def test_a_username_is_taken_as_it_is(name: str) -> None:
    assert parse_username(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 33,
        "Ada",
        ".ada",
        "_ada",
        "ada lovelace",
        "ada\n",
        "ada\x00",
        "аda",  # noqa: RUF001 - a Cyrillic letter that looks like ours
        "ad\u0430",
        "ada\u200b",
        "ada\u202e",
        "ａｄａ",  # noqa: RUF001 - full-width
    ],
)
def test_what_is_no_username_is_refused_by_field(name: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_username(name)
    assert refused.value.metadata["field"] == "username"


@pytest.mark.parametrize(
    "email",
    ["a@b.co", "Ada.Lovelace+music@Example.org", "o'hara@xn--bcher-kva.example", "1@2.example"],
)
def test_an_email_is_kept_as_typed(email: str) -> None:
    assert parse_email(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "ada@example.123",
        "ada@-example.org",
        "ada@example..org",
        "ada@exa_mple.org",
        ".ada@example.org",
        "ada.@example.org",
        "a..b@example.org",
        "a b@example.org",
        "ada@example.org\n",
        "ada\x00@example.org",
        "ada@example.org, bob@example.org",
        '"ada"@example.org',
        "ada@[127.0.0.1]",
        "ada@exаmple.org",  # noqa: RUF001 - a Cyrillic letter
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + "b." * 126 + "org",
    ],
)
def test_what_is_no_email_is_refused_by_field(email: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_email(email)
    assert refused.value.metadata["field"] == "email"


@pytest.mark.parametrize("password", ["0123456789", "x" * 1024, "correct horse", "пароль-пароль"])
def test_a_password_may_be_anything_of_its_length(password: str) -> None:
    assert parse_password(password).reveal() == password.encode()


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    assert parse_password("cafe\u0301 au lait") == parse_password("caf\u00e9 au lait")


@pytest.mark.parametrize("password", ["", "123456789", "x" * 1025, "long enough\n", "nul\x00" * 5])
def test_a_refused_password_is_not_repeated(password: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_password(password)
    assert refused.value.metadata == {"field": "password"}
    assert not password or password not in str(refused.value)


def test_a_password_shows_itself_nowhere() -> None:
    password = Password("correct horse battery")
    assert "horse" not in f"{password} {password!r} {[password]}"
