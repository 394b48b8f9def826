"""Any k of n people restore a secret, fewer learn nothing, and a wrong share restores nothing."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.archive import escrow
from lightwell.base import errors

SECRET = bytes(range(32))
RANDOMNESS = bytes((7 * k + 3) % 256 for k in range(64))


@settings(deadline=None, max_examples=40)
@given(st.binary(min_size=1, max_size=40), st.integers(2, 5), st.integers(0, 4), st.data())
def test_every_large_enough_choice_of_shares_restores_the_secret(secret, threshold, more, data):
    size = (threshold - 1) * len(secret)
    randomness = data.draw(st.binary(min_size=size, max_size=size))
    shares = escrow.split_secret(secret, threshold, threshold + more, randomness)
    assert shares == [escrow.parse_share(escrow.format_share(share)) for share in shares]
    for chosen in itertools.combinations(shares, threshold):
        assert escrow.join_shares(chosen) == secret
    assert escrow.join_shares(shares) == secret


def test_the_field_is_that_of_aes():
    assert escrow._multiply(0x57, 0x83) == 0xC1, "FIPS 197, section 4.2"
    assert all(escrow._multiply(value, escrow._invert(value)) == 1 for value in range(1, 256))


def test_with_one_share_less_every_secret_is_equally_possible():
    # One share of two: for each candidate byte there is exactly one polynomial through the share.
    seen = {
        escrow.split_secret(bytes([secret]), 2, 2, bytes([slope]))[0].data
        for secret in (0,)
        for slope in range(256)
    }
    assert len(seen) == 256


def test_too_few_shares_are_refused():
    shares = escrow.split_secret(SECRET, 3, 5, RANDOMNESS)
    with pytest.raises(errors.Refused, match="3 different shares are needed; here are 2"):
        escrow.join_shares([shares[0], shares[1], shares[1]])
    with pytest.raises(errors.Refused, match="give the files"):
        escrow.join_shares([])


def test_shares_of_different_secrets_are_refused():
    one = escrow.split_secret(SECRET, 2, 3, RANDOMNESS[:32])
    two = escrow.split_secret(SECRET[::-1], 2, 3, RANDOMNESS[:32])
    with pytest.raises(errors.Refused, match="different secrets"):
        escrow.join_shares([one[0], two[1]])


def test_shares_of_two_splits_of_one_secret_restore_nothing():
    one = escrow.split_secret(SECRET, 2, 3, RANDOMNESS[:32])
    two = escrow.split_secret(SECRET, 2, 3, RANDOMNESS[32:])
    with pytest.raises(errors.Refused, match="a share is wrong"):
        escrow.join_shares([one[0], two[1]])


@pytest.mark.parametrize("position", [0, 20, 40, 60, -2])
def test_a_mistyped_share_is_refused_and_never_repeated(position):
    text = escrow.format_share(escrow.split_secret(SECRET, 2, 3, RANDOMNESS[:32])[0]).strip()
    wrong = list(text)
    wrong[position] = "0" if wrong[position] != "0" else "1"
    with pytest.raises(errors.Refused) as caught:
        escrow.parse_share("".join(wrong))
    assert text.split(":")[4][:16] not in str(caught.value)


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (4, 3), (2, 256), (0, 0)])
def test_numbers_that_protect_nothing_are_refused(threshold, count):
    with pytest.raises(errors.Refused):
        escrow.split_secret(SECRET, threshold, count, RANDOMNESS)
