"""People with an account, and the roles they hold; a visitor needs no account."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import AbstractUser
from django.db import models

from lightwell.base import roles


class Person(AbstractUser):
    """An account. `roles` is a list of role names of `base/roles`, checked before it is stored."""

    roles = models.JSONField(default=list)

    class Meta:
        db_table = "person"

    def assign_roles(self, held: Collection[str]) -> None:
        """Give exactly these roles; `Refused` for an unknown role or a person on both sides."""
        roles.check_assignment(held)
        self.roles = sorted(held)
        self.save()
