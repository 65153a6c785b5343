"""What an administrator says of the catalogue, over what tags say."""

from __future__ import annotations

from dataclasses import dataclass

from catalog_svc.domain.catalogue import Access, Track
from catalog_svc.domain.tags import identity


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """What shall be other of a track; None: as it is.

    An empty ``title`` or ``artist`` takes an edited one away, so that the tags' is shown again.
    What is ``hidden`` is found, listed and played by nobody until it is not.
    """

    title: str | None = None
    artist: str | None = None
    access: Access | None = None
    hidden: bool | None = None

    def of(self, track: Track) -> TrackEdit:
        """Of this edit what is not so already: a name that is shown is no edited one."""
        return TrackEdit(
            title=None if self.title == track.title else self.title,
            artist=None if self._credits(track) else self.artist,
            access=None if self.access == track.access else self.access,
            hidden=None if self.hidden == track.hidden else self.hidden,
        )

    def _credits(self, track: Track) -> bool:
        """Whether the track is that artist's already, however the name is spelled."""
        return bool(self.artist) and identity(self.artist or "") == identity(track.artist)


NOTHING = TrackEdit()
"""The edit that leaves all as it is."""
