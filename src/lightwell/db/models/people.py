"""People with an account, the organisation they speak for, and what operators did to accounts."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from lightwell.base import roles


class Organisation(models.Model):
    """Who publishes here: `slug`, `role` and `name` are what the publisher of its records says."""

    slug = models.SlugField(primary_key=True, max_length=80)
    role = models.CharField(max_length=40)
    name = models.CharField(max_length=200)

    class Meta:
        db_table = "organisation"


class Person(AbstractUser):
    """An account. `roles` is a list of role names of `base/roles`, checked before it is stored.

    `sample` marks an invented person of a labelled sample, who has neither password nor second factor.
    """

    roles = models.JSONField(default=list)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="people")
    sample = models.BooleanField(default=False)
    # Whoever made the account or the password knows it, until the person chooses another.
    first_password = models.BooleanField(default=False)

    class Meta:
        db_table = "person"

    def assign_roles(self, held: Collection[str]) -> None:
        """Give exactly these roles; `Refused` for an unknown role or a person on both sides."""
        roles.check_assignment(held)
        self.roles = sorted(held)
        self.save()


class Sitting(models.Model):
    """One person signed in once, until it ends; the session knows its `token`."""

    token = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="sittings")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    verified = models.BooleanField(default=False)

    class Meta:
        db_table = "sitting"
        ordering: ClassVar[list[str]] = ["-pk"]


class JournalEntry(models.Model):
    """One act of an operator that the public log has no place for; rows are only ever added."""

    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    deed = models.CharField(max_length=40)
    about = models.CharField(max_length=150)
    detail = models.CharField(max_length=400, blank=True)

    class Meta:
        db_table = "journal_entry"
        ordering: ClassVar[list[str]] = ["pk"]
