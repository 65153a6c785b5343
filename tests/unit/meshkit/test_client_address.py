"""Who calls is told apart by what the edge says of them, and by nothing that they say."""

from __future__ import annotations

import pytest

from meshkit.client_address import client_address

SAID = "x-client-address"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("an address", ""),
        ("203.0.113.7, 198.51.100.1", ""),
    ],
)
def test_an_address_is_what_a_household_has(said: str, told: str) -> None:
    assert client_address([(SAID, said)]) == told


def test_other_headers_say_nothing() -> None:
    assert client_address([]) == ""
    forged = [("x-forwarded-for", "198.51.100.1"), ("x-client-address-bin", b"1")]
    assert client_address(forged) == ""
    assert client_address([*forged, (SAID, "203.0.113.7")]) == "203.0.113.7"
