"""The process table: every process of the mesh, its settings and its place in the order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localmesh import postgres, programs, valkey
from localmesh.databases import password_of
from localmesh.discovery import MeshAddresses
from localmesh.endpoints import UNIX, write_endpoints
from localmesh.faults import MeshFault
from localmesh.free_ports import HOST, PortAllocator
from localmesh.keystore import Keystore
from localmesh.layout import Layout
from localmesh.output import LogFormat
from localmesh.postgres import EmbeddedPostgres
from localmesh.python_children import environment_of_child, python_module
from localmesh.readiness import GrpcHealthProbe, HttpProbe, TcpProbe
from localmesh.services import SERVICES, Service
from localmesh.specs import Probe, ProcessSpec
from localmesh.valkey import EmbeddedValkey
from meshkit.credentials import client_credentials, server_credentials

TOKEN_ISSUER = "https://segue.local"  # noqa: S105 - a name, not a secret
EDGE = "envoy"
# Callers learn the addresses of a service when they start; this many may come and go later.
_PLANNED_INSTANCES = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """What a mesh is made of besides its stores: the services, and how the edge's bootstrap is
    written (returns its path).
    """

    services: Mapping[str, Service]
    write_bootstrap: Callable[[ProcessTable], Path]


@dataclass(frozen=True, slots=True)
class Instance:
    """One process of a service and where it listens: ``host:port``, and for HTTP ``unix:/path``."""

    service: Service
    number: int
    grpc: str | None
    http: str | None
    metrics: str

    @property
    def name(self) -> str:
        """Such as ``catalog-1``."""
        return f"{self.service.name}-{self.number}"

    @property
    def address(self) -> str | None:
        """Where its callers reach it."""
        return self.grpc or self.http


class ProcessTable:
    """Which processes there are and how each is run. Does no I/O but for port probes and the
    files that :meth:`write_endpoints` and the specs' own hooks write.
    """

    def __init__(
        self,
        layout: Layout,
        parts: Parts,
        ports: PortAllocator,
        edge_port: int,
        replicas: Mapping[str, int],
        log_format: LogFormat,
        *,
        trace_percent: float = 1.0,
        allow_origins: tuple[str, ...] = (),
    ) -> None:
        self.layout = layout
        self.services = parts.services
        self._write_bootstrap = parts.write_bootstrap
        self._ports = ports
        self._keystore = Keystore(layout.secrets)
        self._log_format = log_format
        self.trace_percent = trace_percent
        self.allow_origins = allow_origins
        self.edge_port = edge_port
        self.admin_socket = layout.reach(layout.run / "envoy-admin.sock")
        self.stats_port = ports.held()
        self.postgres = EmbeddedPostgres(
            layout.postgres,
            layout.reach(postgres.cluster_of(layout.postgres) / postgres.SOCKET).parent,
            self._keystore.password(postgres.SUPERUSER),
            {
                service.database: password_of(self._keystore, service.database)
                for service in self.services.values()
                if service.database is not None
            },
        )
        self.valkey = EmbeddedValkey(
            layout.valkey,
            layout.run / "valkey.conf",
            layout.reach(layout.valkey / valkey.SOCKET),
            self._keystore.password("valkey"),
            {
                name: valkey.ValkeyUser(
                    self._keystore.password(f"valkey-{name}"),
                    service.valkey_keys,
                    service.valkey_channels,
                )
                for name, service in self.services.items()
                if service.valkey_keys
            },
        )
        self.instances: dict[str, list[Instance]] = {name: [] for name in self.services}
        self._planned: dict[str, list[Instance]] = {
            name: [self._new_instance(name, number + 1) for number in range(count)]
            for name, count in self._plan(replicas).items()
        }
        for name, count in replicas.items():
            for _ in range(count):
                self.add_instance(name)

    @property
    def edge_url(self) -> str:
        """The base URL of the edge."""
        return f"http://{HOST}:{self.edge_port}"

    def add_instance(self, name: str) -> Instance:
        """Give a service one more instance, on ports of its own."""
        held, planned = self.instances[name], self._planned[name]
        if len(held) == len(planned):
            planned.append(self._new_instance(name, len(planned) + 1))
        held.append(planned[len(held)])
        return held[-1]

    def _plan(self, replicas: Mapping[str, int]) -> dict[str, int]:
        """How many instances of each service have their ports from the start."""
        called = {target for service in self.services.values() for target in service.targets}
        return {
            name: max(count, _PLANNED_INSTANCES if name in called else 1)
            for name, count in replicas.items()
        }

    def _new_instance(self, name: str, number: int) -> Instance:
        service = self.services[name]
        return Instance(
            service,
            number,
            f"{HOST}:{self._ports.held()}" if service.grpc else None,
            self._socket(f"{name}-{number}") if service.http else None,
            self._address(),
        )

    def drop_instance(self, name: str) -> Instance:
        """Take the newest instance from a service."""
        return self.instances[name].pop()

    def specs(self) -> tuple[ProcessSpec, ...]:
        """Every process of the mesh but the edge, stores first."""
        services = (self.spec(each) for held in self.instances.values() for each in held)
        return (self.postgres.spec(), self.valkey.spec(), *services)

    def spec(self, instance: Instance) -> ProcessSpec:
        """How one instance of a service is run."""
        service = instance.service
        needs = {"postgres"} if service.database else set()
        if service.valkey_keys:
            needs.add("valkey")
        return ProcessSpec(
            name=instance.name,
            role=service.name,
            argv=(*python_module(service.module), service.command),
            env={**inherited_environment(service.prefix), **self._settings(instance)},
            cwd=self.layout.run,
            after=frozenset(needs),
            ready=self._probe(instance),
        )

    def edge_spec(self) -> ProcessSpec:
        """How the edge is run. Writes its bootstrap."""
        bootstrap = self._write_bootstrap(self)
        return ProcessSpec(
            name=EDGE,
            role=EDGE,
            argv=(
                str(programs.envoy()),
                *("-c", str(bootstrap)),
                "--disable-hot-restart",
                *("--concurrency", "1"),
                *("--log-level", "warning"),
                *("--file-flush-interval-msec", "1000"),
            ),
            env=inherited_environment("SEGUE_EDGE_"),
            cwd=self.layout.run,
            # Begun before its upstreams, it would wait for its next round of health checks.
            after=frozenset(s.name for s in self.services.values() if s.grpc or s.http),
            ready=HttpProbe(self.admin_socket, "/ready"),
        )

    def write_endpoints(self) -> None:
        """Tell the edge who serves each cluster now."""
        for name, held in self.instances.items():
            service = self.services[name]
            if service.grpc:
                write_endpoints(self.layout.xds, name, (i.grpc for i in held if i.grpc))
            if service.http:
                addresses = (i.http for i in held if i.http)
                write_endpoints(self.layout.xds, service.http_cluster, addresses)

    def addresses(self, version: str) -> MeshAddresses:
        """Where everything is reached."""
        metrics = {
            each.name: f"http://{each.metrics}/metrics"
            for held in self.instances.values()
            for each in held
        }
        metrics[EDGE] = f"http://{HOST}:{self.stats_port}/stats/prometheus"
        return MeshAddresses(
            edge=self.edge_url,
            services={
                name: tuple(each.address for each in held if each.address)
                for name, held in self.instances.items()
                if self.services[name].grpc or self.services[name].http
            },
            metrics=metrics,
            pid=os.getpid(),
            version=version,
        )

    def _socket(self, instance: str) -> str:
        return f"{UNIX}{self.layout.reach(self.layout.run / f'{instance}.sock')}"

    def _address(self) -> str:
        return f"{HOST}:{self._ports.take()}"

    def _probe(self, instance: Instance) -> Probe:
        if instance.grpc is not None:
            files = client_credentials(self.layout.tls, "cli")
            return GrpcHealthProbe(instance.grpc, instance.service.workload, files)
        if instance.http is not None:
            return HttpProbe(Path(instance.http.removeprefix(UNIX)), "/healthz")
        return TcpProbe(*_parts(instance.metrics))

    def _settings(self, instance: Instance) -> dict[str, str]:
        """The environment by which an instance learns where everything is."""
        service = instance.service
        settings = {
            "INSTANCE": instance.name,
            "LOG_FORMAT": self._log_format,
            "METRICS_LISTEN": instance.metrics,
        }
        settings |= self._certificates(service)
        if instance.grpc is not None:
            settings["LISTEN"] = instance.grpc
            settings["PORT_HELD"] = "true"
        if instance.http is not None:
            settings["HTTP_LISTEN"] = instance.http
        if service.database is not None:
            settings["DATABASE_DSN"] = self.postgres.dsn(service.database)
        if service.valkey_keys:
            settings["VALKEY_URL"] = self.valkey.url(service.name)
        if service.verifies_tokens:
            settings["TOKEN_ISSUER"] = TOKEN_ISSUER
        for target in service.targets:
            settings[f"{target.upper()}_TARGET"] = self._target(target)
        settings |= {name: self._extra(name, instance) for name in service.extra}
        if endpoint := os.environ.get("SEGUE_OTLP_ENDPOINT"):
            settings["OTLP_ENDPOINT"] = endpoint
            settings["TRACE_RATIO"] = f"{self.trace_percent / 100:g}"
        return {service.prefix + name: value for name, value in settings.items()}

    def _certificates(self, service: Service) -> dict[str, str]:
        """What it serves with where it serves over TCP, what it calls with where it calls."""
        serving = server_credentials(self.layout.tls, service.workload)
        calling = client_credentials(self.layout.tls, service.workload)
        settings = {}
        if service.grpc:
            settings["TLS_CERT_FILE"] = str(serving.cert_file)
            settings["TLS_KEY_FILE"] = str(serving.key_file)
        if service.targets:
            settings["TLS_CLIENT_CERT_FILE"] = str(calling.cert_file)
            settings["TLS_CLIENT_KEY_FILE"] = str(calling.key_file)
        if settings:
            settings["TLS_CA_FILE"] = str(calling.ca_file)
        return settings

    def _extra(self, name: str, instance: Instance) -> str:
        match name:
            case "OBJECTS_URL":
                return self.layout.objects.as_uri()
            case "IMPORT_ROOTS":
                # What a caller may name for import; on one's own machine: what one can read.
                return os.environ.get("SEGUE_CATALOG_IMPORT_ROOTS", "/")
            case "WORK_DIR":
                return str(self.layout.work)
            case "INDEX_DIR":
                return str(self.layout.index / instance.name)
            case "SPOOL_DIR":
                return str(self.layout.deliveries)
            case "SIGNING_KEY_FILE":
                return str(self._keystore.token_signing_key())
            case "CAPABILITY_KEYS_FILE":
                return str(self._keystore.mac_keys("capability"))
            case "PUBLIC_URL":
                return self.edge_url
            case _:
                raise ValueError(f"no value is known for {instance.service.prefix}{name}")

    def _target(self, name: str) -> str:
        """All planned addresses: a caller learns its targets once, and instances come and go."""
        planned = self._planned[name]
        return "ipv4:" + ",".join(each.grpc for each in planned if each.grpc)


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def inherited_environment(prefix: str) -> dict[str, str]:
    """The caller's environment for one service: its own settings, no other service's.

    ``PG*`` would change what a database address means, and a proxy must not see the loopback.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(prefix) or not name.startswith(("SEGUE_", "PG"))
    }
    kept["NO_PROXY"] = kept["no_proxy"] = "127.0.0.1,localhost"
    return environment_of_child(kept)


def write_edge_bootstrap(table: ProcessTable) -> Path:
    """Write the bootstrap of Segue's edge; returns its path.

    Raises MeshFault for settings of it that cannot be.
    """
    # Imported here: the edge's configuration is not needed until the stores already start.
    from edge.envoy.bootstrap import EdgeSettings, RateLimit, write_bootstrap
    from edge.envoy.settings import EdgeEnvironment, require_origin
    from meshkit import settings

    layout = table.layout
    files = client_credentials(layout.tls, "edge")
    try:
        chosen = settings.read(EdgeEnvironment)
        origins = (*table.allow_origins, *chosen.allow_origins)
        allowed = [require_origin(origin) for origin in origins]
    except ValueError as error:
        raise MeshFault(str(error)) from error
    return write_bootstrap(
        EdgeSettings(
            port=table.edge_port,
            admin_socket=table.admin_socket,
            stats_port=table.stats_port,
            # Their endpoints are sockets in the mesh's folder.
            http_tls=False,
            run_dir=layout.run,
            xds_dir=layout.xds,
            tls_cert_file=files.cert_file,
            tls_key_file=files.key_file,
            tls_ca_file=files.ca_file,
            token_issuer=TOKEN_ISSUER,
            allow_origins=allowed,
            otlp_endpoint=os.environ.get("SEGUE_OTLP_ENDPOINT"),
            trace_percent=table.trace_percent,
            max_heap_bytes=chosen.max_heap_mib << 20,
            limit_per_address=RateLimit.of(chosen.address_requests_per_s),
            limit_per_user=RateLimit.of(chosen.user_requests_per_s),
        )
    )


SEGUE = Parts(SERVICES, write_edge_bootstrap)
