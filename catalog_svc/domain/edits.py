"""What an administrator says of the catalogue, over what tags say."""

from __future__ import annotations

from dataclasses import dataclass

from catalog_svc.domain.catalogue import Access, Track


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """What shall be other of a track; None: as it is.

    An empty ``title`` takes an edited one away, so that the tags' is shown again. Who is ``hidden``
    is found, listed and played by nobody until it is not.
    """

    title: str | None = None
    access: Access | None = None
    hidden: bool | None = None

    def of(self, track: Track) -> TrackEdit:
        """Of this edit what is not so already: a title that is shown is no edited one."""
        return TrackEdit(
            title=None if self.title == track.title else self.title,
            access=None if self.access == track.access else self.access,
            hidden=None if self.hidden == track.hidden else self.hidden,
        )


NOTHING = TrackEdit()
"""The edit that leaves all as it is."""
