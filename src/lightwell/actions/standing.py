"""How the public record stands: its newest signed record, who confirmed it and when, and the days counted.

Read for the log page; nothing is signed or asked here. Which witnesses count is what the state folder's
policy says; whoever verifies brings their own.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from lightwell.actions import moments
from lightwell.base import errors
from lightwell.db.models import Checkpoint
from lightwell.files.state import State
from lightwell.tlog import policy


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One witness of the policy, however many keys it has; when it confirmed the newest checkpoint."""

    name: str
    at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest checkpoint as the policy judges it."""

    size: int
    root: str
    text: str
    satisfied: bool
    sentence: str
    confirmations: tuple[Confirmation, ...]
    confirmed_at: datetime.datetime | None
    minutes_since: int | None
    policy_text: str
    witnesses_asked: bool = False
    local_witnesses: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether others than the log stand for it; a policy without witnesses is content with the log."""
        return self.satisfied and self.witnesses_asked


def read_standing(state: State) -> Standing | None:
    """Read how the log stands; None before the first checkpoint."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return None
    try:
        text = state.tiles.read_checkpoint()
    except OSError:
        text = None
    # The file carries the cosignatures that came after signing; the row is what the log signed.
    text = text or newest.text
    try:
        rule = state.read_policy()
    except errors.LightwellError as error:
        return Standing(newest.size, bytes(newest.root).hex(), text, False, str(error), (), None, None, "")
    judged = moments.judge(rule, text)
    times = {name: datetime.datetime.fromtimestamp(at, datetime.UTC) for name, at in judged.witnesses.items()}
    last = max(times.values(), default=None)
    return Standing(
        judged.checkpoint.size if judged.checkpoint else newest.size,
        judged.checkpoint.root.hex() if judged.checkpoint else bytes(newest.root).hex(),
        text,
        judged.satisfied,
        judged.sentence,
        _list_confirmations(rule, times),
        last,
        None if last is None else max(0, int((state.read_now() - last).total_seconds() // 60)),
        policy.format_policy(rule),
        rule.quorum != policy.NONE,
        policy.list_local_witnesses(rule),
    )


def _list_confirmations(
    rule: policy.Policy, times: Mapping[str, datetime.datetime]
) -> tuple[Confirmation, ...]:
    """One row for each witness: the name of its keys, and the earliest time that one of them states."""
    found: dict[str, list[datetime.datetime]] = {}
    for each in rule.witnesses:
        found.setdefault(each.verifier.name, []).extend(filter(None, [times.get(each.name)]))
    return tuple(Confirmation(name, min(stated, default=None)) for name, stated in found.items())
