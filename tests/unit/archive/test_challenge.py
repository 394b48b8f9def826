"""Commitments, hidden answers and the price of asking: each against what its rule says, and its way back."""

import hashlib

import pytest

from lightwell.archive import challenge, commitment, seal
from lightwell.base import errors
from lightwell.tlog import tree

SALT, OTHER = b"s" * 32, b"t" * 32
KEY = b"k" * 32
MEASURE = seal.FileMeasure(hashlib.sha256(b"paper").digest(), 5)
HEADER = seal.Header("std-x", 3, 2, "test")
ROOTS = [b"1" * 32, b"2" * 32]


def test_a_commitment_is_the_hash_that_the_reference_states() -> None:
    stated = hashlib.sha256(b"lightwell.challenge.v1\n" + SALT + MEASURE.digest + bytes([0] * 7 + [5]))
    assert challenge.commit_file(SALT, MEASURE) == stated.digest()


@pytest.mark.parametrize(
    ("salt", "measure"),
    [
        (OTHER, MEASURE),
        (SALT, seal.FileMeasure(MEASURE.digest, 6)),
        (SALT, seal.FileMeasure(hashlib.sha256(b"other").digest(), 5)),
    ],
)
def test_another_salt_size_or_file_gives_another_commitment(salt: bytes, measure: seal.FileMeasure) -> None:
    assert challenge.commit_file(salt, measure) != challenge.commit_file(SALT, MEASURE)


def test_a_short_salt_or_a_negative_size_is_refused() -> None:
    for salt, size in ((b"short", 5), (SALT, -1)):
        with pytest.raises(errors.Refused):
            challenge.commit_file(salt, seal.FileMeasure(MEASURE.digest, size))


def test_the_route_of_an_item_leads_from_its_file_to_its_commitment_and_from_no_other_file() -> None:
    sealed = seal.compute_commitment(KEY, HEADER, MEASURE, ROOTS)
    route = challenge.trace_route(KEY, HEADER, ROOTS)
    assert route.find_commitment(MEASURE) == sealed
    assert route.find_commitment(seal.FileMeasure(MEASURE.digest, 6)) != sealed


def test_a_hidden_route_comes_back_with_its_salt_only() -> None:
    route = challenge.trace_route(KEY, HEADER, ROOTS)
    hidden = challenge.hide_route(SALT, route)
    assert challenge.show_route(SALT, hidden) == route
    assert challenge.show_route(OTHER, hidden) != route
    assert not set(hidden) & set(route.parts)


def test_a_route_tells_nothing_from_which_the_key_or_a_page_follows() -> None:
    route = challenge.trace_route(KEY, HEADER, ROOTS)
    assert KEY not in route.parts
    assert route.pages_root == tree.compute_root(ROOTS)
    assert route.file_salt == commitment.derive_secret(KEY, "file")


def test_work_is_found_measured_and_bound_to_the_company_and_the_commitment() -> None:
    sealed = challenge.commit_file(SALT, MEASURE)
    nonce = challenge.find_work("larkfield", sealed, 12)
    assert challenge.measure_work("larkfield", sealed, nonce) >= 12
    spared = [
        challenge.measure_work("nightjar", sealed, nonce),
        challenge.measure_work("larkfield", OTHER, nonce),
        challenge.measure_work("larkfield", sealed, nonce + 1),
    ]
    assert min(spared) < 12


def test_asking_costs_twice_as_much_with_every_ten_of_a_day_and_never_becomes_impossible() -> None:
    assert [challenge.count_bits(n) for n in (0, 9, 10, 25, 10_000)] == [18, 18, 19, 20, 40]
