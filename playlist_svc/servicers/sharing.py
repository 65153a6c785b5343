"""SharingService on the wire: checks fields, calls the use case, composes the answer."""

from __future__ import annotations

from dataclasses import dataclass

from segue.playlist.v1 import sharing_service_pb2 as pb
from segue.playlist.v1.sharing_service_pb2_grpc import SharingServiceServicer

from meshkit.client_address import client_address
from meshkit.paging import Page
from meshkit.server_context import Context
from playlist_svc.convert import fields, playlists, requests, sharing
from playlist_svc.usecases.sharing.accept_share import AcceptShare
from playlist_svc.usecases.sharing.create_share import CreateShare
from playlist_svc.usecases.sharing.list_collaborators import ListCollaborators
from playlist_svc.usecases.sharing.list_shares import ListShares
from playlist_svc.usecases.sharing.preview_share import PreviewShare
from playlist_svc.usecases.sharing.remove_collaborator import RemoveCollaborator
from playlist_svc.usecases.sharing.revoke_share import RevokeShare
from playlist_svc.usecases.sharing.set_collaborator import SetCollaborator
from playlist_svc.usecases.sharing.transfer_ownership import TransferOwnership
from playlist_svc.usecases.views import Views

_LINK_PATH = "/s/"


@dataclass(frozen=True, slots=True)
class SharingUseCases:
    """What SharingService asks for."""

    set_collaborator: SetCollaborator
    remove_collaborator: RemoveCollaborator
    list_collaborators: ListCollaborators
    transfer_ownership: TransferOwnership
    create_share: CreateShare
    list_shares: ListShares
    revoke_share: RevokeShare
    preview_share: PreviewShare
    accept_share: AcceptShare
    views: Views


class SharingServicer(SharingServiceServicer):
    """Collaborators and links of playlists."""

    def __init__(self, do: SharingUseCases) -> None:
        self._do = do

    async def SetCollaborator(
        self, request: pb.SetCollaboratorRequest, context: Context
    ) -> pb.SetCollaboratorResponse:
        command = requests.command(request)
        user_id = request.user_id
        role = sharing.role_of(request.role)
        member, name = await self._do.set_collaborator(
            command.user_id, command.playlist_id, user_id, role, command.key
        )
        return pb.SetCollaboratorResponse(
            collaborator=sharing.collaborator(member, {user_id: name})
        )

    async def RemoveCollaborator(
        self, request: pb.RemoveCollaboratorRequest, context: Context
    ) -> pb.RemoveCollaboratorResponse:
        command = requests.command(request)
        user_id = request.user_id
        await self._do.remove_collaborator(
            command.user_id, command.playlist_id, user_id, command.key
        )
        return pb.RemoveCollaboratorResponse()

    async def ListCollaborators(
        self, request: pb.ListCollaboratorsRequest, context: Context
    ) -> pb.ListCollaboratorsResponse:
        playlist_id, caller = requests.named(request)
        members = await self._do.list_collaborators(caller, playlist_id)
        return pb.ListCollaboratorsResponse(collaborators=sharing.collaborators(members))

    async def TransferOwnership(
        self, request: pb.TransferOwnershipRequest, context: Context
    ) -> pb.TransferOwnershipResponse:
        command = requests.command(request)
        user_id = request.user_id
        head = await self._do.transfer_ownership(
            command.user_id, command.playlist_id, user_id, command.key
        )
        shown = await self._do.views.shown(head, command.user_id)
        return pb.TransferOwnershipResponse(playlist=playlists.playlist(shown))

    async def CreateShare(
        self, request: pb.CreateShareRequest, context: Context
    ) -> pb.CreateShareResponse:
        command = requests.command(request)
        role = sharing.optional_role_of(request.role)
        made = await self._do.create_share(
            command.user_id, command.playlist_id, role, sharing.lasting_s(request), command.key
        )
        return pb.CreateShareResponse(
            share=sharing.share(made.share, made.made_by),
            code=made.code,
            path=f"{_LINK_PATH}{made.code}" if made.code else "",
        )

    async def ListShares(
        self, request: pb.ListSharesRequest, context: Context
    ) -> pb.ListSharesResponse:
        playlist_id, caller = requests.named(request)
        page = Page.of(request)
        after = fields.numbered_key(page.after)
        listed = await self._do.list_shares(caller, playlist_id, after, page.size + 1)
        shown, token = page.cut(listed.found, lambda one: (one.created_at_ms, one.share_id))
        return pb.ListSharesResponse(
            shares=[sharing.share(one, listed.names.get(one.created_by, "")) for one in shown],
            next_page_token=token,
        )

    async def RevokeShare(
        self, request: pb.RevokeShareRequest, context: Context
    ) -> pb.RevokeShareResponse:
        command = requests.command(request)
        share_id = request.share_id
        await self._do.revoke_share(command.user_id, command.playlist_id, share_id, command.key)
        return pb.RevokeShareResponse()

    async def PreviewShare(
        self, request: pb.PreviewShareRequest, context: Context
    ) -> pb.PreviewShareResponse:
        address = client_address(context.invocation_metadata() or ())
        return sharing.preview(await self._do.preview_share(address, request.code))

    async def AcceptShare(
        self, request: pb.AcceptShareRequest, context: Context
    ) -> pb.AcceptShareResponse:
        caller, key = requests.writer(request)
        shown = await self._do.accept_share(caller, request.code, key)
        return pb.AcceptShareResponse(playlist=playlists.playlist(shown))
