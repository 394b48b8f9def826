"""Studies, their sealed inventories and items."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.parties import Provider


class Study(models.Model):
    """A registered study; `id` is the id of its disclosure of kind study, where its words stand.

    `measured` is how many files were listed when all of them were measured without a problem; null from the
    moment measuring begins until then, so that half a folder is never sealed.
    """

    id = models.CharField(primary_key=True, max_length=40)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="studies")
    in_advance = models.BooleanField()
    log_index = models.PositiveBigIntegerField(unique=True)
    registered_at = models.DateTimeField()
    measured = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "study"


class Inventory(models.Model):
    """A sealed inventory; number 2 and above hold what was added later."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="inventories")
    number = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    log_index = models.PositiveBigIntegerField(unique=True)
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "inventory"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "number"], name="inventory_number_once")
        ]


class Amendment(models.Model):
    """What was logged about a sealed item afterwards: `type` is that of the log entry (`archive/entry`).

    `due_before` and `due` stand beside an extension, `record` (id and version) beside what refers to one.
    """

    item = models.ForeignKey("Item", models.PROTECT, related_name="amendments")
    type = models.CharField(max_length=20)
    at = models.DateTimeField()
    log_index = models.PositiveBigIntegerField(unique=True)
    due_before = models.DateField(null=True)
    due = models.DateField(null=True)
    ground = models.CharField(max_length=80, blank=True)
    record = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "amendment"
        ordering: ClassVar[list[str]] = ["log_index"]


class Item(models.Model):
    """One document of an inventory. Title, file name and date are private until `named` is true.

    An item without an inventory is still being measured: nothing of it is sealed. `sealed_file` and
    `sealed_parts` name encrypted bytes in the area sealed (original bytes; words and pictures of
    each page); `wrapped_key` is null once the key was destroyed. Where the pages come from a PDF that was
    made of the file, `sealed_copy` names that one's encrypted bytes and `copy_sha256` is its digest, under
    which it is public once the item is open whole. `tally` is what the file held (`files/tally`).
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="items")
    inventory = models.ForeignKey(Inventory, models.PROTECT, null=True, related_name="items")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    file_name = models.TextField()
    title = models.TextField()
    date = models.CharField(max_length=10, blank=True)
    intent = models.CharField(max_length=20)
    ground = models.CharField(max_length=80, blank=True)
    held_pages = models.CharField(max_length=1000, blank=True)
    due = models.DateField()
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveIntegerField(null=True)
    read = models.BooleanField()
    renderer = models.CharField(max_length=200)
    page_roots = models.BinaryField(default=b"")
    commitment = models.CharField(max_length=64)
    master = models.PositiveIntegerField(null=True)
    wrapped_key = models.BinaryField(null=True)
    sealed_file = models.CharField(max_length=64, blank=True)
    sealed_parts = models.CharField(max_length=64, blank=True)
    sealed_copy = models.CharField(max_length=64, blank=True)
    copy_sha256 = models.CharField(max_length=64, blank=True)
    tally = models.JSONField(default=dict)
    log_index = models.PositiveBigIntegerField(null=True, unique=True)
    named = models.BooleanField(default=False)

    class Meta:
        db_table = "item"
        ordering: ClassVar[list[str]] = ["study", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "number"], name="item_number_once"),
            models.CheckConstraint(
                condition=models.Q(inventory__isnull=True) | models.Q(log_index__isnull=False),
                name="sealed_item_has_its_entry",
            ),
            models.CheckConstraint(condition=~models.Q(pages=0), name="item_page_count_never_zero"),
        ]
