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
from segue.playback.v1.denial_internal_service_pb2_grpc import (
    add_DenialInternalServiceServicer_to_server,
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
from meshkit.streams import OpenStreams
from meshkit.ulids import new_id
from playback_svc.ports.accounts import ToldPlans
from playback_svc.ports.addresses import Addresses
from playback_svc.ports.clients import Catalogue, Friends, Plans, Playlists
from playback_svc.ports.clock import Clock
from playback_svc.ports.deliveries import Deliveries
from playback_svc.ports.denials import Denials, SignIns
from playback_svc.ports.events import Event, EventBus, EventExchange
from playback_svc.ports.mailboxes import Mailboxes
from playback_svc.ports.metrics import Metrics
from playback_svc.ports.player_states import PlayerStateStore
from playback_svc.ports.plays import Plays
from playback_svc.ports.positions import PositionStore
from playback_svc.ports.preferences import PreferencesCache
from playback_svc.ports.presence import Presence
from playback_svc.ports.radios import Radios
from playback_svc.ports.skips import SkipWindows
from playback_svc.ports.upkeep import Upkeep
from playback_svc.ports.user_snapshots import UserSnapshots
from playback_svc.servicers.activity import ActivityServicer
from playback_svc.servicers.deliveries import DeliveryServicer
from playback_svc.servicers.denial_internal import DenialInternalServicer
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
from playback_svc.streams.playback_views import PlaybackViews
from playback_svc.streams.streams import Streams
from playback_svc.usecases import expiry, retention
from playback_svc.usecases.activity import ActivityReader, ListActivity
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander, SessionLookup
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.delivery_internal import ReportDeliveries
from playback_svc.usecases.denial_internal import WatchDenials
from playback_svc.usecases.device.get_command import GetCommand
from playback_svc.usecases.device.get_device import GetDevice
from playback_svc.usecases.device.list_commands import ListCommands
from playback_svc.usecases.device.list_devices import ListDevices
from playback_svc.usecases.device.register_device import RegisterDevice
from playback_svc.usecases.device.remove_device import RemoveDevice
from playback_svc.usecases.device.report_applied import ReportApplied
from playback_svc.usecases.device.send_command import SendCommand
from playback_svc.usecases.device.transfer import Transfer
from playback_svc.usecases.device.update_device import UpdateDevice
from playback_svc.usecases.device_cases import DeviceCases
from playback_svc.usecases.device_internal import LookupDevice
from playback_svc.usecases.expiry import Expire, Sweeper
from playback_svc.usecases.history import ListHistory
from playback_svc.usecases.history_internal import WatchPlays
from playback_svc.usecases.next_track import NextTrack
from playback_svc.usecases.open_mailbox import OpenMailbox
from playback_svc.usecases.playback.add_to_queue import AddToQueue
from playback_svc.usecases.playback.advance import Advance
from playback_svc.usecases.playback.edit_queue import EditQueue
from playback_svc.usecases.playback.get_playback import GetPlayback
from playback_svc.usecases.playback.get_queue import GetQueue
from playback_svc.usecases.playback.move_in_queue import MoveInQueue
from playback_svc.usecases.playback.pause import Pause
from playback_svc.usecases.playback.play import Play
from playback_svc.usecases.playback.previous import Previous
from playback_svc.usecases.playback.remove_from_queue import RemoveFromQueue
from playback_svc.usecases.playback.resume import Resume
from playback_svc.usecases.playback.seek import Seek
from playback_svc.usecases.playback.set_repeat import SetRepeat
from playback_svc.usecases.playback.set_shuffle import SetShuffle
from playback_svc.usecases.playback.skip import Skip
from playback_svc.usecases.playback.stop import Stop
from playback_svc.usecases.playback_cases import PlaybackCases
from playback_svc.usecases.preferences import GetPreferences, UpdatePreferences
from playback_svc.usecases.queue_editor import QueueEditor
from playback_svc.usecases.radio_refill import RadioRefill
from playback_svc.usecases.retention import Retention
from playback_svc.usecases.skip_allowance import SkipAllowance
from playback_svc.usecases.skip_count import CountedCommands
from playback_svc.usecases.taking_back import TakeBack
from playback_svc.usecases.target import TargetedCommands
from playback_svc.usecases.track_selection import TrackSelection


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
    denials: Denials
    sign_ins: SignIns
    told_plans: ToldPlans
    feed: ChangeFeed
    preferences: PreferencesCache
    snapshots: UserSnapshots
    positions: PositionStore
    events: EventExchange
    presence: Presence
    skips: SkipWindows
    catalogue: Catalogue
    playlists: Playlists
    radios: Radios
    friends: Friends
    plans: Plans
    addresses: Addresses
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Ongoing:
    """What goes on beside the calls: streams that are held, and radios that are refilled."""

    streams: Streams
    refill: RadioRefill


def assemble(serving: Serving, settings: Settings, parts: Parts) -> Ongoing:
    """Serves the contracts of playback and devices on ``parts``."""
    server = serving.server
    cases = use_cases(settings, parts)
    waits = CommandWaits(parts.mailboxes, parts.events, now_ms)
    on_devices = device_cases(
        cases,
        parts.mailboxes,
        waits,
        parts.presence,
        parts.events,
        clock=now_ms,
        urls_live_s=settings.urls_live_s,
    )
    streams = held_streams(settings, parts, cases, on_devices, server.streams)

    def handle_event(event: Event) -> None:
        streams.handle_event(event)
        waits.handle_event(event)

    def handle_gap() -> None:
        streams.handle_gap()
        waits.handle_gap()

    parts.events.listen(handle_event, handle_gap)
    playback = PlaybackServicer(
        cases=cases.playback,
        playback_views=streams.playback_views,
        addresses=parts.addresses,
    )
    server.add(add_PlaybackServiceServicer_to_server, playback)
    server.add(
        add_HeartbeatServiceServicer_to_server,
        HeartbeatServicer(streams.heartbeats, server.streams, now_ms),
    )
    devices = DeviceServicer(
        cases=on_devices,
        streams=DeviceStreamCalls(streams.devices, parts.addresses, server.streams, now_ms),
        addresses=parts.addresses,
        clock=now_ms,
    )
    server.add(device_service.add_DeviceServiceServicer_to_server, devices)
    lookup = DeviceLookupServicer(LookupDevice(cases.commander))
    server.add(device_internal.add_DeviceInternalServiceServicer_to_server, lookup)
    server.on_drain(waits.drain)
    server.on_drain(cases.refill.drain)
    deliveries = DeliveryServicer(ReportDeliveries(parts.deliveries, parts.metrics, now_ms))
    server.add(add_DeliveryInternalServiceServicer_to_server, deliveries)
    server.on_drain(deliveries.drain)
    denials = DenialInternalServicer(
        WatchDenials(parts.feed, parts.denials, now_ms), server.streams
    )
    server.add(add_DenialInternalServiceServicer_to_server, denials)
    _add_listening(server, parts, cases, streams.activity)
    sweeps = Lease(parts.leases, "sweep", holder=parts.holder, ttl_s=expiry.LEASE_S)
    drops = Lease(parts.leases, "forget", holder=parts.holder, ttl_s=retention.LEASE_S)
    sweeper = Sweeper(parts.upkeep, Expire(cases.commander), lease=sweeps, clock=now_ms)
    kept = Retention(parts.upkeep, parts.deliveries, lease=drops, clock=now_ms)
    serving.run(*streams.background, parts.events.run, sweeper.run, kept.run)
    return Ongoing(streams, cases.refill)


def take_back(parts: Parts) -> TakeBack:
    """What takes back the paths of those who signed out, or whose plan changed."""
    commander = Commander(parts.store, parts.positions, parts.deliveries, parts.events, now_ms)
    return TakeBack(commander, parts.sign_ins, parts.plans, parts.told_plans)


def _add_listening(server: MeshServer, parts: Parts, cases: UseCases, views: ActivityViews) -> None:
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
    activity = ActivityServicer(ListActivity(parts.friends, cases.activity_reader), views)
    server.add(add_ActivityServiceServicer_to_server, activity)


@dataclass(frozen=True, slots=True)
class UseCases:
    """The commands of playback, and what devices and streams share with them."""

    commander: Commander
    selection: TrackSelection
    playback: PlaybackCases
    activity_reader: ActivityReader
    refill: RadioRefill


def use_cases(settings: Settings, parts: Parts) -> UseCases:
    """The commands of playback on the parts."""
    commander = Commander(parts.store, parts.positions, parts.deliveries, parts.events, now_ms)
    contexts = Contexts(parts.store, parts.catalogue, parts.playlists, parts.radios)
    refill = RadioRefill(commander, contexts, parts.radios, parts.plays, new_id)
    commander.after_commit(refill.begin)
    playback = playback_cases(
        commander,
        parts.store,
        contexts,
        refill,
        catalogue=parts.catalogue,
        plans=parts.plans,
        skips=parts.skips,
        clock=now_ms,
        rng=Random(),  # noqa: S311  Shuffles music, guards nothing.
        urls_live_s=settings.urls_live_s,
    )
    selection = TrackSelection(parts.catalogue, parts.plans, new_id)
    reader = ActivityReader(parts.snapshots, parts.positions, now_ms)
    return UseCases(commander, selection, playback, reader, refill)


def playback_cases(
    commander: Commander,
    store: PlayerStateStore,
    contexts: Contexts,
    refill: RadioRefill,
    *,
    catalogue: Catalogue,
    plans: Plans,
    skips: SkipWindows,
    clock: Clock,
    rng: Random,
    urls_live_s: int,
) -> PlaybackCases:
    """The calls of PlaybackService."""
    sessions = SessionLookup(store)
    selection = TrackSelection(catalogue, plans, new_id)
    targeted = TargetedCommands(commander, sessions)
    counted = CountedCommands(commander, skips, plans)
    following = NextTrack(
        contexts, selection, refill, new_id=new_id, rng=rng, urls_live_s=urls_live_s
    )
    editor = QueueEditor(commander)
    return PlaybackCases(
        play=Play(
            commander, contexts, selection,
            clock=clock, new_id=new_id, rng=rng, urls_live_s=urls_live_s,
        ),
        pause=Pause(targeted),
        resume=Resume(targeted, selection, clock=clock, urls_live_s=urls_live_s),
        seek=Seek(targeted),
        stop=Stop(commander, sessions),
        get_playback=GetPlayback(
            commander, SkipAllowance(skips, plans, clock), clock
        ),
        skip=Skip(counted, following),
        previous=Previous(targeted, contexts, selection, following),
        advance=Advance(counted, sessions, following),
        set_shuffle=SetShuffle(commander, contexts, new_id=new_id, rng=rng),
        set_repeat=SetRepeat(commander),
        get_queue=GetQueue(commander, contexts, catalogue),
        edit_queue=EditQueue(editor, catalogue, new_id=new_id),
        add_to_queue=AddToQueue(commander, catalogue, new_id=new_id),
        remove_from_queue=RemoveFromQueue(editor),
        move_in_queue=MoveInQueue(editor),
    )  # fmt: skip


def device_cases(
    cases: UseCases,
    mailboxes: Mailboxes,
    waits: CommandWaits,
    presence: Presence,
    events: EventBus,
    *,
    clock: Clock,
    urls_live_s: int,
) -> DeviceCases:
    """The calls of DeviceService."""
    commander = cases.commander
    return DeviceCases(
        register_device=RegisterDevice(commander, presence),
        list_devices=ListDevices(commander, presence),
        get_device=GetDevice(commander, presence),
        update_device=UpdateDevice(commander, presence),
        remove_device=RemoveDevice(commander),
        send_command=SendCommand(commander, presence, waits, cases.playback),
        list_commands=ListCommands(commander, waits),
        get_command=GetCommand(commander, waits),
        transfer=Transfer(
            commander, presence, cases.selection,
            clock=clock, new_id=new_id, urls_live_s=urls_live_s,
        ),
        report_applied=ReportApplied(mailboxes, events, clock),
    )  # fmt: skip


def held_streams(
    settings: Settings,
    parts: Parts,
    cases: UseCases,
    on_devices: DeviceCases,
    streams: OpenStreams,
) -> Streams:
    """What holds streams, on the parts."""
    metrics, events, commander = parts.metrics, parts.events, cases.commander
    heartbeats = Heartbeats(
        parts.store,
        parts.positions,
        events,
        commander,
        streams=streams,
        metrics=metrics,
        clock=now_ms,
    )
    devices = DeviceStreams(
        parts.mailboxes, events, parts.presence, commander,
        register_device=on_devices.register_device,
        open_mailbox=OpenMailbox(parts.mailboxes, events, now_ms),
        report_applied=on_devices.report_applied,
        streams=streams, metrics=metrics, clock=now_ms, urls_live_s=settings.urls_live_s,
    )  # fmt: skip
    playback_views = PlaybackViews(
        cases.playback.get_playback,
        parts.snapshots,
        events,
        streams=streams,
        metrics=metrics,
        clock=now_ms,
    )
    activity = ActivityViews(
        parts.friends,
        cases.activity_reader,
        events,
        streams=streams,
        metrics=metrics,
        clock=now_ms,
    )
    return Streams(heartbeats, devices, playback_views, activity)
