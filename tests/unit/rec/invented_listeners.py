"""Listeners who were made up, for tests: they take to tracks of their two favourite genres."""

from __future__ import annotations

import numpy as np

from rec_svc.domain.interactions import Heard, Interactions, interactions

GENRES = 8


def invented(users: int = 120, tracks: int = 160, each: int = 14, seed: int = 7) -> Interactions:
    """The same for the same numbers."""
    rng = np.random.default_rng(seed)
    pairs = [
        (f"u{user:04}", f"t{track:04}")
        for user in range(users)
        for track in _taken(rng, tracks, each)
    ]
    return interactions(heard(pairs))


def heard(pairs: list[tuple[str, str]], weight: float = 1.0, at_ms: int = 0) -> Heard:
    """One event a pair of user and track."""
    users, tracks = zip(*pairs, strict=True)
    return Heard(
        np.array(users, dtype=object),
        np.array(tracks, dtype=object),
        np.full(len(pairs), weight, np.float32),
        np.full(len(pairs), at_ms, np.int64),
    )


def _taken(rng: np.random.Generator, tracks: int, each: int) -> set[int]:
    favourites = rng.choice(GENRES, size=2, replace=False)
    chance = 1 / np.arange(1, tracks // GENRES + 1)
    ranks = rng.choice(len(chance), size=each, p=chance / chance.sum())
    return {int(rank) * GENRES + int(rng.choice(favourites)) for rank in ranks}
