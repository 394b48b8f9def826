"""Trust policies (C2SP tlog-policy): which logs, which witnesses, and how many of them.

A policy is a file that whoever verifies brings along; the publisher's own copy proves nothing.
Names are opaque octets, so a file is read as UTF-8 with every other byte kept as it is. Witness
keys must be cosignature keys (types 4 and 6): a plain key's signature states no time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from lightwell.base import errors as base_errors
from lightwell.tlog import checkpoint, cosignature, encoding, errors, key, note

NONE = "none"
_KEYWORDS = frozenset({"log", "witness", "group", "quorum", "any", "all", NONE})
_MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class Log:
    """A log the policy accepts; the name of its key is its origin."""

    verifier: note.Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the name the policy gives it, which need not be its key's name."""

    name: str
    verifier: note.Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group witnesses a checkpoint when at least `threshold` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy. `quorum` names a witness or a group, or is "none"."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    def __post_init__(self) -> None:
        problems = [problem for _, problem in _list_problems(self)]
        if problems:
            raise errors.PolicyError(problems=[base_errors.Problem("policy", text) for text in problems])


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The verdict on one checkpoint; `sentence` says it in words.

    `witnesses` maps the policy's name of each witness with a good cosignature to the Unix time it
    states; `checkpoint` is None when the log's own signature was not accepted.
    """

    satisfied: bool
    sentence: str
    checkpoint: checkpoint.Checkpoint | None = None
    witnesses: Mapping[str, int] = field(default_factory=dict)


def list_witness_names(rule: Policy, names: Collection[str]) -> tuple[str, ...]:
    """List the witnesses behind the given names of a policy: one that has two keys stands there twice."""
    return tuple(dict.fromkeys(each.verifier.name for each in rule.witnesses if each.name in names))


def list_local_witnesses(rule: Policy) -> tuple[str, ...]:
    """List the witnesses that the log reaches on its own computer; they show no independence."""
    local = [each.name for each in rule.witnesses if _is_loopback(urlsplit(each.url).hostname or "")]
    return list_witness_names(rule, local)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def parse_policy(data: str | bytes) -> Policy:
    """Read a policy file; `PolicyError` lists every wrong line."""
    raw = data.encode(errors="surrogateescape") if isinstance(data, str) else data
    text = raw.decode(errors="surrogateescape")
    problems: list[base_errors.Problem] = []
    logs: list[tuple[int, Log]] = []
    witnesses: list[tuple[int, Witness]] = []
    groups: list[tuple[int, Group]] = []
    quorums: list[tuple[int, str]] = []
    if text and not text.endswith("\n"):
        problems.append(base_errors.Problem("policy", "The last line must end with a newline."))
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise errors.PolicyError(f"A policy has at most {_MAX_LINES} lines.", place="policy")
    for number, line in enumerate(lines, 1):
        try:
            words = _split_words(line)
            match words:
                case []:
                    pass
                case ["log", vkey, *url] if len(url) < 2:
                    logs.append((number, Log(note.parse_vkey(vkey), *url)))
                case ["witness", name, vkey, *url] if len(url) < 2:
                    witnesses.append((number, Witness(name, note.parse_vkey(vkey), *url)))
                case ["group", name, threshold, *members] if members:
                    count = _parse_threshold(threshold, len(members))
                    groups.append((number, Group(name, count, tuple(members))))
                case ["quorum", name]:
                    quorums.append((number, name))
                case _:
                    raise ValueError("This line is none of log, witness, group and quorum with their parts.")
        except (ValueError, UnicodeEncodeError) as error:
            problems.append(base_errors.Problem(f"policy, line {number}", str(error)))
        except errors.NoteError as error:
            problems.append(base_errors.Problem(f"policy, line {number}", error.sentence))
    if len(quorums) != 1:
        problems.append(base_errors.Problem("policy", "A policy needs exactly one quorum line."))
    places = _number_definitions(witnesses, groups)
    problems.extend(_list_order_problems(groups, quorums, places))
    if problems:
        raise errors.PolicyError(problems=problems)
    return Policy(
        tuple(log for _, log in logs),
        tuple(witness for _, witness in witnesses),
        tuple(group for _, group in groups),
        quorums[0][1],
    )


def format_policy(policy: Policy) -> str:
    """The policy as a file, in an order in which every name is defined before it is used."""
    lines = [f"log {note.format_vkey(log.verifier)} {log.url}".rstrip() for log in policy.logs]
    lines += [
        f"witness {witness.name} {note.format_vkey(witness.verifier)} {witness.url}".rstrip()
        for witness in policy.witnesses
    ]
    lines += [f"group {group.name} {group.threshold} {' '.join(group.members)}" for group in policy.groups]
    return "\n".join([*lines, f"quorum {policy.quorum}", ""])


def meets_quorum(policy: Policy, names: Collection[str]) -> bool:
    """Whether cosignatures of the witnesses named would satisfy the quorum rule."""
    witnessed = set(names) & {witness.name for witness in policy.witnesses}
    for group in policy.groups:  # members are defined before their group, so one pass settles all
        if sum(member in witnessed for member in group.members) >= group.threshold:
            witnessed.add(group.name)
    return policy.quorum == NONE or policy.quorum in witnessed


def covers_every_quorum(policy: Policy, answered_names: Collection[str]) -> bool:
    """Whether the witnesses that answered intersect every set that could have been a quorum.

    If the witnesses that did not answer could form a quorum among themselves, an earlier
    checkpoint may exist that nobody asked has seen; otherwise at least one of those asked has
    seen every checkpoint that ever met the policy. With `quorum none` no checkpoint ever needed
    a witness, so there is nobody to ask and nothing is gained: the answer is True.
    """
    if policy.quorum == NONE:
        return True
    silent = {witness.name for witness in policy.witnesses} - set(answered_names)
    return not meets_quorum(policy, silent)


def check_policy(policy: Policy, note_text: str | bytes) -> PolicyResult:
    """Judge a signed checkpoint. Never raises for the note: a broken one is not satisfied."""
    log_keys = [log.verifier for log in policy.logs]
    witness_keys = [witness.verifier for witness in policy.witnesses]
    if not log_keys:
        return PolicyResult(False, "The policy names no log, so no checkpoint can be accepted.")
    try:
        opened = checkpoint.open_checkpoint(note_text, log_keys)
        everything = note.open_note(note_text, [*log_keys, *witness_keys])
    except (errors.NoteError, errors.CheckpointError) as error:
        return PolicyResult(False, error.sentence)
    good = {(signature.name, signature.key_id): signature for signature in everything.verified}
    times: dict[str, int] = {}
    for witness in policy.witnesses:
        signature = good.get((witness.verifier.name, witness.verifier.key_id))
        if signature is None:
            continue
        try:
            times[witness.name] = cosignature.read_timestamp(signature, witness.verifier)
        except errors.NoteError as error:
            return PolicyResult(False, error.sentence, opened.checkpoint)
    satisfied = meets_quorum(policy, times)
    return PolicyResult(satisfied, _describe(policy, times, satisfied), opened.checkpoint, times)


def _describe(policy: Policy, times: Mapping[str, int], satisfied: bool) -> str:
    if policy.quorum == NONE:
        return "The log has signed this checkpoint; the policy asks for no witness."
    if satisfied:
        return (
            f"The log has signed this checkpoint and enough witnesses confirm it: {', '.join(sorted(times))}."
        )
    names = ", ".join(sorted(times)) or "none"
    return f"Too few witnesses confirm this checkpoint for the quorum {policy.quorum}: {names}."


def _split_words(line: str) -> list[str]:
    if any((char < " " and char != "\t") or char == "\x7f" for char in line):
        raise ValueError("A policy must not contain control characters other than tab and newline.")
    words = line.replace("\t", " ").split(" ")
    words = [word for word in words if word]
    return [] if words and words[0].startswith("#") else words


def _parse_threshold(text: str, count: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else count
    number = encoding.parse_decimal(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= count:
        raise ValueError(f"A group's threshold must be any, all or a number from 1 to {count}.")
    return number


def _number_definitions(
    witnesses: list[tuple[int, Witness]], groups: list[tuple[int, Group]]
) -> dict[str, int]:
    """Line on which each name is first defined."""
    places: dict[str, int] = {}
    for number, name in sorted(
        [(number, witness.name) for number, witness in witnesses]
        + [(number, group.name) for number, group in groups]
    ):
        places.setdefault(name, number)
    return places


def _list_order_problems(
    groups: list[tuple[int, Group]], quorums: list[tuple[int, str]], places: Mapping[str, int]
) -> list[base_errors.Problem]:
    uses = [(number, member) for number, group in groups for member in group.members]
    uses += [(number, name) for number, name in quorums if name != NONE]
    return [
        base_errors.Problem(f"policy, line {number}", f"The name {name} is not defined on an earlier line.")
        for number, name in uses
        if places.get(name, number) >= number
    ]


def _list_problems(policy: Policy) -> list[tuple[str, str]]:
    """Every broken rule of a policy however it was made, as (name, sentence)."""
    problems: list[tuple[str, str]] = []
    defined: set[str] = set()
    members: set[str] = set()
    for name in [witness.name for witness in policy.witnesses] + [group.name for group in policy.groups]:
        if name in _KEYWORDS or not name or set(name) & set(" \t\n"):
            problems.append((name, f"The name {name!r} is reserved or empty; choose another."))
        if name in defined:
            problems.append((name, f"The name {name} is defined twice."))
        defined.add(name)
    known = {witness.name for witness in policy.witnesses}
    for group in policy.groups:
        if not 1 <= group.threshold <= len(group.members):
            problems.append((group.name, f"The threshold of group {group.name} is larger than the group."))
        for member in group.members:
            if member not in known:
                problems.append(
                    (member, f"Group {group.name} lists {member}, which is not defined before it.")
                )
            if member in members:
                problems.append((member, f"The name {member} is listed as a group member more than once."))
            members.add(member)
        known.add(group.name)
    if policy.quorum != NONE and policy.quorum not in known:
        problems.append((policy.quorum, f"The quorum {policy.quorum} is neither a witness nor a group."))
    problems += _list_key_problems(policy)
    return problems


def _list_key_problems(policy: Policy) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    for kind, keys, allowed in (
        ("log", [log.verifier for log in policy.logs], key.LOG_TYPES),
        ("witness", [witness.verifier for witness in policy.witnesses], key.TIMESTAMPED),
    ):
        seen: set[bytes] = set()
        for verifier in keys:
            if verifier.key_type not in allowed:
                types = " or ".join(str(int(number)) for number in sorted(allowed))
                problems.append(
                    (verifier.name, f"The {kind} key of {verifier.name} must be of type {types}.")
                )
            if verifier.public_key in seen:
                problems.append((verifier.name, f"The {kind} key of {verifier.name} is listed twice."))
            seen.add(verifier.public_key)
    return problems
