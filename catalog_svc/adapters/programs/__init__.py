"""Adapters over programs that are run: FFmpeg, FFprobe, the packager."""
