"""What the launcher passes and what the services read are the same settings."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from localmesh.free_ports import PortAllocator
from localmesh.layout import Layout
from localmesh.processes import Parts, ProcessTable
from localmesh.services import SERVICES, Service, replica_counts
from meshkit.settings import ProcessSettings


class FixedPorts(PortAllocator):
    """One port for all: nothing listens in these tests."""

    def held(self, port: int = 0) -> int:
        return port or self.take()

    def take(self) -> int:
        return 20000


def _passed(folder: Path, service: Service) -> set[str]:
    """The settings that reach the first instance of a service, without their prefix."""
    layout = Layout.at(folder)
    layout.create()
    parts = Parts(SERVICES, lambda table: table.layout.run)
    table = ProcessTable(layout, parts, FixedPorts(), 8080, replica_counts([]), "json")
    env = table.spec(table.instances[service.name][0]).env
    return {name.removeprefix(service.prefix) for name in env if name.startswith(service.prefix)}


def _settings(service: Service) -> type[ProcessSettings]:
    module = importlib.import_module(f"{service.module}.settings")
    found: type[ProcessSettings] = getattr(
        module, "WorkerSettings" if service.command == "work" else "Settings"
    )
    return found


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_a_service_knows_every_setting_that_it_is_passed(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What meshes of other tests are told is nothing that the launcher passes.
    for name in [name for name in os.environ if name.startswith("SEGUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEGUE_OTLP_ENDPOINT", "http://collector:4317")
    known = {name.upper() for name in _settings(service).model_fields}
    assert _passed(tmp_path, service) - known == set()


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_a_service_is_passed_every_setting_without_default(
    tmp_path: Path, service: Service
) -> None:
    fields = _settings(service).model_fields.items()
    required = {name.upper() for name, field in fields if field.is_required()}
    assert required - _passed(tmp_path, service) == set()


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_the_prefix_is_the_services_own(service: Service) -> None:
    assert _settings(service).model_config.get("env_prefix") == service.prefix
