"""Opens an asset to the holder of a capability: what may be listed, what may be fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from segue.catalog.v1.asset_pb2 import AssetDescriptor, Rung, StoredObject

from edge.media.domain import dash, hls
from edge.media.domain.deliveries import Part
from edge.media.domain.ladder import allowed_rungs, segment_ms
from edge.media.ports.capability_verifier import CapabilityVerifier
from edge.media.ports.denials import Denials
from edge.media.ports.object_store import ObjectMissing
from edge.media.usecases.descriptor_cache import DescriptorCache
from meshkit.capability import CapabilityExpired, CapabilityInvalid
from meshkit.faults import NotFound, PermissionDenied

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)


@dataclass(frozen=True)
class OpenAsset:
    """An asset as one subject may have it, until ``expires_at`` (unix seconds).

    ``sha256`` is the hash of its descriptor; ``denied`` are grants that were taken back, which are
    not among ``grants``.
    """

    subject: str
    expires_at: int
    sha256: str
    descriptor: AssetDescriptor
    grants: tuple[str, ...]
    denied: frozenset[str] = frozenset()

    @cached_property
    def rungs(self) -> list[Rung]:
        """The rungs that are both stored and granted."""
        return allowed_rungs(self.descriptor, self.grants)

    def master_playlist(self) -> str:
        """The HLS master. Raises NotFound when no rung is left."""
        return hls.master_playlist(self._some_rungs())

    def manifest(self) -> str:
        """The DASH MPD. Raises NotFound when no rung is left."""
        return dash.manifest(self.descriptor, self._some_rungs())

    def media_playlist(self, rung: str) -> str:
        """The HLS media playlist of a rung. Raises NotFound."""
        return hls.media_playlist(self.rung(rung))

    def init(self, name: str) -> tuple[StoredObject, Part]:
        """The initialisation segment of a rung. Raises NotFound."""
        rung = self.rung(name)
        return rung.init, Part(self.subject, self.sha256, rung.name, 0, rung.init.size, 0)

    def segment(self, name: str, number: str) -> tuple[StoredObject, Part]:
        """The media segment of a rung; ``number`` as in its path, from 1. Raises NotFound."""
        rung = self.rung(name)
        segments = rung.segments
        if not _NUMBER.fullmatch(number) or int(number) > len(segments):
            raise NotFound(
                "This rung has no such segment.",
                metadata={"resource": "segment", "id": number[:20]},
            )
        stored, at = segments[int(number) - 1].object, int(number)
        heard_ms = segment_ms(rung, at)
        return stored, Part(self.subject, self.sha256, rung.name, at, stored.size, heard_ms)

    def rung(self, name: str) -> Rung:
        """The rung of this name.

        Raises NotFound when it is not stored or not granted, PermissionDenied (MEDIA_PATH_DENIED)
        when it was taken back.
        """
        if name in self.denied:
            raise _denied_error()
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise NotFound(
            "This media path has no such rung.", metadata={"resource": "rung", "id": name[:20]}
        )

    def _some_rungs(self) -> list[Rung]:
        if not self.rungs:
            raise NotFound("This media path has no rung.", metadata={"resource": "rung", "id": ""})
        return self.rungs


class AssetOpener:
    """Checks capabilities before anything is read for them."""

    def __init__(
        self, verifier: CapabilityVerifier, denials: Denials, assets: DescriptorCache
    ) -> None:
        self._verifier = verifier
        self._denials = denials
        self._assets = assets

    async def open(self, capability: str, descriptor: str) -> OpenAsset:
        """The asset of a path's two names.

        Raises PermissionDenied (MEDIA_PATH_EXPIRED, MEDIA_PATH_INVALID or MEDIA_PATH_DENIED),
        NotFound, StoreUnavailable.
        """
        try:
            granted = self._verifier.verify(capability, descriptor)
        except CapabilityExpired:
            raise PermissionDenied(
                "This media path has expired. Resume the playback to get a fresh one.",
                reason="MEDIA_PATH_EXPIRED",
            ) from None
        except CapabilityInvalid:
            raise PermissionDenied(
                "This media path was altered or was not made here. Play again to get a valid one.",
                reason="MEDIA_PATH_INVALID",
            ) from None
        left = self._denials.rungs_left(granted.subject)
        grants = tuple(one for one in granted.grants if left is None or one in left)
        if not grants:
            raise _denied_error()
        try:
            if not _SHA256.fullmatch(descriptor):
                raise ObjectMissing
            asset = await self._assets.get(descriptor)
        except ObjectMissing:
            raise NotFound(
                "The media of this path are gone.",
                metadata={"resource": "descriptor", "id": descriptor[:64]},
            ) from None
        denied = frozenset(granted.grants) - frozenset(grants)
        return OpenAsset(granted.subject, granted.expires_at, descriptor, asset, grants, denied)


def _denied_error() -> PermissionDenied:
    return PermissionDenied(
        "This media path was taken back. Resume the playback, or play again, to get another.",
        reason="MEDIA_PATH_DENIED",
    )
