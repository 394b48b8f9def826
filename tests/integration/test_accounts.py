"""The account of pages: every page stands in exactly one place, whatever happens to its document."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell.actions import accounts
from lightwell.archive import completeness, rules

DAY = datetime.date(2026, 6, 15)


def make_gap(
    state: str,
    pages: int | None,
    pages_open: int | None = None,
    opened: bool = False,
    redacted: int = 0,
) -> completeness.Gap:
    item = completeness.Item(
        "std-1",
        1,
        DAY,
        DAY,
        pages,
        True,
        opened=DAY if opened else None,
        pages_open=pages_open,
        pages_redacted=redacted,
    )
    return completeness.Gap(item, state, rules.Lateness(0, 0))


@given(
    st.sampled_from(completeness.STATES),
    st.integers(1, 500),
    st.integers(0, 500),
    st.booleans(),
    st.integers(0, 500),
    st.none() | st.integers(0, 500),
)
def test_no_page_is_lost_and_none_is_counted_twice(
    state: str, pages: int, open_pages: int, opened: bool, hidden: int, suspended: int | None
) -> None:
    account = accounts.account_item(make_gap(state, pages, open_pages, opened, hidden), suspended)
    assert account.in_all == pages
    assert account.promised == account.published + account.hidden + account.held + account.late
    assert min(account.published, account.hidden, account.held, account.late, account.later) >= 0


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("opened", (10, 0, 0, 0, 0)),
        ("opened-late", (10, 0, 0, 0, 0)),
        ("already-public", (10, 0, 0, 0, 0)),
        ("withheld", (0, 0, 10, 0, 0)),
        ("suspended", (0, 0, 10, 0, 0)),
        ("erased-by-law", (0, 0, 10, 0, 0)),
        ("key-lost", (0, 0, 10, 0, 0)),
        ("overdue", (0, 0, 0, 10, 0)),
        ("sealed", (0, 0, 0, 0, 10)),
        ("due-soon", (0, 0, 0, 0, 10)),
    ],
)
def test_each_state_puts_its_pages_where_a_reader_expects_them(state: str, expected: tuple[int, ...]) -> None:
    account = accounts.account_item(make_gap(state, 10, 10, state.startswith("opened")))
    assert (account.published, account.hidden, account.held, account.late, account.later) == expected


def test_a_partly_published_document_splits_into_open_hidden_and_held() -> None:
    account = accounts.account_item(make_gap("partly-opened", 10, 7, True, 2))
    assert (account.published, account.hidden, account.held) == (5, 2, 3)


def test_pages_out_of_view_one_by_one_are_held_and_the_others_stay_published() -> None:
    account = accounts.account_item(make_gap("suspended", 10, 10, True), suspended=3)
    assert (account.published, account.held) == (7, 3)


def test_a_file_that_cannot_be_counted_is_a_document_and_never_zero_pages() -> None:
    account = accounts.account_item(make_gap("held-not-read", None, None, True))
    assert (account.documents, account.uncounted, account.uncounted_published, account.in_all) == (1, 1, 1, 0)
