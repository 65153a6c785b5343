"""Page sizes are clamped, tokens belong to one request."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segue.catalog.v1.catalog_service_pb2 import ListAlbumTracksRequest, SuggestRequest

from meshkit.faults import PageTokenInvalid
from meshkit.paging import MOST_VALUES, Page, size_of
from tests.contracts.page_tokens import FOREIGN, forged
from tests.unit.meshkit.served_calls import in_call

METHOD = "/segue.Test/List"
KEY = (1_700_000_000_000_000, "01J0")


def page(method: str = METHOD, *, of: str = "album", size: int = 0, token: str = "") -> Page:
    request = ListAlbumTracksRequest(id=of, page_size=size, page_token=token)
    return in_call(method, lambda: Page.of(request))


@pytest.mark.parametrize(
    ("asked", "served"),
    [(0, 50), (1, 1), (500, 500), (501, 500), (2**31 - 1, 500)],
)
def test_a_page_size_is_clamped(asked: int, served: int) -> None:
    assert page(size=asked).size == served


@pytest.mark.parametrize(("asked", "served"), [(0, 8), (20, 20), (21, 20)])
def test_the_contract_of_a_request_says_how_its_size_is_taken(asked: int, served: int) -> None:
    assert size_of(SuggestRequest(page_size=asked)) == served


def test_the_first_page_comes_after_nothing() -> None:
    assert page().after is None


def test_a_token_leads_on_whatever_the_page_size() -> None:
    token = page().next_token(KEY)
    assert page(token=token, size=7).after == KEY


@given(
    st.lists(
        st.integers(-(1 << 63), (1 << 63) - 1) | st.text().filter(lambda text: "\0" not in text),
        max_size=MOST_VALUES,
    )
)
def test_every_sort_key_survives_its_token(values: list[str | int]) -> None:
    token = page().next_token(tuple(values))
    assert page(token=token).after == tuple(values)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_a_key_as_long_as_the_longest_path_survives_its_token() -> None:
    key = ("ff" * 4_096,)
    assert page(token=page().next_token(key)).after == key


BELIEVED = (b"[]", b"[-1]", b'["zz"]', b'["1","1"]', b"[1,1]", b"[1,1,1]", b'[1,1,1,"zz"]')


@pytest.mark.parametrize("body", FOREIGN)
def test_whoever_makes_a_token_says_a_list_of_numbers_and_texts_or_nothing(body: bytes) -> None:
    token = forged(METHOD, ListAlbumTracksRequest(id="album"), body)
    if body in BELIEVED or body.startswith(b"[9223372036854775807"):
        assert page(token=token).after == tuple(json.loads(body))
        return
    with pytest.raises(PageTokenInvalid):
        page(token=token)


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
