"""Change what a playlist is called, who sees it and its rule; delete it and bring it back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.faults import InvalidArgument
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import RECOVERABLE_MS, Head
from playlist_svc.domain.refusals import playlist_is_managed
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.access import Access, RoleMissing, granted, unknown
from playlist_svc.usecases.writing import Command, Decide, Edited, Versions, Writer


@dataclass(frozen=True, slots=True)
class Details:
    """What is to be changed; None stays as it is.

    ``public`` says less than ``visibility``: False makes PRIVATE what is PUBLIC, and no more.
    """

    title: str | None = None
    description: str | None = None
    visibility: Visibility | None = None
    public: bool | None = None
    rule: Rule | None = None


class ChangeDetails:
    """Changes details: texts make a version, visibility and rule do not."""

    def __init__(self, writer: Writer, versions: Versions, access: Access) -> None:
        self._writer = writer
        self._versions = versions
        self._access = access

    async def __call__(self, command: Command, details: Details) -> tuple[str, Head]:
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
                writing.change(granted(settled, command.user_id, Role.OWNER))
            return Edited(writing.head.snapshot_id)

        edited, head = await self._writer(command, Role.EDITOR, decide)
        if head is None:
            head = await self._access.visible(command.playlist_id, command.user_id)
        return edited.snapshot_id, head

    async def _describe(self, writing: Writing, command: Command, details: Details) -> None:
        current = await writing.content(writing.head.revision)
        base = await self._versions.base(writing, command.snapshot_id, current)
        target = Content(
            base.title if details.title is None else details.title,
            base.description if details.description is None else details.description,
            base.order,
        )
        sides = (base, target, current)
        content = await self._versions.fitted(writing, sides, command.snapshot_id)
        await self._versions.record(writing, current, content, command.user_id)


def _settled(head: Head, details: Details) -> Head:
    head = replace(head, visibility=_seen_by(head, details))
    if details.rule is not None and details.rule != head.rule:
        # Never evaluated: the next read does it.
        head = replace(head, rule=details.rule, rule_evaluated_at_ms=0)
    return head


def _seen_by(head: Head, details: Details) -> Visibility:
    if details.visibility is not None:
        return details.visibility
    if details.public:
        return Visibility.PUBLIC
    if details.public is False and head.visibility is Visibility.PUBLIC:
        return Visibility.PRIVATE
    return head.visibility


class Deletion:
    """Deletes playlists, and brings them back within 30 days."""

    def __init__(self, writer: Writer, access: Access, clock: Clock) -> None:
        self._writer = writer
        self._access = access
        self._clock = clock

    async def delete(self, command: Command) -> None:
        """Deletes; what the owner deleted already stays so. NotFound, PermissionDenied."""
        user_id = command.user_id

        async def decide(writing: Writing) -> Edited:
            head = _owned(writing.head, user_id)
            if head.deleted_at_ms is None:
                writing.change(replace(head, deleted_at_ms=self._clock()))
            return Edited("")

        await self._written(command, decide)

    async def recover(self, command: Command) -> Head:
        """Brings back what the user owns; a retry gets it as it is now.

        NotFound when it is not the user's, or deleted for too long.
        """
        playlist_id, user_id = command.playlist_id, command.user_id

        async def decide(writing: Writing) -> Edited:
            head = writing.head
            if head.owner_id != user_id:
                raise unknown(playlist_id)
            if head.deleted_at_ms is not None:
                if self._clock() - head.deleted_at_ms > RECOVERABLE_MS:
                    raise unknown(playlist_id)
                writing.change(replace(head, deleted_at_ms=None))
            return Edited("")

        head = await self._written(command, decide)
        return head or await self._access.visible(playlist_id, user_id)

    async def _written(self, command: Command, decide: Decide) -> Head | None:
        """The playlist after it; None where an equal request was answered before."""
        try:
            _, head = await self._writer.write(command.playlist_id, command.key, decide)
        except RoleMissing as missing:
            user_id = command.user_id
            raise await self._access.refusal(missing.head, user_id, missing.role) from None
        return head


def _owned(head: Head, user_id: str) -> Head:
    if head.owner_id != user_id:
        raise RoleMissing(head, Role.OWNER)
    if head.managed_by:
        raise playlist_is_managed()
    return head
