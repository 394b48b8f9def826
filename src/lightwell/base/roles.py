"""Roles and permissions: who may do what, as one table that the docs print.

Three rules stand above the table. What takes two people is never done by one: the person who
proposed a thing never approves it. Everybody acts for their own organisation, but for the roles
that hold `reach`. And the provider does not decide who may look: no role of the provider holds
`decide`, and nobody holds a provider role and an independent role at once.
Who somebody is and which roles they hold is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from lightwell.base import errors

# Permission -> what it lets a person do, in words that finish "may ...".
PERMISSIONS = {
    "read_public": "read, search, download and verify what is public",
    "register": "register a study before it starts, or earlier research",
    "seal": "lock an inventory in before publication",
    "propose": "propose to publish, hold back, hide, show, reply to or withdraw something",
    "approve": "approve what another person proposed",
    "suspend": "take a page on which a child can be identified out of view at once",
    "restore": "restore a suspended page, together with a second person",
    "read_sealed": "read what is locked in and not public",
    "reach": "do so for every organisation here, not only for the own one",
    "request": "ask for access to data",
    "query": "run private queries within a grant",
    "query_exact": "run exact queries under a cited order",
    "declare": "declare interests and step aside from a case",
    "decide": "vote on a request for access and give reasons",
    "coordinate": "check completeness, draw panels and run the clocks",
    "check_output": "check results before they leave, blind to the other checker",
    "audit": "read everything and change nothing",
    "cosign": "cosign the log after checking that it only grew",
    "operate": "install, back up, restore and rotate keys",
}

# Role -> permissions. "publisher" and "approver" are people who work for whoever publishes here.
ROLES: dict[str, frozenset[str]] = {
    "visitor": frozenset({"read_public"}),
    "publisher": frozenset({"read_public", "read_sealed", "register", "seal", "propose", "suspend"}),
    "approver": frozenset({"read_public", "read_sealed", "approve", "suspend", "restore"}),
    "safeguarding-officer": frozenset({"read_public", "read_sealed", "reach", "suspend", "restore"}),
    "researcher": frozenset({"read_public", "request", "query"}),
    "panel-member": frozenset({"read_public", "declare", "decide"}),
    "coordinator": frozenset({"read_public", "coordinate"}),
    "output-checker": frozenset({"read_public", "check_output"}),
    "regulator": frozenset({"read_public", "query_exact"}),
    "auditor": frozenset({"read_public", "read_sealed", "reach", "audit"}),
    "witness": frozenset({"read_public", "cosign"}),
    "operator": frozenset({"read_public", "operate"}),
}

# Whoever may do one of these sees hidden things or decides, so a password alone does not let them in.
GUARDED = frozenset(PERMISSIONS) - {"read_public", "request", "query", "declare", "cosign"}

PROVIDER_ROLES = frozenset({"publisher", "approver", "safeguarding-officer", "operator"})
INDEPENDENT_ROLES = frozenset({"panel-member", "coordinator", "output-checker", "regulator", "auditor"})

# These take effect only when a second person agrees.
TWO_PERSON_PERMISSIONS = {"propose": "approve", "restore": "restore"}


def may(held: Iterable[str], permission: str) -> bool:
    """Answer whether one of the roles held carries a permission. An unknown name is a bug: KeyError."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)
    return any(permission in ROLES[role] for role in held)


def check_may(held: Iterable[str], permission: str) -> None:
    """Refuse with a sentence that names who may instead."""
    listed = sorted(held)
    if may(listed, permission):
        return
    able = [role for role in ROLES if permission in ROLES[role]]
    raise errors.Refused(
        f"to {PERMISSIONS[permission]} takes the role {' or '.join(able)}; "
        f"yours: {', '.join(listed) or 'none'}"
    )


def may_for(held: Iterable[str], permission: str, own: str | None, owner: str | None) -> bool:
    """Answer whether somebody of the organisation `own` may do this with what belongs to `owner`.

    The role that gives the permission has to reach that far: an officer's reach lends a publisher nothing.
    And reach is for people of the house: whoever belongs to an organisation acts for that one alone, or a
    company's own officer could silence a regulator.
    """
    listed = list(held)
    same = own is not None and own == owner
    return may(listed, permission) and any(
        permission in ROLES[role] and (same or (own is None and "reach" in ROLES[role])) for role in listed
    )


def check_may_for(held: Iterable[str], permission: str, own: str | None, owner: str | None) -> None:
    """Refuse with a sentence that names the role it takes, or whose it is."""
    listed = list(held)
    check_may(listed, permission)
    if not may_for(listed, permission, own, owner):
        raise errors.Refused(
            f"this belongs to {owner or 'no organisation'}, and only its own people may "
            f"{PERMISSIONS[permission]}; you belong to {own or 'no organisation'}"
        )


def needs_second_factor(held: Iterable[str]) -> bool:
    """Answer whether somebody with these roles signs in with a second factor besides the password."""
    return any(ROLES[role] & GUARDED for role in held)


def may_confirm(first_person: str, second_person: str) -> bool:
    """Answer whether the second of two people is a different one."""
    return first_person != second_person


def check_may_confirm(first_person: str, second_person: str) -> None:
    """Refuse the same person twice: who proposed a thing never approves it."""
    if not may_confirm(first_person, second_person):
        raise errors.Refused("this takes two people: whoever proposed it cannot approve it as well")


def check_assignment(held: Iterable[str]) -> None:
    """Refuse a person who would sit on both sides, or a role that does not exist."""
    listed = set(held)
    if unknown := sorted(listed - set(ROLES)):
        raise errors.Refused(f"there is no role {unknown[0]!r}; roles are {', '.join(ROLES)}")
    inside, outside = sorted(listed & PROVIDER_ROLES), sorted(listed & INDEPENDENT_ROLES)
    if inside and outside:
        raise errors.Refused(
            f"the same person cannot be {inside[0]} and {outside[0]}: one acts for whoever publishes "
            f"here, the other is independent of it"
        )


def format_table() -> str:
    """Return the permission table as Markdown, one row a permission, one column a role, for the docs."""
    head = "| May | " + " | ".join(ROLES) + " |"
    rule = "|---|" + "---|" * len(ROLES)
    rows = [
        f"| {words} | " + " | ".join("yes" if name in ROLES[role] else "" for role in ROLES) + " |"
        for name, words in PERMISSIONS.items()
    ]
    return "\n".join([head, rule, *rows]) + "\n"
