"""The bar of pages and its table: pages promised = published + parts hidden + held back + late."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from lightwell.actions import twins
from lightwell.actions.accounts import Account

register = template.Library()

_PARTS = (
    ("published", "published", "Published"),
    ("hidden", "with parts hidden", "Published with parts hidden"),
    ("held", "held back", "Held back, with the legal reason"),
    ("late", "late", "Late"),
)


@register.inclusion_tag("parts/bar.html")
def account_bar(account: Account, company: str = "", study: str = "") -> dict[str, Any]:
    """Draw the bar; each part leads to its list, of one study or of a company."""
    parts = []
    before = 0
    for key, name, title in _PARTS:
        pages = getattr(account, key)
        whole = account.promised
        parts.append(
            {
                "key": key,
                "name": name,
                "title": title,
                "pages": pages,
                "x": f"{100 * before / whole:.3f}%" if whole else "0%",
                "width": f"{100 * pages / whole:.3f}%" if whole else "0%",
                "share": _format_share(pages, whole),
                "address": _find_list(key, company, study),
            }
        )
        before += pages
    documents, pages = twins.count_twins(twins.list_twins(company=company, study=study))
    return {"account": account, "parts": parts, "twin_documents": documents, "twin_pages": pages}


def _format_share(pages: int, whole: int) -> str:
    """Round to whole percent, but never to "0 %" what is not nothing, nor to "100 %" what is not all."""
    if not whole:
        return "–"
    if 0 < pages < whole / 100:
        return "under 1 %"
    if whole * 99 / 100 < pages < whole:
        return "over 99 %"
    return f"{100 * pages / whole:.0f} %"


def _find_list(key: str, company: str, study: str) -> str:
    if study:
        return f"{reverse('inventory', args=[study])}?state={key}#documents"
    if key == "late":
        return f"{reverse('late')}?company={company}"
    if key == "published":
        return f"{reverse('company', args=[company])}#studies" if company else reverse("studies")
    return f"{reverse('held')}?company={company}" + ("&what=hidden" if key == "hidden" else "")
