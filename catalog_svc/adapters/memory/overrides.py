"""What an administrator edited of the memory adapter's tracks and names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from catalog_svc.domain.catalogue import Access, Album, Artist, Track
from catalog_svc.domain.tags import identity


@dataclass(slots=True)
class MemoryOverrides:
    """By id. Of names, what tags say stands here where something else is shown.

    ``aliases`` lead from the artist of an album (empty: an artist's own) and another folded name by
    which tags find it to its id.
    """

    titles: dict[str, str] = field(default_factory=dict)
    tagged_artists: dict[str, str] = field(default_factory=dict)
    taken_down: set[str] = field(default_factory=set)
    tagged_names: dict[str, str] = field(default_factory=dict)
    tagged_years: dict[str, int] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)

    def exist_for(self, name: Artist | Album) -> bool:
        """Whether anything was edited of an artist or album, which would be lost with it."""
        if isinstance(name, Artist) and name.bio:
            return True
        return name.id in self.taken_down | self.tagged_names.keys() | self.tagged_years.keys()

    def take_down(self, thing_id: str, *, hidden: bool | None) -> None:
        """Note that a thing is taken down, or is not any more."""
        if hidden:
            self.taken_down.add(thing_id)
        elif hidden is not None:
            self.taken_down.discard(thing_id)

    def find(self, scope: str, name: str, names: dict[str, str]) -> str:
        """The id of what tags call so in a scope, by shown ``names`` and aliases; empty: none."""
        key = identity(name)
        found = [thing_id for thing_id, shown in names.items() if identity(shown) == key]
        return found[0] if found else self.aliases.get((scope, key), "")

    def date(self, album_id: str, shown: int, year: int | None) -> int | None:
        """The year that an album shows from now on, 0: the tags'; None where nothing changes."""
        if year is None:
            return None
        tagged = self.tagged_years.pop(album_id, None)
        if year:
            self.tagged_years[album_id] = shown if tagged is None else tagged
        return year or tagged

    def rename(self, scope: str, thing_id: str, shown: str, name: str | None) -> str | None:
        """The name shown from now on, empty: the tags'; None where nothing changes."""
        if name is None:
            return None
        tagged = self.tagged_names.pop(thing_id, None)
        if name:
            self.tagged_names[thing_id] = shown if tagged is None else tagged
            self.aliases.setdefault((scope, identity(shown)), thing_id)
            return name
        self.aliases = {key: one for key, one in self.aliases.items() if one != thing_id}
        return tagged

    def inherit(self, gone: Track, kept: Track) -> Track:
        """Apply to ``kept`` what was edited of ``gone``, its artist excepted."""
        if gone.id in self.titles:
            self.titles.setdefault(kept.id, self.titles[gone.id])
        if gone.id in self.taken_down:
            self.taken_down.add(kept.id)
        return replace(kept, access=Access(max(gone.access, kept.access)))
