"""The tables, one file per noun; Django finds them through this list."""

from lightwell.db.models.log import Checkpoint, LogEntry

__all__ = ["Checkpoint", "LogEntry"]
