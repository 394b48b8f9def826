"""A private answer's entry for BibTeX on its page, the same as its download."""

from __future__ import annotations

from django import template

from lightwell.base.disclosure import Disclosure
from lightwell.web import citations, dataset_pages

register = template.Library()


@register.simple_tag
def bibtex(record: Disclosure, site: str) -> str:
    """Write the entry of a private answer; `site` is the address of this site."""
    return citations.format_bibtex(dataset_pages.describe_citation(record, site))
