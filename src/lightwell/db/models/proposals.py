"""Proposals: what one person proposed and another must approve before it takes effect."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.people import Organisation, Person


class Proposal(models.Model):
    """`kind` names the story that `actions/proposals` carries out with `payload` once it is approved.

    `organisation` is whose records it is about: both people belong to it.
    """

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    payload = models.JSONField()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    proposer = models.ForeignKey(Person, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approver = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)

    class Meta:
        db_table = "proposal"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(approver__isnull=True) | ~models.Q(approver=models.F("proposer")),
                name="proposal_takes_two_people",
            )
        ]
