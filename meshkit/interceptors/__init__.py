"""What stands between the wire and a servicer, the same for all four kinds of calls.

The stages, outermost first: request id, telemetry, errors, admission, deadline, auth. Telemetry
stands outside errors and auth, so that refused calls are counted.
"""
