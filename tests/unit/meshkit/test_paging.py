"""Page sizes are clamped, tokens belong to one request."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segue.catalog.v1.catalog_service_pb2 import ListAlbumTracksRequest

from meshkit.faults import InvalidArgument, PageTokenInvalid
from meshkit.paging import DEFAULT_SIZE, MAX_SIZE, Page

METHOD = "/segue.Test/List"
KEY = (1_700_000_000_000_000, "01J0")


def page(method: str = METHOD, *, of: str = "album", size: int = 0, token: str = "") -> Page:
    return Page.of(method, ListAlbumTracksRequest(id=of, page_size=size, page_token=token))


@pytest.mark.parametrize(
    ("asked", "served"),
    [(0, DEFAULT_SIZE), (1, 1), (MAX_SIZE, MAX_SIZE), (MAX_SIZE + 1, MAX_SIZE), (2**31 - 1, 500)],
)
def test_a_page_size_is_clamped(asked: int, served: int) -> None:
    assert page(size=asked).size == served


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        page(size=-1)
    assert [violation.field for violation in caught.value.violations] == ["page_size"]


def test_the_first_page_comes_after_nothing() -> None:
    assert page().after is None


def test_a_token_leads_on_whatever_the_page_size() -> None:
    token = page().next_token(KEY)
    assert page(token=token, size=7).after == KEY


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()))
def test_every_sort_key_survives_its_token(values: list[str | int | float | bool | None]) -> None:
    token = page().next_token(tuple(values))
    assert page(token=token).after == tuple(values)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_a_token_of_another_method_or_request_is_refused() -> None:
    token = page().next_token(KEY)
    with pytest.raises(PageTokenInvalid):
        page("/segue.Test/Other", token=token)
    with pytest.raises(PageTokenInvalid) as caught:
        page(of="another", token=token)
    assert caught.value.reason == "PAGE_TOKEN_INVALID"
    assert [violation.field for violation in caught.value.violations] == ["page_token"]


def test_every_altered_token_is_refused() -> None:
    token = page().next_token(KEY)
    for place, letter in enumerate(token):
        altered = token[:place] + ("B" if letter == "A" else "A") + token[place + 1 :]
        with pytest.raises(PageTokenInvalid):
            page(token=altered)


@given(st.text(min_size=1))
def test_any_foreign_text_is_refused(token: str) -> None:
    with pytest.raises(PageTokenInvalid):
        page(token=token)
