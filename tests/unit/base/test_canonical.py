import pytest

from lightwell.base import canonical, errors


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"a":1,"a":2}', "stands twice"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b"[Infinity]", "not a JSON number"),
        (b"[1e999]", "finite"),
        (b"9007199254740993", "cannot be kept exactly"),
        (b"1" * 500, "more than 400 digits"),
        (b"[1,]", "not JSON"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'{"b":1,"a":2}', "canonical form"),
        (b"[1.0]", "canonical form"),
        (b"-0", "canonical form"),
        (b'"\\u00e9"', "canonical form"),
        (b'["\\ud800"]', "surrogate"),
        (b" 1", "canonical form"),
        (b"[" * 150 + b"]" * 150, "nested"),
        (b"[" * 200_000 + b"]" * 200_000, "nested"),
        (b"", "not JSON"),
    ],
)
def test_bytes_that_are_not_strict_canonical_json_are_refused_with_a_sentence(data, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        canonical.decode(data)


@pytest.mark.parametrize(
    ("value", "sentence", "place"),
    [
        ({"a": [1, 2**53]}, "2\\^53", "/a/1"),
        ({"a": -(2**60)}, "2\\^53", "/a"),
        ({1: "x"}, "not text", ""),
        ({"d": b"x"}, "not a JSON value", "/d"),
        ({"n": float("nan")}, "finite", "/n"),
        (["\udc00"], "surrogate", "/0"),
        ({"s": {1, 2}}, "not a JSON value", "/s"),
    ],
)
def test_a_value_json_cannot_carry_is_refused_at_its_place(value, sentence, place) -> None:
    with pytest.raises(errors.UserMistake, match=sentence) as caught:
        canonical.encode(value)
    assert caught.value.problems[0].place == place


def test_the_largest_safe_whole_numbers_pass() -> None:
    edge = 2**53 - 1
    assert canonical.decode(canonical.encode([edge, -edge])) == [edge, -edge]


def test_true_is_never_written_as_one() -> None:
    assert canonical.encode([True, 1, False, 0, None]) == b"[true,1,false,0,null]"


@pytest.mark.parametrize("code", range(0x80))
def test_each_ascii_character_is_escaped_as_the_rfc_says(code: int) -> None:
    short = {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r", 0x22: b'\\"', 0x5C: b"\\\\"}
    expected = short.get(code, b"\\u%04x" % code if code < 0x20 else bytes([code]))
    assert canonical.encode(chr(code)) == b'"' + expected + b'"'


def test_keys_sort_by_utf16_units_so_an_emoji_comes_before_a_private_use_letter() -> None:
    assert canonical.encode({"\ue000": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ue000":1}'.encode()


def test_a_digest_has_one_spelling_and_comes_back() -> None:
    digest = canonical.compute_digest({})
    assert digest == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert canonical.format_digest(canonical.parse_digest(digest)) == digest


@pytest.mark.parametrize("text", ["", "sha256:", "sha512:" + "0" * 64, "sha256:" + "A" * 64, "0" * 64])
def test_another_spelling_of_a_digest_is_refused(text: str) -> None:
    with pytest.raises(errors.UserMistake):
        canonical.parse_digest(text)
