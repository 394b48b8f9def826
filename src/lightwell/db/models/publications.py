"""What was opened: openings, the pages a visitor may read, publication records, suspensions, reports."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.people import Person
from lightwell.db.models.studies import Item, Study


class PublicationQuerySet(models.QuerySet["Publication"]):
    """Reading."""

    def visible(self) -> PublicationQuerySet:
        """The gate: records that name no document which was taken back, erased or suspended since.

        A record made when a document was taken back says so and names nothing of it.
        """
        gone = Item.objects.filter(
            study=models.OuterRef("study"), openings__log_index__lt=models.OuterRef("log_index")
        )
        return self.filter(~models.Exists(gone.filter(_is_closed("", since="log_index"))))


class Publication(models.Model):
    """One act of publishing a study: `data` is the canonical publication record, `digest` is in the log."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="publications")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=71, unique=True)
    data = models.BinaryField()
    log_index = models.PositiveBigIntegerField(unique=True)
    published_at = models.DateTimeField()

    objects = PublicationQuerySet.as_manager()

    class Meta:
        db_table = "publication"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "number"], name="publication_number_once")
        ]


class OpeningQuerySet(models.QuerySet["Opening"]):
    """Reading."""

    def visible(self) -> OpeningQuerySet:
        """The gate: openings, with their files, of items that are not suspended, taken back or erased.

        One that was taken back stays so when its item is opened again with more hidden than before.
        """
        taken_back = Holding.objects.filter(
            item=models.OuterRef("item"), page=None, log_index__gt=models.OuterRef("log_index")
        )
        return self.exclude(_is_closed("item__") | models.Exists(taken_back))


class Opening(models.Model):
    """The opening document of an item (`archive/release`): whole, or in part. The newest one counts.

    `document` is the hex digest of the published PDF where something is hidden on a page, else empty;
    `redacted` counts those pages. `regions` are the numbers of the regions in force when it was made;
    null in rows from before 29 November 2026.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="openings")
    # Not unique: what was taken back and is opened again as it was has the same opening.
    digest = models.CharField(max_length=71, db_index=True)
    data = models.BinaryField()
    whole = models.BooleanField()
    document = models.CharField(max_length=64, blank=True, db_index=True)
    redacted = models.PositiveIntegerField(default=0)
    regions = models.JSONField(null=True)
    log_index = models.PositiveBigIntegerField(unique=True)
    opened_at = models.DateTimeField()

    objects = OpeningQuerySet.as_manager()

    class Meta:
        db_table = "opening"


class Holding(models.Model):
    """A whole item or, with `page`, one page of it that is held back, on a ground and until a review."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="holdings")
    page = models.PositiveIntegerField(null=True)
    ground = models.CharField(max_length=80)
    decided_by = models.CharField(max_length=40)
    review = models.DateField()
    log_index = models.PositiveBigIntegerField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "holding"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(ground=""), name="holding_has_a_ground")
        ]


class PublicPageQuerySet(models.QuerySet["PublicPage"]):
    """Reading."""

    def visible(self) -> PublicPageQuerySet:
        """The gate: pages that are open and not suspended. Every exit asks this and nothing else."""
        stopped = Suspension.objects.filter(
            models.Q(page__isnull=True) | models.Q(page=models.OuterRef("number")),
            item=models.OuterRef("item"),
            restored_at__isnull=True,
        )
        return self.filter(~models.Exists(stopped))


class PublicPage(models.Model):
    """A page that is open. Rows exist for open pages only, so that nothing hidden can be read from here.

    `head` is the canonical head of the page, `lines` the JSON of its lines ([[word, l, t, r, b], ...],
    boxes in pixels of the head's width and height), `text` its words for search. `picture` names a PNG in
    the area public, `drawn_from` the PDF there that its picture is drawn from; with neither it is drawn from
    the item's own file. `hidden` is null unless the page belongs to a published PDF: then it has `kinds`, a
    kind for each line ("sealed", "reset", "label"), and `regions`, [ground, role, review date, box] for each
    label.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="public_pages")
    number = models.PositiveIntegerField()
    head = models.BinaryField()
    lines = models.BinaryField()
    text = models.TextField()
    picture = models.CharField(max_length=64, blank=True)
    drawn_from = models.CharField(max_length=64, blank=True)
    hidden = models.JSONField(null=True)

    objects = PublicPageQuerySet.as_manager()

    class Meta:
        db_table = "public_page"
        ordering: ClassVar[list[str]] = ["item", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "number"], name="public_page_once")
        ]


class Suspension(models.Model):
    """An item, or one page of it, taken out of view at once; two people restore."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="suspensions")
    page = models.PositiveIntegerField(null=True)
    ground = models.CharField(max_length=80)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    log_index = models.PositiveBigIntegerField()
    restored_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "suspension"


def _is_closed(item: str, since: str | None = None) -> models.Q:
    """Whether the item at this path is out of view: a page suspended, taken back, its key destroyed.

    `since` names the place in the log of the query around: what was taken back before it does not count.
    """
    held = Holding.objects.filter(item=models.OuterRef(f"{item}pk"), page=None)
    if since is None:
        held = held.filter(lifted_at=None)
    else:
        # What was taken back once is named by older records for ever.
        held = held.filter(log_index__gt=models.OuterRef(models.OuterRef(since)))
    return (
        models.Q(**{f"{item}wrapped_key": None})
        | models.Exists(Suspension.objects.filter(item=models.OuterRef(f"{item}pk"), restored_at=None))
        | models.Exists(held)
    )


class Report(models.Model):
    """A visitor's word that a child can be identified on a page. No address of the visitor is kept.

    It is about a document, or one `page` of it; or about the words of a `record`, or one `version` of it.
    `count` says how many arrived that say the same. `proposed_by` thinks that nothing has to be done and
    waits for a second person; `outcome` and `reason` say how and why `settled_by` settled it.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="reports", null=True)
    page = models.PositiveIntegerField(null=True)
    record = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(null=True)
    words = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    proposed_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    outcome = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "report"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(item__isnull=False, record="", version=None)
                | (models.Q(item=None, page=None) & ~models.Q(record="")),
                name="report_names_a_document_or_a_record",
            )
        ]

    @property
    def subject(self) -> str:
        """The id of the study or the record that it is about."""
        return self.item.study_id if self.item else self.record

    @property
    def place(self) -> str:
        """What it is about, as the journal writes it: study/number/page, or record/version."""
        named = (
            (self.item.study_id, self.item.number, self.page) if self.item else (self.record, self.version)
        )
        return "/".join(str(each) for each in named if each is not None)
