"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from segue.device.v1 import device_internal_service_pb2_grpc as device_internal
from segue.device.v1 import device_service_pb2_grpc as device_service
from segue.playback.v1.activity_service_pb2_grpc import add_ActivityServiceServicer_to_server
from segue.playback.v1.delivery_internal_service_pb2_grpc import (
    add_DeliveryInternalServiceServicer_to_server,
)
from segue.playback.v1.history_service_pb2_grpc import add_HistoryServiceServicer_to_server
from segue.playback.v1.playback_internal_service_pb2_grpc import (
    add_HistoryInternalServiceServicer_to_server,
)
from segue.playback.v1.playback_service_pb2_grpc import (
    add_HeartbeatServiceServicer_to_server,
    add_PlaybackServiceServicer_to_server,
)
from segue.playback.v1.preferences_service_pb2_grpc import (
    add_PreferencesServiceServicer_to_server,
)

from meshkit.clock import now_ms
from meshkit.feeds import ChangeFeed
from meshkit.leases import Lease, Leases
from meshkit.process import Serving
from meshkit.server import MeshServer
from meshkit.tokens import TokenVerifier
from meshkit.ulids import new_id
from playback_svc.adapters.addresses import SignedAddresses
from playback_svc.adapters.prometheus import PrometheusMeasures, unattributed
from playback_svc.adapters.valkey.events import ValkeyEventBus
from playback_svc.ports.clients import Catalogue, Friends, Plans, Playlists
from playback_svc.ports.deliveries import Deliveries
from playback_svc.ports.events import Event
from playback_svc.ports.mailboxes import Mailboxes
from playback_svc.ports.player_states import PlayerStateStore
from playback_svc.ports.plays import Plays
from playback_svc.ports.positions import PositionStore
from playback_svc.ports.preferences import PreferencesCache
from playback_svc.ports.skips import SkipWindows
from playback_svc.ports.upkeep import Upkeep
from playback_svc.ports.user_snapshots import UserSnapshots
from playback_svc.servicers.activity import ActivityServicer
from playback_svc.servicers.deliveries import DeliveryServicer
from playback_svc.servicers.device_lookup import DeviceLookupServicer
from playback_svc.servicers.device_streams import DeviceStreamCalls
from playback_svc.servicers.devices import DeviceServicer
from playback_svc.servicers.heartbeats import HeartbeatServicer
from playback_svc.servicers.history import HistoryServicer
from playback_svc.servicers.history_internal import HistoryInternalServicer
from playback_svc.servicers.playback import PlaybackServicer
from playback_svc.servicers.preferences import PreferencesServicer
from playback_svc.settings import Settings
from playback_svc.streams.activity_views import ActivityViews
from playback_svc.streams.device_streams import DeviceStreams
from playback_svc.streams.heartbeats import Heartbeats
from playback_svc.streams.live_view import Watchers
from playback_svc.streams.streams import Streams
from playback_svc.usecases import expiry, retention
from playback_svc.usecases.activity import ActivityReader, ListActivity
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander, SessionLookup
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.control import Control, Resume
from playback_svc.usecases.deliveries import CountDeliveries
from playback_svc.usecases.device_reports import DeviceReports
from playback_svc.usecases.directing import Directing
from playback_svc.usecases.expiry import Expire, Sweeper
from playback_svc.usecases.get_playback import GetPlayback
from playback_svc.usecases.history import ListHistory, WatchPlays
from playback_svc.usecases.moving import Moving
from playback_svc.usecases.play import Play
from playback_svc.usecases.preferences import GetPreferences, UpdatePreferences
from playback_svc.usecases.queueing import Queueing
from playback_svc.usecases.registering import Devices
from playback_svc.usecases.retention import Retention
from playback_svc.usecases.skip_allowance import SkipAllowance
from playback_svc.usecases.track_selection import TrackSelection
from playback_svc.usecases.transferring import Transfer


@dataclass(frozen=True, slots=True)
class Parts:
    """What an instance works with: stores, services and keys.

    ``holder`` is its name in the stores, which no other one ever has.
    """

    holder: str
    leases: Leases
    store: PlayerStateStore
    mailboxes: Mailboxes
    upkeep: Upkeep
    plays: Plays
    deliveries: Deliveries
    feed: ChangeFeed
    preferences: PreferencesCache
    others: UserSnapshots
    positions: PositionStore
    events: ValkeyEventBus
    skips: SkipWindows
    catalogue: Catalogue
    playlists: Playlists
    friends: Friends
    plans: Plans
    addresses: SignedAddresses


class StreamRevoker:
    """Refuses the tokens of a revoked sign-in, and ends the streams that it opened before."""

    def __init__(self, tokens: TokenVerifier, streams: Streams) -> None:
        self._tokens = tokens
        self._streams = streams

    def revoke(self, sid: str, forget_at: float) -> None:
        """See ``meshkit.revocations.Revoker``."""
        self._tokens.revoke(sid, forget_at)
        self._streams.revoke(sid)


@dataclass(frozen=True, slots=True)
class Service:
    """The service, put together and not yet serving."""

    streams: Streams
    revoker: StreamRevoker


def assemble(serving: Serving, settings: Settings, parts: Parts) -> Service:
    """Serves the contracts of playback and devices on ``parts``."""
    server, tokens = serving.server, serving.tokens
    cases = use_cases(settings, parts)
    on_devices = device_cases(settings, parts, cases)
    streams = held_streams(settings, parts, cases, on_devices)
    waits = on_devices.waits

    def hear(event: Event) -> None:
        streams.hear(event)
        waits.hear(event)

    def gap() -> None:
        streams.gap()
        waits.gap()

    parts.events.listen(hear, gap)
    playback = PlaybackServicer(
        play=cases.play,
        control=cases.control,
        resume=cases.resume,
        moving=cases.moving,
        queueing=cases.queueing,
        get_playback=cases.get_playback,
        watchers=streams.watchers,
        tokens=tokens,
        addresses=parts.addresses,
    )
    server.add(add_PlaybackServiceServicer_to_server, playback)
    server.add(
        add_HeartbeatServiceServicer_to_server,
        HeartbeatServicer(streams.heartbeats, tokens, now_ms),
    )
    devices = DeviceServicer(
        devices=on_devices.devices,
        directing=on_devices.directing,
        transfer=on_devices.transfer,
        reports=on_devices.reports,
        streams=DeviceStreamCalls(streams.devices, parts.addresses, tokens, now_ms),
        addresses=parts.addresses,
        clock=now_ms,
    )
    server.add(device_service.add_DeviceServiceServicer_to_server, devices)
    lookup = DeviceLookupServicer(on_devices.devices)
    server.add(device_internal.add_DeviceInternalServiceServicer_to_server, lookup)
    server.on_drain(waits.drain)
    deliveries = DeliveryServicer(CountDeliveries(parts.deliveries, now_ms, unattributed))
    server.add(add_DeliveryInternalServiceServicer_to_server, deliveries)
    server.on_drain(deliveries.drain)
    _add_listening(server, parts, cases, streams.activity, tokens)
    server.on_drain(
        lambda: streams.drain(over_s=settings.drain_notice_s, spread_s=settings.drain_spread_s)
    )
    sweeps = Lease(parts.leases, "sweep", holder=parts.holder, ttl_s=expiry.LEASE_S)
    drops = Lease(parts.leases, "forget", holder=parts.holder, ttl_s=retention.LEASE_S)
    sweeper = Sweeper(parts.upkeep, Expire(cases.commander), lease=sweeps, clock=now_ms)
    kept = Retention(parts.upkeep, parts.deliveries, lease=drops, clock=now_ms)
    serving.run(*streams.background, parts.events.run, sweeper.run, kept.run)
    return Service(streams, StreamRevoker(tokens, streams))


def _add_listening(
    server: MeshServer, parts: Parts, cases: UseCases, views: ActivityViews, tokens: TokenVerifier
) -> None:
    """Adds the services of history, preferences and friends' activity."""
    history = HistoryServicer(ListHistory(parts.plays, parts.catalogue))
    server.add(add_HistoryServiceServicer_to_server, history)
    plays = HistoryInternalServicer(WatchPlays(parts.feed), server.streams)
    server.add(add_HistoryInternalServiceServicer_to_server, plays)
    preferences = PreferencesServicer(
        GetPreferences(parts.store, parts.preferences, now_ms),
        UpdatePreferences(cases.commander, parts.preferences),
    )
    server.add(add_PreferencesServiceServicer_to_server, preferences)
    activity = ActivityServicer(ListActivity(parts.friends, cases.activity_reader), views, tokens)
    server.add(add_ActivityServiceServicer_to_server, activity)


@dataclass(frozen=True, slots=True)
class UseCases:
    """The commands of playback, as more than one servicer needs them."""

    commander: Commander
    sessions: SessionLookup
    contexts: Contexts
    selection: TrackSelection
    play: Play
    control: Control
    resume: Resume
    moving: Moving
    queueing: Queueing
    get_playback: GetPlayback
    activity_reader: ActivityReader


def use_cases(settings: Settings, parts: Parts) -> UseCases:
    """The commands of playback on the parts."""
    commander = Commander(parts.store, parts.positions, parts.deliveries, parts.events, now_ms)
    sessions = SessionLookup(parts.store)
    contexts = Contexts(parts.store, parts.catalogue, parts.playlists)
    selection = TrackSelection(parts.catalogue, parts.plans, new_id)
    allowance = SkipAllowance(parts.skips, parts.plans, now_ms)
    # Shuffles music, guards nothing.
    rng, urls_live_s = Random(), settings.urls_live_s  # noqa: S311
    return UseCases(
        commander=commander,
        sessions=sessions,
        contexts=contexts,
        selection=selection,
        play=Play(
            commander, contexts, selection,
            clock=now_ms, new_id=new_id, rng=rng, urls_live_s=urls_live_s,
        ),
        control=Control(commander, sessions),
        resume=Resume(commander, sessions, selection, clock=now_ms, urls_live_s=urls_live_s),
        moving=Moving(
            commander, sessions, contexts, selection, parts.skips, parts.plans,
            new_id=new_id, rng=rng, urls_live_s=urls_live_s,
        ),
        queueing=Queueing(commander, contexts, parts.catalogue, new_id=new_id, rng=rng),
        get_playback=GetPlayback(commander, allowance, now_ms),
        activity_reader=ActivityReader(parts.others, parts.positions, now_ms),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeviceCases:
    """What is done with devices, as more than one servicer needs it."""

    devices: Devices
    waits: CommandWaits
    reports: DeviceReports
    directing: Directing
    transfer: Transfer


def device_cases(settings: Settings, parts: Parts, cases: UseCases) -> DeviceCases:
    """What is done with devices, on the parts and the commands of playback."""
    commander, events = cases.commander, parts.events
    waits = CommandWaits(parts.mailboxes, events, now_ms)
    return DeviceCases(
        devices=Devices(commander, events),
        waits=waits,
        reports=DeviceReports(parts.mailboxes, events, now_ms),
        directing=Directing(
            commander, events, waits,
            play=cases.play, control=cases.control, resume=cases.resume, moving=cases.moving,
            queueing=cases.queueing,
        ),
        transfer=Transfer(
            commander, events, cases.selection,
            clock=now_ms, new_id=new_id, urls_live_s=settings.urls_live_s,
        ),
    )  # fmt: skip


def held_streams(
    settings: Settings, parts: Parts, cases: UseCases, on_devices: DeviceCases
) -> Streams:
    """What holds streams, on the parts."""
    measures, events, commander = PrometheusMeasures(), parts.events, cases.commander
    heartbeats = Heartbeats(
        parts.store, parts.positions, events, commander, measures=measures, clock=now_ms
    )
    devices = DeviceStreams(
        parts.mailboxes, events, events, commander, on_devices.devices, on_devices.reports,
        measures=measures, clock=now_ms, urls_live_s=settings.urls_live_s,
    )  # fmt: skip
    watchers = Watchers(cases.get_playback, parts.others, events, measures=measures, clock=now_ms)
    activity = ActivityViews(
        parts.friends, cases.activity_reader, events, measures=measures, clock=now_ms
    )
    return Streams(heartbeats, devices, watchers, activity)
