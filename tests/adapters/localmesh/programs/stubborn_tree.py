"""A process with a child of its own, both deaf to SIGTERM; says both pids on one line."""

from __future__ import annotations

import os
import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child != 0:
    print(f"pids {os.getpid()} {child}", flush=True)
while True:
    time.sleep(60)
