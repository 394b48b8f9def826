"""`lightwell search`: build the search index again, or look for words in open pages.

lightwell search rebuild
lightwell search find 'sleep "at night" -survey'
"""

from __future__ import annotations

import click

from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import lookup


@click.group()
def search() -> None:
    """Search the published pages, or build the search index again."""


@search.command()
def rebuild() -> None:
    """Build the search index again; the old one answers until the new one is whole.

    Example: lightwell search rebuild
    """
    state = installation.open_installation()
    from lightwell.actions import search as stories
    from lightwell.cli import bar

    with bar.show_progress("indexing", 0, "documents") as report:
        pages = stories.rebuild_index(state, report)
    click.echo(f"search index: {pages} pages")


@search.command()
@click.argument("words")
@click.option("--company", multiple=True, help="Only this company's; its short name, repeatable.")
@click.option("--topic", multiple=True, help="Only this topic, such as sleep; repeatable.")
@click.option("--newest", is_flag=True, help="Newest first instead of best first.")
@click.option("--limit", type=click.IntRange(1, lookup.MAX_HITS), default=10, show_default=True)
@click.option("--after", default="", help="Go on after this mark, printed at the end of the last list.")
def find(
    words: str, company: tuple[str, ...], topic: tuple[str, ...], newest: bool, limit: int, after: str
) -> None:
    """List the published pages that have WORDS.

    All words must be there, in any form. Use "quotation marks" for words in a row, a star for
    beginnings (sleep*), a minus for what must not be there (-survey), OR for either, and
    title: company: service: topic: kind: language: year:.

    Example: lightwell search find 'sleep "at night" year:2019..2021'
    """
    state = installation.open_installation()
    from lightwell.actions import search as stories
    from lightwell.files import finder

    filters = finder.Filters(company=company, topic=topic)
    try:
        found = stories.find_pages(state, words, filters, after, limit=limit, newest=newest)
    except errors.CouldNotCheck as error:
        raise errors.CouldNotCheck(f"{error} Or make it now: lightwell search rebuild") from None
    click.echo(f"{found.counts.pages} pages")
    for page in found.pages:
        click.echo(f"{page.study} document {page.item} page {page.page}: {page.title} ({page.company_name})")
        click.echo(f"    {page.excerpt.text}")
    if found.next:
        click.echo(f"more: --after {found.next}")
