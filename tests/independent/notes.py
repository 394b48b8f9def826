"""Keys, signed notes, checkpoints and policies, written from docs/reference/transparency-log.md alone.

Part of the second verifier: standard library and `cryptography`, nothing of lightwell. Sources: C2SP
signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy. Raises `Refusal` with a sentence and the place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:  # an older `cryptography`: what needs it could then not be checked
    MLDSA44PublicKey = None

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SMALL_ORDER_Y = {
    int.from_bytes(bytes.fromhex(text), "little")
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}
ED25519, COSIGNATURE, ML_DSA = 1, 4, 6
LARGEST = 2**63 - 1
RESERVED = {"log", "witness", "group", "quorum", "any", "all", "none"}


class Refusal(Exception):
    """The bundle is not what it claims to be: `place` names where, the sentence says what."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}")
        self.place, self.sentence = place, sentence


class CannotCheck(Exception):
    """Something is missing on this computer, so that no verdict can be given."""


class Key(NamedTuple):
    name: str
    type: int
    public: bytes
    id: bytes


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


class Policy(NamedTuple):
    """`groups` in file order: (name, threshold, members)."""

    logs: list[Key]
    witnesses: dict[str, Key]
    groups: list[tuple[str, int, list[str]]]
    quorum: str


def read_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("this is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise ValueError("this is not the one spelling of its base64")
    return data


def read_decimal(text: str) -> int:
    if not text.isascii() or not text.isdigit() or str(int(text[:30])) != text or int(text) > LARGEST:
        raise ValueError("this is not a plain decimal number")
    return int(text)


def add_points(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """The addition law of the curve -x2 + y2 = 1 + d x2 y2, in plain coordinates."""
    t = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P
    return x, y


def check_ed25519_key(public: bytes) -> None:
    """Rule 1 of the document: canonical, on the curve, in the group of prime order, not the identity."""
    if len(public) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    number = int.from_bytes(public, "little")
    sign, y = number >> 255, number % 2**255
    if y >= P:
        raise ValueError("the Ed25519 key is not in its canonical spelling")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        raise ValueError("the Ed25519 key is not a point of the curve")
    point = ((P - x) % P if x % 2 != sign else x, y)
    total, power = (0, 1), point
    for bit in reversed(bin(L)[2:]):
        if bit == "1":
            total = add_points(total, power)
        power = add_points(power, power)
    if total != (0, 1) or point == (0, 1):
        raise ValueError("the Ed25519 key is not in the group of prime order")


def check_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    """Rules 2 and 3 of the document."""
    if len(signature) != 64:
        return False
    y = int.from_bytes(signature[:32], "little") % 2**255
    if int.from_bytes(signature[32:], "little") >= L or y >= P or y in SMALL_ORDER_Y:
        return False
    return _ask(Ed25519PublicKey, public, signature, message)


def check_mldsa(public: bytes, signature: bytes, message: bytes) -> bool:
    if MLDSA44PublicKey is None:
        raise CannotCheck("this version of the package cryptography knows no ML-DSA-44; install 50 or newer")
    return len(signature) == 2420 and _ask(MLDSA44PublicKey, public, signature, message)


def read_vkey(text: str) -> Key:
    """name+id+base64(type and key)."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_name(parts[0]):
        raise ValueError("this is not a public key line")
    name, digits, material = parts
    data = read_base64(material)
    if not data:
        raise ValueError("the key line is empty")
    kind, public = data[0], data[1:]
    if kind in (ED25519, COSIGNATURE):
        check_ed25519_key(public)
    elif kind == ML_DSA:
        if len(public) != 1312 or public[32:] == bytes(1280):
            raise ValueError("this is not an ML-DSA-44 key that could be trusted")
    else:
        raise ValueError(f"keys of type {kind} are not known here")
    identity = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if identity.hex() != digits:
        raise ValueError(f"the key of {name} does not fit its id")
    return Key(name, kind, public, identity)


def is_name(text: str) -> bool:
    return bool(text) and text.isprintable() and "+" not in text and not any(c.isspace() for c in text)


def split_note(data: bytes, place: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note as its text and its (name, key id, signature) lines; nothing is trusted yet."""
    if len(data) > 1_000_000:
        raise Refusal(place, "a signed note has at most 1,000,000 bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Refusal(place, "a signed note is UTF-8") from None
    if any(ord(c) < 32 and c != "\n" for c in whole):
        raise Refusal(place, "a signed note holds no control characters")
    cut = whole.rfind("\n\n")
    lines = whole[cut + 2 :]
    if cut < 0 or not lines.endswith("\n"):
        raise Refusal(place, "a signed note is a text, an empty line and signature lines")
    found = []
    for line in lines[:-1].split("\n"):
        words = line.split(" ")
        try:
            material = read_base64(words[2]) if len(words) == 3 else b""
        except ValueError:
            material = b""
        if len(material) < 5 or words[0] != "\u2014" or not is_name(words[1]):
            raise Refusal(place, "a signature line is not a dash, a name and base64")
        found.append((words[1], material[:4], material[4:]))
    if len(found) > 100:
        raise Refusal(place, "a note has at most 100 signatures")
    return whole[: cut + 1], found


def read_checkpoint(text: str, place: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or not all(lines[:3]) or lines[3]:
        raise Refusal(place, "a checkpoint is three lines: origin, size, root")
    try:
        size, root = read_decimal(lines[1]), read_base64(lines[2])
    except ValueError as error:
        raise Refusal(place, str(error)) from None
    if len(root) != 32 or (size == 0 and root != hashlib.sha256().digest()):
        raise Refusal(place, "the root is not one of a tree of this size")
    return Checkpoint(lines[0], size, root)


def check_signature(key: Key, text: str, checkpoint: Checkpoint, signature: bytes) -> int | None:
    """The time a good signature states (0 where its type states none), None for a bad one."""
    if key.type == ED25519:
        return 0 if check_ed25519(key.public, signature, text.encode()) else None
    time, bare = int.from_bytes(signature[:8], "big"), signature[8:]
    if time > LARGEST:
        return None
    if key.type == COSIGNATURE:
        good = check_ed25519(key.public, bare, f"cosignature/v1\ntime {time}\n{text}".encode())
        return time if good else None
    name, origin = key.name.encode(), checkpoint.origin.encode()
    if len(name) > 255 or len(origin) > 255:
        return None
    message = b"subtree/v1\n\x00" + bytes([len(name)]) + name + time.to_bytes(8, "big")
    message += bytes([len(origin)]) + origin + bytes(8) + checkpoint.size.to_bytes(8, "big") + checkpoint.root
    return time if check_mldsa(key.public, bare, message) else None


def judge_checkpoint(data: bytes, policy: Policy, place: str) -> tuple[Checkpoint, dict[str, int]]:
    """The checkpoint and the time each witness of the policy states; `Refusal` unless the log signed it.

    One bad line of a known key refuses the note. Whether the witnesses are enough: `meets_quorum`.
    """
    text, signatures = split_note(data, place)
    known: dict[tuple[str, bytes], Key] = {}
    for key in [*policy.logs, *policy.witnesses.values()]:
        if known.setdefault((key.name, key.id), key) != key:
            raise Refusal("policy", f"two keys of {key.name} share one id")
    checkpoint = read_checkpoint(text, place)
    times: dict[Key, int] = {}
    for name, identity, signature in signatures:
        key = known.get((name, identity))
        if key is None:
            continue
        time = check_signature(key, text, checkpoint, signature)
        if time is None:
            raise Refusal(place, f"the signature of {name} is wrong")
        times.setdefault(key, time)
    if not any(key in times and key.name == checkpoint.origin for key in policy.logs):
        raise Refusal(place, "no log of the policy has signed this checkpoint")
    witnessed = {name: times[key] for name, key in policy.witnesses.items() if key in times}
    if 0 in witnessed.values():
        raise Refusal(place, "a witness states no time")
    return checkpoint, witnessed


def read_policy(data: bytes, place: str = "policy") -> Policy:
    """C2SP tlog-policy, with the narrower rules of the document."""
    text = data.decode(errors="surrogateescape")
    if not text.endswith("\n") or text.count("\n") > 1000:
        raise Refusal(place, "a policy ends with a newline and has at most 1000 lines")
    policy = Policy([], {}, [], "")
    names: set[str] = set()
    grouped: set[str] = set()
    quorum = None
    for number, line in enumerate(text.split("\n")[:-1], 1):
        here = f"{place}, line {number}"
        if any((c < " " and c != "\t") or c == "\x7f" for c in line):
            raise Refusal(here, "a policy holds no control characters")
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            if words[0] == "log" and len(words) in (2, 3):
                _add_key(policy.logs, words[1], (ED25519, ML_DSA))
            elif words[0] == "witness" and len(words) in (3, 4):
                _define(names, words[1])
                witnesses = list(policy.witnesses.values())
                policy.witnesses[words[1]] = _add_key(witnesses, words[2], (COSIGNATURE, ML_DSA))
            elif words[0] == "group" and len(words) > 3:
                members = words[3:]
                for member in members:
                    if member not in names or member in grouped:
                        raise ValueError(f"{member} is not defined before, or in two groups")
                    grouped.add(member)
                _define(names, words[1])
                policy.groups.append((words[1], _read_threshold(words[2], len(members)), members))
            elif words[0] == "quorum" and len(words) == 2 and quorum is None:
                quorum = words[1]
                if quorum != "none" and quorum not in names:
                    raise ValueError(f"{quorum} is not defined before")
            else:
                raise ValueError("this line is not one of a policy, or the quorum stands twice")
        except (ValueError, UnicodeEncodeError) as error:
            raise Refusal(here, str(error)) from None
    if quorum is None or not policy.logs:
        raise Refusal(place, "a policy names a log and a quorum")
    return policy._replace(quorum=quorum)


def meets_quorum(policy: Policy, witnesses: set[str]) -> bool:
    met = set(witnesses)
    for name, threshold, members in policy.groups:
        if len(met & set(members)) >= threshold:
            met.add(name)
    return policy.quorum == "none" or policy.quorum in met


def find_quorum_time(policy: Policy, times: dict[str, int]) -> int | None:
    """The smallest time by which the witnesses that had cosigned met the quorum."""
    for time in sorted(set(times.values())):
        if meets_quorum(policy, {name for name, stated in times.items() if stated <= time}):
            return time
    return None


def _ask(algorithm: type, public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        algorithm.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _add_key(keys: list[Key], text: str, kinds: tuple[int, int]) -> Key:
    key = read_vkey(text)
    if key.type not in kinds:
        raise ValueError(f"a key of type {key.type} cannot stand in this line")
    if any(key.public == other.public for other in keys):
        raise ValueError("the same key stands twice")
    keys.append(key)
    return key


def _define(names: set[str], name: str) -> None:
    if name in RESERVED or name in names:
        raise ValueError(f"the name {name} is reserved or defined twice")
    names.add(name)


def _read_threshold(text: str, count: int) -> int:
    threshold = {"any": 1, "all": count}.get(text) or read_decimal(text)
    if not 1 <= threshold <= count:
        raise ValueError(f"a threshold is from 1 to {count}")
    return threshold
