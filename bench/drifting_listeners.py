"""Listeners who were made up, and whose taste drifts: plays with times.

Tracks lie in genres, a few of them known to many (Zipf's law). A listener begins with three genres,
a favourite among them, and each week has one chance in ten to take up another genre in place of the
one listened to least. Plays are of these genres by their weight, of a track by its fame times a
liking of the listener's own; one in twenty is of anything at all. New tracks appear each week.

What it shows: that cutting by time, folding in and taking weights over work on data with times, and
how much a model loses on listeners who change. What it does not show: how good a model is for
people, since taste here is what the generator says, and factors are good at finding just that.
"""

from __future__ import annotations

import numpy as np

from rec_svc.domain.interactions import Heard
from rec_svc.domain.splits import WEEK_MS

GENRES = 40
WEEKS = 12
PLAYS_A_WEEK = 12
DRIFT = 0.1
ANYTHING = 0.05


def drifting(listeners: int, tracks: int, seed: int) -> Heard:
    """Their plays over ``WEEKS`` weeks, the same for the same seed; times begin at 0."""
    rng = np.random.default_rng(seed)
    genre = rng.integers(0, GENRES, tracks)
    fame = 1 / (1 + rng.permutation(tracks)) ** 0.8
    since = rng.choice(WEEKS, size=tracks, p=_mostly_from_the_start())
    of_genre = [np.flatnonzero(genre == one) for one in range(GENRES)]
    tastes = [rng.choice(GENRES, size=3, replace=False) for _ in range(listeners)]
    liking = rng.gamma(2.0, size=(listeners, 64))
    users, heard, times = [], [], []
    for week in range(WEEKS):
        for listener, taste in enumerate(tastes):
            if rng.random() < DRIFT:
                taste[2] = rng.integers(0, GENRES)
                taste[rng.permutation(2)] = taste[:2]
            for _ in range(rng.poisson(PLAYS_A_WEEK)):
                chosen = of_genre[rng.choice(taste, p=(0.5, 0.3, 0.2))]
                if rng.random() < ANYTHING:
                    chosen = of_genre[rng.integers(0, GENRES)]
                known = chosen[since[chosen] <= week]
                chances = fame[known] * liking[listener, known % 64]
                users.append(listener)
                heard.append(rng.choice(known, p=chances / chances.sum()))
                times.append((week + rng.random()) * WEEK_MS)
    return Heard(
        np.array([f"u{user:06}" for user in users], dtype=object),
        np.array([f"t{track:06}" for track in heard], dtype=object),
        np.ones(len(users), np.float32),
        np.array(times, dtype=np.int64),
    )


def _mostly_from_the_start() -> np.ndarray:
    chances = np.full(WEEKS, 0.02)
    chances[0] = 1 - chances[1:].sum()
    return chances
