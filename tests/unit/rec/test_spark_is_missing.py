"""Where the workers have no Spark, a training with it says what to install."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from rec_svc.adapters.trainers.spark import SparkTrainer
from tests.unit.rec.invented_listeners import invented


def fit() -> None:
    trainer = SparkTrainer()
    trainer.fit(invented().matrix, trainer.tuning.start, 1, lambda _: None)


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"segue\[rec-spark\]"):
        fit()


def test_without_java_the_package_of_debian_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ValueError, match="default-jre-headless"):
        fit()
