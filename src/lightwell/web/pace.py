"""How often one visitor may send something: counted in memory under a key that nobody can trace back.

The visitor's address is mixed with random bytes of this process and hashed; neither is ever stored, and
a restart forgets everything. Each process of the site counts for itself: with two of them, a visitor whose
connections reach both has up to twice the turns.
"""

from __future__ import annotations

import hashlib
import secrets

from django.core.cache import cache

TURNS = 5
SECONDS = 60
_SALT = secrets.token_bytes(32)


def take_turn(what: str, visitor: str, turns: int | None = None) -> bool:
    """Count one turn; answers False when this visitor had `turns` (or `TURNS`) within the last `SECONDS`."""
    mark = hashlib.blake2b(f"{what}\n{visitor}".encode(), key=_SALT, digest_size=16).hexdigest()
    cache.add(f"pace-{mark}", 0, SECONDS)
    try:
        return bool(cache.incr(f"pace-{mark}") <= (TURNS if turns is None else turns))
    except ValueError:  # the minute ended between the two calls
        return True
