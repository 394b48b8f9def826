"""The log's order and its signed checkpoints: the only tables that tiles are derived from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class LogEntry(models.Model):
    """One entry at its place; rows are only ever added, and `index` has no gaps."""

    index = models.PositiveBigIntegerField(primary_key=True)
    data = models.BinaryField(max_length=8192)

    class Meta:
        db_table = "log_entry"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(index__gte=0), name="log_entry_index_from_zero")
        ]


class Checkpoint(models.Model):
    """A checkpoint as signed; at most one for each size, so that no second history can be signed."""

    size = models.PositiveBigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    text = models.TextField()

    class Meta:
        db_table = "checkpoint"
