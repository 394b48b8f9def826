"""Writes docs/reference/permissions.md from the table of roles and the stories that take two people.

python docs/make/permissions.py          writes the page
python docs/make/permissions.py --check  fails when the page is stale
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator

from lightwell.base import roles

PAGE = pathlib.Path(__file__).parents[1] / "reference" / "permissions.md"

WHO = {
    "visitor": "anybody; needs no account",
    "publisher": "works for an organisation that publishes here",
    "approver": "works for an organisation that publishes here; the second person",
    "safeguarding-officer": "of the house: looks after reports that a child can be identified",
    "researcher": "asks for access to data",
    "panel-member": "independent; decides on requests",
    "coordinator": "independent; keeps requests complete and on time, does not vote",
    "output-checker": "independent; looks at results before they leave",
    "regulator": "an authority acting under a cited order",
    "auditor": "independent; reads everything, changes nothing",
    "witness": "runs an independent record-keeper of the log",
    "operator": "runs the installation, decides nothing",
}


def make_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_list_lines()).rstrip() + "\n"


def _list_lines() -> Iterator[str]:
    yield "# Who may do what\n"
    yield "Made by `docs/make/permissions.py` from `base/roles` and `actions/proposals`; do not edit.\n"
    yield (
        "A person holds roles, a role carries permissions, and nothing else gives any. Roles are given with "
        "`lightwell person add NAME --role ROLE` by whoever runs the installation; no page of the site can.\n"
    )
    yield "## Roles\n"
    yield "| Role | Who that is | Side |\n|---|---|---|"
    for role in roles.ROLES:
        yield f"| `{role}` | {WHO[role]} | {_name_side(role)} |"
    yield (
        "\nNobody holds a role of the publishing side and an independent one at once: giving somebody both "
        "is refused. No role of the publishing side may vote on who gets access to data.\n"
    )
    yield "## Permissions\n"
    yield roles.format_table()
    yield (
        "A publisher or approver does all of this for one organisation only: records are published under its "
        "id, role and name, and only its people propose about them, approve, take pages out of view, or "
        "read what is not public: nobody silences another. The safeguarding officer and the auditor are of "
        "the house; given to somebody of an organisation these roles reach no further than it. What the "
        "officer took out of view is shown again only when an officer is one of the two. "
        "Who stands behind an organisation is the operator's to check (docs/decisions/0006).\n"
    )
    guarded = ", ".join(f"`{role}`" for role in roles.ROLES if roles.needs_second_factor([role]))
    yield (f"A second factor besides the password is compulsory for {guarded} (docs/decisions/0007).\n")
    yield "## What takes two people\n"
    yield (
        "Nothing below happens before a second person of the same organisation agrees, and that is never the "
        "one who proposed it, whatever roles they hold. Of two who approve at once one wins and the other is "
        "told. What is proposed is checked at once, and again when it is carried out; what cannot be carried "
        "out leaves everything as it was.\n"
    )
    yield "| Proposal | What happens | Proposed by | Approved by |\n|---|---|---|---|"
    for kind, words, proposing, approving in list_stories():
        yield f"| `{kind}` | {words} | {_name_roles(proposing)} | {_name_roles(approving)} |"
    yield (
        "\nOne person alone takes a page out of view on which a child can be identified: waiting for a "
        "second would leave the child in view. The words of a record nobody takes out of view alone: a "
        "report about them leads its publisher to a `withdrawal`, and waits until there is one.\n"
    )


def list_stories() -> list[tuple[str, str, str, str]]:
    """List (kind, words, permission to propose, permission to approve) of every story that takes two."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
    import django

    django.setup()
    from lightwell.actions import proposals

    return [
        (kind, story.words, story.proposing, story.approving) for kind, story in proposals.STORIES.items()
    ]


def _name_side(role: str) -> str:
    if role in roles.PROVIDER_ROLES:
        return "publishing"
    return "independent" if role in roles.INDEPENDENT_ROLES else ""


def _name_roles(permission: str) -> str:
    return ", ".join(f"`{role}`" for role in roles.ROLES if permission in roles.ROLES[role])


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        fresh = PAGE.is_file() and PAGE.read_text("utf-8") == make_page()
        sys.exit(0 if fresh else f"{PAGE.name} is stale: run python docs/make/permissions.py")
    PAGE.write_text(make_page(), "utf-8")
