import pytest

from lightwell.base import errors, roles


def test_no_role_of_the_provider_decides_who_may_look() -> None:
    deciders = {role for role, granted in roles.ROLES.items() if "decide" in granted}
    assert deciders == {"panel-member"}
    assert not deciders & roles.PROVIDER_ROLES


def test_every_permission_is_described_and_held_by_somebody() -> None:
    assert set().union(*roles.ROLES.values()) == set(roles.PERMISSIONS)


def test_nobody_can_propose_and_approve_by_one_role_alone() -> None:
    for granted in roles.ROLES.values():
        assert not {"propose", "approve"} <= granted


def test_an_auditor_reads_everything_and_changes_nothing() -> None:
    assert roles.ROLES["auditor"] == {"read_public", "read_sealed", "reach", "audit"}


def test_one_rule_has_two_tones() -> None:
    assert roles.may(["publisher"], "propose")
    roles.check_may(["publisher"], "propose")
    assert not roles.may(["publisher"], "approve")
    with pytest.raises(errors.Refused, match="takes the role approver; yours: publisher"):
        roles.check_may(["publisher"], "approve")
    with pytest.raises(errors.Refused, match="yours: none"):
        roles.check_may([], "read_public")


def test_an_unknown_permission_is_a_bug_and_never_a_silent_no() -> None:
    with pytest.raises(KeyError):
        roles.may(["operator"], "sudo")


def test_the_same_person_never_proposes_and_approves() -> None:
    roles.check_may_confirm("per-a", "per-b")
    with pytest.raises(errors.Refused, match="two people"):
        roles.check_may_confirm("per-a", "per-a")


@pytest.mark.parametrize("inside", sorted(roles.PROVIDER_ROLES))
@pytest.mark.parametrize("outside", sorted(roles.INDEPENDENT_ROLES))
def test_nobody_sits_on_both_sides(inside: str, outside: str) -> None:
    with pytest.raises(errors.Refused, match="cannot be"):
        roles.check_assignment([inside, outside])


def test_roles_of_one_side_go_together_and_unknown_ones_are_named() -> None:
    roles.check_assignment(["publisher", "safeguarding-officer"])
    with pytest.raises(errors.Refused, match="no role 'king'"):
        roles.check_assignment(["king"])


def test_the_table_for_the_docs_has_a_row_for_each_permission() -> None:
    table = roles.format_table().splitlines()
    assert len(table) == 2 + len(roles.PERMISSIONS)
    assert len({line.count("|") for line in table}) == 1
