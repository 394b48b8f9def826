"""Who follows what, what was noticed as new, and what still has to leave by mail or webhook.

No content is kept here: what a mail or a webhook says is read through the gate when it is sent.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.base import mail_address


class Follower(models.Model):
    """An address that asked for mail. Read by the sender alone, shown to nobody, gone with its last follow.

    `canonical` is the same for every way of writing the address; `key` stands in each mail and ends all.
    """

    address = models.CharField(max_length=mail_address.MOST_CHARACTERS)
    canonical = models.CharField(max_length=mail_address.MOST_CHARACTERS, unique=True)
    key = models.CharField(max_length=64, unique=True)
    # How many mailings the address refused for good, one after the other.
    refusals = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "follower"


class Follow(models.Model):
    """One thing that a follower asked for, at one rhythm; before `confirmed_at` only the question is sent.

    `token` stands in the confirmation mail and is empty once it was used; `mail_at` is when that mail is due,
    null once it left. Only what was noticed past `since` is sent.
    """

    follower = models.ForeignKey(Follower, models.CASCADE, related_name="follows")
    kind = models.CharField(max_length=20)
    value = models.TextField(blank=True)
    rhythm = models.CharField(max_length=10)
    token = models.CharField(max_length=64, blank=True, db_index=True)
    asked_at = models.DateTimeField()
    mails = models.PositiveIntegerField(default=0)
    mail_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    since = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "follow"
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["follower", "kind", "value", "rhythm"], name="follow_once")
        ]


class Noticed(models.Model):
    """A change that was seen for the first time, or an opening, whose pages searches may meet.

    `number` is the cursor of all that follows: it only grows, in the order in which things were noticed.
    """

    number = models.BigAutoField(primary_key=True)
    change = models.CharField(max_length=120, unique=True)
    opening = models.PositiveBigIntegerField(null=True, unique=True)

    class Meta:
        db_table = "noticed"


class Batch(models.Model):
    """What one rhythm sends at once: everything noticed after `after`, up to and including `until`."""

    rhythm = models.CharField(max_length=10, db_index=True)
    after = models.PositiveBigIntegerField()
    until = models.PositiveBigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "batch"


class Mailing(models.Model):
    """One mail to one follower about one batch; `mark` makes its Message-ID, the same at each attempt."""

    follower = models.ForeignKey(Follower, models.CASCADE, related_name="mailings")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="mailings")
    mark = models.CharField(max_length=40, unique=True)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "mailing"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["follower", "batch"], name="mailing_once")
        ]


class Webhook(models.Model):
    """An address of a program that is sent each change; its secret is wrapped under a master key.

    `cursor` is the last number of `Noticed` that arrived, `failing_since` when sending began to fail.
    """

    address = models.CharField(max_length=500)
    kind = models.CharField(max_length=20)
    value = models.TextField(blank=True)
    master = models.PositiveIntegerField()
    wrapped_secret = models.BinaryField()
    cursor = models.PositiveBigIntegerField()
    made_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "webhook"
        ordering: ClassVar[list[str]] = ["pk"]
