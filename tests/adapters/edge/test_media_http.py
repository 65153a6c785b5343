"""The origin's HTTP: validators, ranges, encodings, refusals, and what it keeps to itself."""

from __future__ import annotations

import gzip
import hashlib
import signal
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from media_origin import SESSION, Origin
from packaged_asset import PackagedAsset, store

from meshkit.capability import CapabilityKeys
from tests.plain_http import PLAIN

SEGMENT = "128/1.m4s"


def reason_of(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Reason and metadata of a Status in JSON."""
    status = answer.json()
    assert set(status) == {"code", "message", "details"}
    info = status["details"][0]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["domain"] == "segue"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return info["reason"], info["metadata"]


def segment_bytes(asset: PackagedAsset) -> bytes:
    """The first segment of the rung 128, from the store."""
    sha256 = asset.descriptor.rungs[0].segments[0].object.sha256.hex()
    return (asset.root / "media" / sha256).read_bytes()


def test_a_segment_is_immutable_and_named_by_its_hash(origin: Origin) -> None:
    answer = origin.get(f"{origin.path()}/{SEGMENT}")
    assert answer.status_code == 200
    assert answer.content == segment_bytes(origin.asset)
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "video/iso.segment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "content-range" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("header", "part", "content_range"),
    [
        ("bytes=0-99", slice(0, 100), "bytes 0-99/{}"),
        ("bytes=100-", slice(100, None), "bytes 100-{last}/{}"),
        ("bytes=-50", slice(-50, None), "bytes {tail}-{last}/{}"),
        ("bytes=0-999999999", slice(0, None), "bytes 0-{last}/{}"),
    ],
)
def test_ranges_are_206(origin: Origin, header: str, part: slice, content_range: str) -> None:
    whole = segment_bytes(origin.asset)
    answer = origin.get(f"{origin.path()}/{SEGMENT}", range=header)
    assert answer.status_code == 206
    assert answer.content == whole[part]
    size = len(whole)
    expected = content_range.format(size, last=size - 1, tail=size - 50)
    assert answer.headers["content-range"] == expected


def test_a_range_beyond_the_end_is_416(origin: Origin) -> None:
    answer = origin.get(f"{origin.path()}/{SEGMENT}", range="bytes=99999999-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(segment_bytes(origin.asset))}"
    assert reason_of(answer) == ("INVALID_FIELD", {"field": "range"})


def test_if_range_and_if_none_match_are_heeded(origin: Origin) -> None:
    path = f"{origin.path()}/{SEGMENT}"
    etag = origin.get(path).headers["etag"]
    assert origin.get(path, range="bytes=0-9", if_range=etag).status_code == 206
    assert origin.get(path, range="bytes=0-9", if_range='"old"').status_code == 200
    unchanged = origin.get(path, if_none_match=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == etag


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("master.m3u8", "application/vnd.apple.mpegurl"),
        ("manifest.mpd", "application/dash+xml"),
        ("128/index.m3u8", "application/vnd.apple.mpegurl"),
        ("128/init.mp4", "audio/mp4"),
        (SEGMENT, "video/iso.segment"),
    ],
)
def test_head_answers_like_get_without_the_bytes(
    origin: Origin, name: str, content_type: str
) -> None:
    url = f"{origin.url}{origin.path()}/{name}"
    with httpx.Client(**PLAIN, headers={"accept-encoding": "identity"}) as client:
        head, got = client.head(url), client.get(url)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == content_type
    for header in ("content-length", "etag"):
        assert head.headers[header] == got.headers[header]


def test_playlists_are_compressed_where_it_is_accepted(origin: Origin) -> None:
    path = f"{origin.path()}/128/index.m3u8"
    plain = origin.get(path, accept_encoding="identity")
    packed = origin.get(path, accept_encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < len(gzip.compress(b"")) + len(plain.content)
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] == plain.headers["etag"]


def test_a_manifest_is_private_and_kept_no_longer_than_its_capability(origin: Origin) -> None:
    answer = origin.get(f"{origin.path(life_s=30)}/master.m3u8")
    policy, _, age = answer.headers["cache-control"].rpartition("=")
    assert policy == "private, max-age"
    assert 0 < int(age) <= 30


def test_a_listener_sees_just_the_granted_rungs(origin: Origin) -> None:
    path = origin.path("128")
    assert "256" not in origin.get(f"{path}/master.m3u8").text
    refused = origin.get(f"{path}/256/1.m4s")
    assert refused.status_code == 404
    assert reason_of(refused) == ("NOT_FOUND", {"resource": "rung", "id": "256"})


@pytest.mark.parametrize("name", ["master.m3u8", "manifest.mpd", "128/index.m3u8", SEGMENT])
def test_an_expired_path_says_so(origin: Origin, name: str) -> None:
    answer = origin.get(f"{origin.path(life_s=-1)}/{name}")
    assert answer.status_code == 403
    assert answer.json()["code"] == 7
    assert "expired" in answer.json()["message"]
    assert reason_of(answer) == ("MEDIA_PATH_EXPIRED", {})


def test_altered_and_foreign_paths_are_refused(origin: Origin) -> None:
    path = origin.path("128")
    foreign = CapabilityKeys("k1", {"k1": b"f" * 32}).mint(
        subject=SESSION, grants=("128",), resource=origin.asset.sha256, expires_at=2**36
    )
    for bad in (
        path.replace(".128.", ".128-flac."),
        path[:-64] + "ab" * 32,
        f"/media/v1/{foreign}/{origin.asset.sha256}",
        f"/media/v1/nonsense/{origin.asset.sha256}",
    ):
        answer = origin.get(f"{bad}/master.m3u8")
        assert answer.status_code == 403
        assert reason_of(answer) == ("MEDIA_PATH_INVALID", {})


@pytest.mark.parametrize("name", ["128/0.m4s", "128/999.m4s", "128/x.m4s", "64/index.m3u8"])
def test_unknown_rungs_and_segments_are_404(origin: Origin, name: str) -> None:
    answer = origin.get(f"{origin.path()}/{name}")
    assert answer.status_code == 404
    assert reason_of(answer)[0] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/", "/media/v1/", "/media/v1/x", "/etc/passwd", "/media/v2/a/b"])
def test_other_paths_are_404_in_json(origin: Origin, path: str) -> None:
    answer = origin.get(path)
    assert answer.status_code == 404
    assert reason_of(answer)[0] == "NOT_FOUND"


def test_paths_cannot_leave_the_store(origin: Origin) -> None:
    for escape in ("..%2f..%2fetc%2fpasswd", "%2e%2e", "..", "a%00b"):
        url = urlsplit(origin.url)
        with socket.create_connection((url.hostname, url.port)) as raw:
            line = (
                f"GET /media/v1/artwork/{escape} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            raw.sendall(line.encode())
            assert b" 404 " in raw.recv(4096).split(b"\r\n")[0]


def test_only_reading_is_served(origin: Origin) -> None:
    answer = httpx.post(f"{origin.url}{origin.path()}/master.m3u8", **PLAIN)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert reason_of(answer)[0] == "UNIMPLEMENTED"


def test_browsers_may_ask_for_ranges_from_any_origin(origin: Origin) -> None:
    answer = httpx.options(
        f"{origin.url}{origin.path()}/{SEGMENT}",
        headers={"origin": "https://any.example", "access-control-request-headers": "range"},
        **PLAIN,
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "range" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("start", "content_type"),
    [(b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")],
)
def test_artwork_is_public_and_typed_by_its_bytes(
    origin: Origin, start: bytes, content_type: str
) -> None:
    cover = start + b"cover" * 100
    sha256 = store(origin.asset.root, "artwork", cover)
    answer = origin.get(f"/media/v1/artwork/{sha256}")
    assert (answer.status_code, answer.content) == (200, cover)
    assert answer.headers["content-type"] == content_type
    assert "immutable" in answer.headers["cache-control"]
    assert origin.get(f"/media/v1/artwork/{'0' * 64}").status_code == 404


def test_damaged_media_are_refused_and_not_sent(origin: Origin) -> None:
    sha256 = origin.asset.descriptor.rungs[1].segments[2].object.sha256.hex()
    file = origin.asset.root / "media" / sha256
    intact = file.read_bytes()
    file.write_bytes(intact[:1000])
    try:
        answer = origin.get(f"{origin.path()}/256/3.m4s")
    finally:
        file.write_bytes(intact)
    assert answer.status_code == 503
    assert reason_of(answer)[0] == "STORE_UNAVAILABLE"
    assert str(origin.asset.root) not in answer.text


def test_delivered_bytes_and_fetch_times_are_measured(fresh_origin: Origin) -> None:
    path = fresh_origin.path()
    size = len(fresh_origin.get(f"{path}/{SEGMENT}").content)
    fresh_origin.get(f"{path}/{SEGMENT}", range="bytes=0-99")
    httpx.head(f"{fresh_origin.url}{path}/{SEGMENT}", **PLAIN)
    text = fresh_origin.get("/metrics").text
    assert f'segue_delivered_bytes_total{{rung="128"}} {float(size + 100)}' in text
    assert 'segue_media_fetch_seconds_count{kind="segment"} 2.0' in text


def test_the_capability_is_never_logged(fresh_origin: Origin) -> None:
    path = fresh_origin.path()
    missing = fresh_origin.asset.descriptor.rungs[0].segments[1].object.sha256.hex()
    file = fresh_origin.asset.root / "media" / missing
    content = file.read_bytes()
    file.write_bytes(b"")
    try:
        assert fresh_origin.get(f"{path}/128/2.m4s").status_code == 503
    finally:
        file.write_bytes(content)
    log = fresh_origin.log.read_text()
    assert "media_request_failed" in log
    assert "/media/v1/***/" in log
    assert path.split("/")[3] not in log


def test_a_draining_origin_is_unhealthy_first_and_ends_well(fresh_origin: Origin) -> None:
    assert fresh_origin.get("/healthz").json() == {"status": "SERVING"}
    fresh_origin.process.send_signal(signal.SIGTERM)
    seen = set()
    while fresh_origin.process.poll() is None:
        try:
            seen.add(fresh_origin.get("/healthz").status_code)
        except httpx.TransportError:
            break
    assert fresh_origin.process.wait(timeout=20) == 0
    assert 503 in seen
