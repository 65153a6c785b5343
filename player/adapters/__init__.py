"""What meets the outside: HTTP, the ffmpeg process, sound devices, clocks."""
