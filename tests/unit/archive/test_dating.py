"""An entry counts as made when its writer says, if enough witnesses saw it soon after; else when they did."""

from __future__ import annotations

import datetime

import pytest

from lightwell.archive import account, dating, entry, rules
from lightwell.base import canonical, errors
from lightwell.tlog import checkpoint, cosignature, note, policy, tree

KIND = note.KeyType
LOG = note.generate_signer("log.example", KIND.ED25519, b"L" * 32)
ADA, BEA = (note.generate_signer(f"{n}.example", KIND.COSIGNATURE_V1, n.encode() * 32) for n in "ab")
AT = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
SEEN = int(AT.timestamp())


def make_policy(quorum: str) -> policy.Policy:
    witnesses = tuple(policy.Witness(name, each.verifier) for name, each in (("ada", ADA), ("bea", BEA)))
    groups = (policy.Group("both", 2, ("ada", "bea")),) if quorum == "both" else ()
    return policy.Policy((policy.Log(LOG.verifier),), witnesses, groups, quorum)


def sign(entries: list[bytes], times: dict[note.Signer, int]) -> str:
    head = checkpoint.Checkpoint(
        "log.example", len(entries), tree.compute_root([tree.hash_leaf(each) for each in entries])
    )
    text = checkpoint.format_checkpoint(head)
    lines = [cosignature.cosign(text, signer, time) for signer, time in times.items()]
    return note.add_signatures(checkpoint.sign_checkpoint(head, [LOG]), lines)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (SEEN, AT),
        (SEEN + 86_400, AT),
        (SEEN + 86_401, AT + datetime.timedelta(seconds=86_401)),
        (SEEN - 1, AT - datetime.timedelta(seconds=1)),
        (None, AT),
    ],
)
def test_the_writers_time_counts_only_within_the_tolerance(seen, expected):
    assert dating.compute_effective_time(AT, seen, rules.FIRST_RULES.tolerance_seconds) == expected


def test_the_quorums_time_is_the_first_by_which_enough_witnesses_had_seen_it():
    assert dating.find_quorum_time(make_policy("both"), {"ada": 5, "bea": 9}) == 9
    assert dating.find_quorum_time(make_policy("ada"), {"ada": 5, "bea": 3}) == 5
    assert dating.find_quorum_time(make_policy("none"), {"ada": 5}) is None
    with pytest.raises(errors.Refused, match="do not meet the quorum: ada"):
        dating.find_quorum_time(make_policy("both"), {"ada": 5})


def make_entries() -> list[bytes]:
    late = AT - datetime.timedelta(days=400)
    values = [
        entry.make_item(AT, "std-test", 1, "report", 2, True, AT.date(), bytes(32)),
        entry.make_opening(late, "std-test", 1, 2, "sha256:" + "0" * 64),
    ]
    return [canonical.encode(value) for value in values]


def test_who_dates_an_opening_back_is_late_by_the_witnesses_clock():
    entries, rule = make_entries(), make_policy("both")
    month = SEEN + 40 * 86_400
    texts = {1: sign(entries[:1], {ADA: SEEN, BEA: SEEN}), 2: sign(entries, {ADA: month, BEA: month})}
    stated = account.compute_account(entries, rule, dating.judge_checkpoints(rule, texts))
    assert stated.day == (AT + datetime.timedelta(days=40)).date()
    assert (stated.gaps[0].state, stated.gaps[0].lateness.strict_days) == ("opened-late", 40)


def test_a_checkpoint_without_enough_witnesses_dates_nothing():
    entries, rule = make_entries(), make_policy("both")
    texts = {1: sign(entries[:1], {ADA: SEEN}), 2: sign(entries, {ADA: SEEN + 5, BEA: SEEN + 9})}
    covers = dating.list_covers(rule, dating.judge_checkpoints(rule, texts))
    assert covers == [dating.Cover(2, SEEN + 9)]


def test_a_log_whose_newest_state_nobody_confirms_has_no_account():
    entries, rule = make_entries(), make_policy("both")
    results = dating.judge_checkpoints(rule, {2: sign(entries, {ADA: SEEN})})
    with pytest.raises(errors.Refused, match="meets the policy"):
        account.compute_account(entries, rule, results)


def test_where_no_witness_is_asked_for_the_day_is_that_of_the_latest_entry():
    entries, rule = make_entries(), make_policy("none")
    stated = account.compute_account(entries, rule, dating.judge_checkpoints(rule, {2: sign(entries, {})}))
    assert stated.day == AT.date()


def test_a_checkpoint_under_another_size_is_refused():
    entries = make_entries()
    with pytest.raises(errors.Refused, match="has size 2"):
        dating.judge_checkpoints(make_policy("none"), {1: sign(entries, {})})
