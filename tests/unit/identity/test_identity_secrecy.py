"""Passwords stay out of the log, also where something fails that nobody foresaw."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

PASSWORD = "correct horse battery"

# In a process of its own, for logs are configured once a process.
_SCRIPT = """
import os, sys
import structlog
from segue.identity.v1 import identity_service_pb2 as pb
from edge.identity.usecases.user import SignUp
from meshkit import logs

def handle(request):
    wanted = SignUp.parse(
        username=request.username, email=request.email, password=request.password
    )
    raise RuntimeError(f"unforeseen {wanted}")

logs.configure(log_format=sys.argv[1], log_level="debug", service="identity", instance="test")
try:
    handle(pb.CreateUserRequest(username="ada", email="a@b.org", password=os.environ["GIVEN"]))
except RuntimeError:
    structlog.get_logger().error("call failed", exc_info=True)
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_an_unforeseen_failure_leaves_no_password_in_the_log(log_format: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SCRIPT, log_format),
        env={**os.environ, "GIVEN": PASSWORD},
        stderr=asyncio.subprocess.PIPE,
    )
    _, log = await process.communicate()
    assert b"unforeseen" in log
    assert b"ada" in log
    assert PASSWORD.encode() not in log
