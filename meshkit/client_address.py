"""Who calls from outside, told apart by what the edge says of them and by nothing that they say."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

HEADER = "x-client-address"
"""The edge sets it in place of whatever the caller said there."""

# A household or a server has a whole network of IPv6 addresses to itself.
_IPV6_NETWORK_BITS = 64


def client_address(headers: Iterable[tuple[str, str | bytes]]) -> str:
    """Whom the edge answers: an address, an IPv6 one by its network.

    Empty where the edge did not say, so that all such callers share one limit.
    """
    said = [value for name, value in headers if name == HEADER]
    last = said[-1] if said else ""
    try:
        found = ipaddress.ip_address(last)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _IPV6_NETWORK_BITS), strict=False))
