"""Providers and their services, as public names; a provider that never joined has a row too."""

from __future__ import annotations

from django.db import models


class ProviderQuerySet(models.QuerySet["Provider"]):
    """Reading."""

    def visible(self) -> ProviderQuerySet:
        """The gate: only whom a record in view names, a registered study or a logged question is about.

        A name that only removed records hold is one of their words. But no company leaves the late list by
        having the words of its study removed: of studies and questions the log keeps the account.
        """
        # These modules build on this one.
        from lightwell.db.models.challenges import Challenge
        from lightwell.db.models.disclosures import Disclosure
        from lightwell.db.models.studies import Study

        sources = (Disclosure.objects.visible(), Study.objects.all(), Challenge.objects.all())
        named = [models.Exists(rows.filter(provider=models.OuterRef("pk"))) for rows in sources]
        return self.filter(named[0] | named[1] | named[2])


class Provider(models.Model):
    """The company behind one or more services. `joined` is false for one that never took part."""

    slug = models.SlugField(primary_key=True, max_length=80)
    name = models.CharField(max_length=200)
    joined = models.BooleanField(default=True)
    sample = models.BooleanField(default=False)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        db_table = "provider"


class Service(models.Model):
    """What a provider runs and children use."""

    slug = models.SlugField(primary_key=True, max_length=80)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="services")
    name = models.CharField(max_length=200)

    class Meta:
        db_table = "service"


class PastName(models.Model):
    """A name that a provider bore until a day; its id never changes, and old records keep the old name."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="past_names")
    name = models.CharField(max_length=200)
    until = models.DateField()

    class Meta:
        db_table = "past_name"
