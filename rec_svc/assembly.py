"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial

from segue.rec.v1.experiment_service_pb2_grpc import add_ExperimentServiceServicer_to_server
from segue.rec.v1.model_service_pb2_grpc import add_ModelServiceServicer_to_server
from segue.rec.v1.radio_internal_service_pb2_grpc import (
    add_RadioInternalServiceServicer_to_server,
)
from segue.rec.v1.radio_service_pb2_grpc import add_RadioServiceServicer_to_server
from segue.rec.v1.recommendation_service_pb2_grpc import (
    add_RecommendationServiceServicer_to_server,
)
from segue.rec.v1.training_service_pb2_grpc import add_TrainingServiceServicer_to_server

from meshkit.background import regularly
from meshkit.clock import now_ms
from meshkit.notices import Notices
from meshkit.process import Serving
from meshkit.ulids import new_id
from rec_svc.ports.experiments import Experiments, Looks
from rec_svc.ports.exposures import ArmCounts, Exposures, Outcomes
from rec_svc.ports.homes import HomeCopies, Homes
from rec_svc.ports.listening import FavoriteArtists, Listening
from rec_svc.ports.models import ModelArtefacts, Models
from rec_svc.ports.play_orders import PlayOrders
from rec_svc.ports.playlists import Playlists
from rec_svc.ports.radios import Radios
from rec_svc.ports.tracks import Tracks
from rec_svc.ports.trainings import Trainings
from rec_svc.ports.weekly_lists import WeeklyLists
from rec_svc.servicers.experiments import ExperimentServicer, ExperimentUseCases
from rec_svc.servicers.models import ModelServicer
from rec_svc.servicers.radios import RadioInternalServicer, RadioServicer, RadioUseCases
from rec_svc.servicers.recommendations import RecommendationServicer, RecommendationUseCases
from rec_svc.servicers.trainings import TrainingServicer
from rec_svc.settings import Settings
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.experiment import (
    CreateExperiment,
    GetExperiment,
    GetExperimentReport,
    ListExperiments,
    RampExperiment,
    StartExperiment,
    StopExperiment,
)
from rec_svc.usecases.kept_homes import KeptHomes
from rec_svc.usecases.looks import TakeLooks
from rec_svc.usecases.making_home import MakeHome
from rec_svc.usecases.model import PromoteModel, ReadModels, RollbackModel
from rec_svc.usecases.new_tracks import LOOK_EVERY_S as LOOK_FOR_TRACKS_EVERY_S
from rec_svc.usecases.new_tracks import NewTracks
from rec_svc.usecases.popular_chart import REFRESH_S as REFRESH_CHART_S
from rec_svc.usecases.popular_chart import PopularChart
from rec_svc.usecases.radio import DeleteRadio, ListNextTracks, ReadRadios, StartRadio
from rec_svc.usecases.radio_blocks import RadioBlocks
from rec_svc.usecases.radio_internal import ExtendRadio
from rec_svc.usecases.radio_picks import RadioPicks
from rec_svc.usecases.radio_seeds import RadioSeeds
from rec_svc.usecases.recommendation.get_discover_weekly import GetDiscoverWeekly
from rec_svc.usecases.recommendation.get_favorite_artists import GetFavoriteArtists
from rec_svc.usecases.recommendation.get_home import GetHome, HomeStores
from rec_svc.usecases.recommendation.list_playlist_recommendations import (
    ListPlaylistRecommendations,
)
from rec_svc.usecases.recommendation.list_similar_artists import ListSimilarArtists
from rec_svc.usecases.recommendation.list_similar_tracks import ListSimilarTracks
from rec_svc.usecases.recommendation.report_shown import ReportShown
from rec_svc.usecases.recommendation.set_favorite_artists import SetFavoriteArtists
from rec_svc.usecases.recommending import Recommending
from rec_svc.usecases.running_experiments import RefreshedExperiments
from rec_svc.usecases.serving_model import LOOK_EVERY_S as LOOK_FOR_MODEL_EVERY_S
from rec_svc.usecases.serving_model import FollowedModel
from rec_svc.usecases.training import TRAINERS, ReadTrainings, StartTraining
from rec_svc.usecases.weekly_lists import MakeWeeklyList
from rec_svc.usecases.weekly_playlists import PutWeeklyLists


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on."""

    tracks: Tracks
    listening: Listening
    favorites: FavoriteArtists
    weekly_lists: WeeklyLists
    put_weekly_lists: PutWeeklyLists
    homes: Homes
    home_copies: HomeCopies
    playlists: Playlists
    orders: PlayOrders
    radios: Radios
    experiments: Experiments
    looks: Looks
    exposures: Exposures
    outcomes: Outcomes
    arm_counts: ArmCounts
    running: RefreshedExperiments
    models: Models
    artefacts: ModelArtefacts
    serving_model: FollowedModel
    new_tracks: NewTracks
    trainings: Trainings
    training_changes: Notices


def assemble(serving: Serving, settings: Settings, parts: Parts) -> None:
    """Serves the contracts of recommendations on ``parts``."""
    models = ChosenModels(parts.serving_model, parts.models, parts.artefacts, parts.new_tracks)
    _add_experiments(serving, parts, settings.experiment_looks_s)
    _add_recommendations(serving, parts, models)
    _add_radios(serving, parts, models)
    _add_models(serving, parts)


def _add_recommendations(serving: Serving, parts: Parts, models: ChosenModels) -> None:
    """Adds what users are recommended."""
    tracks = parts.tracks
    chance = random.SystemRandom()
    recommending = Recommending(
        tracks,
        parts.listening,
        models,
        parts.running,
        parts.exposures,
        clock=now_ms,
        new_id=new_id,
        chance=chance,
    )
    make_home = MakeHome(
        tracks,
        parts.listening,
        models,
        parts.running,
        clock=now_ms,
        new_id=new_id,
        chance=chance,
    )
    weekly = MakeWeeklyList(
        parts.tracks, parts.listening, parts.weekly_lists, recommending, now_ms, new_id
    )
    cases = RecommendationUseCases(
        get_discover_weekly=GetDiscoverWeekly(
            parts.weekly_lists,
            weekly,
            parts.put_weekly_lists,
            tracks,
            parts.listening,
            parts.exposures,
            now_ms,
        ),
        get_home=_add_home(serving, parts, models, make_home),
        get_favorite_artists=GetFavoriteArtists(parts.listening, tracks),
        set_favorite_artists=SetFavoriteArtists(parts.favorites, tracks),
        list_playlist_recommendations=ListPlaylistRecommendations(parts.orders, recommending),
        list_similar_artists=ListSimilarArtists(tracks, parts.listening, models, parts.running),
        list_similar_tracks=ListSimilarTracks(tracks, recommending),
        report_shown=ReportShown(parts.exposures, now_ms),
    )
    serving.server.add(add_RecommendationServiceServicer_to_server, RecommendationServicer(cases))


def _add_radios(serving: Serving, parts: Parts, models: ChosenModels) -> None:
    """Adds radios, for users and for playback."""
    chance, tracks, radios = random.SystemRandom(), parts.tracks, parts.radios
    blocks = RadioBlocks(
        radios,
        tracks,
        parts.listening,
        RadioPicks(tracks, chance),
        models,
        parts.running,
        parts.exposures,
        clock=now_ms,
        new_id=new_id,
    )
    seeds = RadioSeeds(tracks, parts.listening, parts.orders, chance)
    cases = RadioUseCases(
        start=StartRadio(radios, seeds, clock=now_ms, new_id=new_id),
        read=ReadRadios(radios),
        delete=DeleteRadio(radios),
        list_next_tracks=ListNextTracks(blocks),
    )
    serving.server.add(add_RadioServiceServicer_to_server, RadioServicer(cases))
    internal = RadioInternalServicer(ExtendRadio(blocks))
    serving.server.add(add_RadioInternalServiceServicer_to_server, internal)


def _add_home(serving: Serving, parts: Parts, models: ChosenModels, make: MakeHome) -> GetHome:
    """What shows home, and what keeps the chart for when nothing can be had."""
    kept = KeptHomes(parts.homes, make, models, parts.running, now_ms)
    chart = PopularChart(parts.tracks, parts.listening, now_ms)
    stores = HomeStores(
        parts.home_copies, parts.homes, parts.tracks, parts.listening, parts.exposures
    )
    serving.before_serving(chart.refresh)
    serving.run(partial(regularly, REFRESH_CHART_S, chart.refresh))
    return GetHome(stores, kept, chart, now_ms)


def _add_experiments(serving: Serving, parts: Parts, look_every_s: float) -> None:
    """Adds experiments, and what keeps this instance up to date with them."""
    experiments, refresh = parts.experiments, parts.running.refresh
    cases = ExperimentUseCases(
        create=CreateExperiment(experiments),
        get=GetExperiment(experiments),
        list=ListExperiments(experiments),
        start=StartExperiment(experiments, refresh, now_ms),
        ramp=RampExperiment(experiments, refresh),
        stop=StopExperiment(experiments, refresh, now_ms),
        get_report=GetExperimentReport(experiments, parts.looks, parts.arm_counts, now_ms),
    )
    serving.server.add(add_ExperimentServiceServicer_to_server, ExperimentServicer(cases))
    take_looks = TakeLooks(experiments, parts.looks, parts.arm_counts, now_ms)
    serving.before_serving(refresh)
    serving.run(parts.running.run, partial(regularly, look_every_s, take_looks))


def _add_models(serving: Serving, parts: Parts) -> None:
    """Adds trainings and models, and has this instance follow the model that serves."""
    server, models = serving.server, parts.models
    promote, rollback = PromoteModel(models), RollbackModel(models)
    server.add(
        add_ModelServiceServicer_to_server, ModelServicer(ReadModels(models), promote, rollback)
    )
    start = StartTraining(parts.trainings, TRAINERS)
    read = ReadTrainings(parts.trainings, parts.training_changes)
    training = TrainingServicer(start, read, streams=server.streams)
    server.add(add_TrainingServiceServicer_to_server, training)
    serving.before_serving(parts.serving_model.look)
    serving.run(
        partial(regularly, LOOK_FOR_MODEL_EVERY_S, parts.serving_model.look),
        partial(regularly, LOOK_FOR_TRACKS_EVERY_S, parts.new_tracks.look),
    )
