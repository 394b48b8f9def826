"""RFC 8785: the public vectors of cyberphone/json-canonicalization and Appendix B of the RFC."""

import json
import pathlib
import struct

import pytest

from lightwell.base import canonical, errors

FOLDER = pathlib.Path(__file__).parent / "data" / "jcs"
NAMES = sorted(path.stem for path in (FOLDER / "input").glob("*.json"))

# RFC 8785 Appendix B: the bits of a double and how ECMAScript writes it.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


def test_the_vector_folder_holds_the_six_published_cases() -> None:
    assert NAMES == ["arrays", "french", "structures", "unicode", "values", "weird"]


@pytest.mark.parametrize("name", NAMES)
def test_a_published_input_gives_the_published_bytes(name: str) -> None:
    value = json.loads((FOLDER / "input" / f"{name}.json").read_text("utf-8"))
    expected = bytes.fromhex((FOLDER / "outhex" / f"{name}.txt").read_text("ascii"))
    assert canonical.encode(value) == expected
    assert (FOLDER / "output" / f"{name}.json").read_bytes() == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_published_output_is_read_as_canonical_and_the_input_is_not(name: str) -> None:
    canonical.decode((FOLDER / "output" / f"{name}.json").read_bytes())
    source = (FOLDER / "input" / f"{name}.json").read_bytes()
    with pytest.raises(errors.UserMistake, match="canonical"):
        canonical.decode(source)
    assert canonical.encode(canonical.decode(source, require_canonical=False)) == bytes.fromhex(
        (FOLDER / "outhex" / f"{name}.txt").read_text("ascii")
    )


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_a_double_of_appendix_b_is_written_as_printed_there(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical.encode(number) == text.encode()
    assert canonical.decode(text.encode()) == number


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
def test_what_appendix_b_forbids_is_refused(bits: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    with pytest.raises(errors.UserMistake, match="finite"):
        canonical.encode([number])
