"""Change what a playlist is called, who sees it and its rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.faults import InvalidArgument
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.access import Access, require_role
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer


@dataclass(frozen=True, slots=True)
class DetailChanges:
    """What is to be changed; None stays as it is.

    ``public`` says less than ``visibility``: False makes PRIVATE what is PUBLIC, and no more.
    """

    title: str | None = None
    description: str | None = None
    visibility: Visibility | None = None
    public: bool | None = None
    rule: Rule | None = None


class UpdatePlaylist:
    """Changes details: texts make a version, visibility and rule do not."""

    def __init__(self, writer: Writer, revisions: Revisions, access: Access) -> None:
        self._writer = writer
        self._revisions = revisions
        self._access = access

    async def __call__(self, command: Command, details: DetailChanges) -> tuple[str, Head]:
        """The newest version after the change, and the playlist.

        Raises NotFound, PermissionDenied, InvalidArgument, Aborted (PLAYLIST_CONFLICT).
        """

        async def decide(writing: Writing) -> Edited:
            if details.rule is not None and writing.head.rule is None:
                raise InvalidArgument.field(
                    "playlist.rule", "a playlist that people fill takes none"
                )
            if details.title is not None or details.description is not None:
                await self._describe(writing, command, details)
            settled = _settled(writing.head, details)
            if settled != writing.head:
                writing.change(require_role(settled, command.user_id, Role.OWNER))
            return Edited(writing.head.snapshot_id)

        edited, head = await self._writer(command, Role.EDITOR, decide)
        if head is None:
            head = await self._access.visible(command.playlist_id, command.user_id)
        return edited.snapshot_id, head

    async def _describe(self, writing: Writing, command: Command, details: DetailChanges) -> None:
        current = await writing.content(writing.head.revision)
        base = await self._revisions.base(writing, command.snapshot_id, current)
        target = Content(
            base.title if details.title is None else details.title,
            base.description if details.description is None else details.description,
            base.order,
        )
        sides = (base, target, current)
        content = await self._revisions.merge(writing, sides, command.snapshot_id)
        await self._revisions.record(writing, current, content, command.user_id)


def _settled(head: Head, details: DetailChanges) -> Head:
    head = replace(head, visibility=_seen_by(head, details))
    if details.rule is not None and details.rule != head.rule:
        # Never evaluated: the next read does it.
        head = replace(head, rule=details.rule, rule_evaluated_at_ms=0)
    return head


def _seen_by(head: Head, details: DetailChanges) -> Visibility:
    if details.visibility is not None:
        return details.visibility
    if details.public:
        return Visibility.PUBLIC
    if details.public is False and head.visibility is Visibility.PUBLIC:
        return Visibility.PRIVATE
    return head.visibility
