"""Private queries: SQL over children's data that exposes no child. What outsiders import is listed here.

    from lightwell.engines.sessions import open_session

    session = open_session("usage.parquet", "usage.yaml")
    release = session.sql("SELECT age_band, COUNT(*) FROM usage GROUP BY age_band", epsilon=0.5)

This package is a pure core: it reads no file, draws no noise and knows no clock; `lightwell.engines` does.
Names are imported when they are asked for, so that whoever needs the costs alone needs no parser of SQL.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightwell.query.codebook import Codebook, list_unattested, parse_codebook
    from lightwell.query.cost import Cost, find_epsilon, find_rho
    from lightwell.query.ledger import Ledger
    from lightwell.query.refusal import QueryRefused, Refusal
    from lightwell.query.release import Release
    from lightwell.query.session import Engine, Explanation, Session
    from lightwell.query.survey import SurveyShare

__all__ = [
    "Codebook",
    "Cost",
    "Engine",
    "Explanation",
    "Ledger",
    "QueryRefused",
    "Refusal",
    "Release",
    "Session",
    "SurveyShare",
    "find_epsilon",
    "find_rho",
    "list_unattested",
    "parse_codebook",
]

_HOMES = {
    "codebook": ("Codebook", "list_unattested", "parse_codebook"),
    "cost": ("Cost", "find_epsilon", "find_rho"),
    "ledger": ("Ledger",),
    "refusal": ("QueryRefused", "Refusal"),
    "release": ("Release",),
    "session": ("Engine", "Explanation", "Session"),
    "survey": ("SurveyShare",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
