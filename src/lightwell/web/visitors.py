"""Where a request comes from, as far as our own proxies say so; counted (`web/pace`), never kept."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from lightwell.web import pace


def read_address(request: HttpRequest) -> str:
    """Read the visitor's address.

    Each proxy appends to X-Forwarded-For the address that it was asked from. What a visitor wrote there
    stands further left than what our own proxies appended, so that nobody chooses an address.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.PROXIES == 0:
        return address
    listed = [each.strip() for each in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    return listed[-settings.PROXIES] if len(listed) >= settings.PROXIES else address


def read_network(request: HttpRequest) -> str:
    """Read whom to count: the visitor's address, or the network of a household with IPv6."""
    return pace.name_network(read_address(request))
