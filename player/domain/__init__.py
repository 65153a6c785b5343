"""Pure playback rules: playlists, fragments, throughput, rung choice, buffer, status. No I/O."""
