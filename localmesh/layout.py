"""Where everything of a mesh lies under its one folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from localmesh.faults import MeshFault

ENVIRONMENT_VARIABLE = "SEGUE_DIR"
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the final zero included.
_SOCKET_PATH_BYTES = 103
# Of the part of any socket's path that stands below the root.
_LONGEST_SOCKET_BYTES = 64


def default_folder() -> Path:
    """SEGUE_DIR when it is set, else the platform's folder for a user's data."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("segue", appauthor=False))


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below ``root``, which is absolute and open to its owner alone (0700)."""

    root: Path

    @classmethod
    def at(cls, folder: Path | None) -> Layout:
        """The layout of ``folder``, or of :func:`default_folder`."""
        return cls((folder or default_folder()).expanduser().resolve())

    @property
    def addresses(self) -> Path:
        """Addresses of the running mesh; there only while all of it is ready."""
        return self.root / "mesh.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.root / "mesh.lock"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What a start writes and the next start may overwrite."""
        return self.root / "run"

    @property
    def xds(self) -> Path:
        """Endpoint files that the edge watches."""
        return self.run / "xds"

    @property
    def children(self) -> Path:
        """Process groups of the running children, for the watchdog."""
        return self.run / "children.json"

    @property
    def tls(self) -> Path:
        """The authority and a certificate for each workload."""
        return self.root / "tls"

    @property
    def secrets(self) -> Path:
        """Passwords and signing keys."""
        return self.root / "secrets"

    @property
    def postgres(self) -> Path:
        """The database cluster."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """The append-only file of Valkey."""
        return self.root / "valkey"

    @property
    def objects(self) -> Path:
        """The object store."""
        return self.root / "objects"

    @property
    def work(self) -> Path:
        """Scratch space of imports."""
        return self.root / "work"

    @property
    def deliveries(self) -> Path:
        """What was delivered and is yet to be reported, a folder for each instance of media."""
        return self.root / "deliveries"

    @property
    def index(self) -> Path:
        """Search indexes, a folder for each instance."""
        return self.root / "index"

    @property
    def control(self) -> Path:
        """The supervisor's socket."""
        return self.reach(self.root / "control.sock")

    def reach(self, socket: Path) -> Path:
        """The path by which a socket below ``root`` is opened: its own where that fits into an
        address, else one through a link in a short folder, see :meth:`link`.
        """
        if len(os.fsencode(socket)) <= _SOCKET_PATH_BYTES:
            return socket
        return self._link / socket.relative_to(self.root)

    @property
    def _link(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"segue-{os.getuid()}-{digest}" / "mesh"

    def link(self) -> None:
        """Make what :meth:`reach` leads through, where ``root`` is long. Idempotent.

        Raises MeshFault where somebody else has put something in its place.
        """
        if len(os.fsencode(self.root)) + _LONGEST_SOCKET_BYTES <= _SOCKET_PATH_BYTES:
            return
        folder = self._link.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077 or folder.is_symlink():
            raise MeshFault(f"{folder} belongs to somebody else or is open to others")
        # Nobody else writes there, so that what stands there is ours.
        if not self._link.is_symlink():
            self._link.symlink_to(self.root)

    def create(self) -> None:
        """Make the folders, and close the root to others.

        Raises MeshFault when that is not possible, or when the root is a folder in which other
        things lie: closing somebody's home or /tmp to others is not what was meant.
        """
        folders = (
            self.logs,
            self.xds,
            self.tls,
            self.secrets,
            self.postgres,
            self.valkey,
            self.objects,
            self.work,
            self.deliveries,
            self.index,
        )
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.lock.exists() and any(self.root.iterdir()):
                raise MeshFault(
                    f"{self.root} holds other things and no mesh; name an empty or new folder"
                )
            self.lock.touch(mode=0o600)
            self.root.chmod(0o700)
            for folder in folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MeshFault(f"{self.root} cannot be used: {error.strerror}") from error
        self.link()
