"""PreferencesService on the wire."""

from __future__ import annotations

from segue.playback.v1 import preferences_service_pb2 as pb
from segue.playback.v1.preferences_service_pb2_grpc import PreferencesServiceServicer

from meshkit.faults import InvalidArgument
from meshkit.idempotency import request_key
from meshkit.principal import current_principal
from meshkit.server_context import Context
from playback_svc.domain.preferences import BitratePreference, Preferences
from playback_svc.usecases.preferences import GetPreferences, PreferencesPatch, UpdatePreferences

_BITRATES = {
    preference: pb.Preferences.Bitrate.Value(preference.value) for preference in BitratePreference
}
_BITRATES_ASKED = {number: preference for preference, number in _BITRATES.items()}


class PreferencesServicer(PreferencesServiceServicer):
    """Preferences of the calling user."""

    def __init__(self, get: GetPreferences, update: UpdatePreferences) -> None:
        self._get = get
        self._update = update

    async def GetPreferences(
        self, request: pb.GetPreferencesRequest, context: Context
    ) -> pb.GetPreferencesResponse:
        preferences = await self._get(current_principal().user_id)
        return pb.GetPreferencesResponse(preferences=_told(preferences))

    async def UpdatePreferences(
        self, request: pb.UpdatePreferencesRequest, context: Context
    ) -> pb.UpdatePreferencesResponse:
        user_id = current_principal().user_id
        key = request_key(request)
        based_on = request.based_on_version if request.HasField("based_on_version") else None
        preferences = await self._update(user_id, _patch(request.preferences), key, based_on)
        return pb.UpdatePreferencesResponse(preferences=_told(preferences))


def _patch(given: pb.Preferences) -> PreferencesPatch:
    """What is asked for; the version is not. Raises InvalidArgument for an unknown bitrate."""
    bitrate = None
    if given.bitrate_pref != pb.Preferences.BITRATE_UNSPECIFIED:
        bitrate = _BITRATES_ASKED.get(given.bitrate_pref)
        if bitrate is None:
            known = ", ".join(BitratePreference)
            raise InvalidArgument.field("preferences.bitrate_pref", f"must be one of {known}")
    return PreferencesPatch(
        bitrate=bitrate,
        offline_enabled=given.offline_enabled if given.HasField("offline_enabled") else None,
        normalize=given.normalize if given.HasField("normalize") else None,
        private_session=given.private_session if given.HasField("private_session") else None,
        share_activity=given.share_activity if given.HasField("share_activity") else None,
    )


def _told(preferences: Preferences) -> pb.Preferences:
    return pb.Preferences(
        bitrate_pref=_BITRATES[preferences.bitrate],
        offline_enabled=preferences.offline_enabled,
        normalize=preferences.normalize,
        private_session=preferences.private_session,
        share_activity=preferences.share_activity,
        version=preferences.version,
    )
