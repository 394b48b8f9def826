"""What `lightwell redaction attack` does: hide secrets that somebody brings, then try to get them back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from lightwell.base import errors
from lightwell.files import attack as attacks
from lightwell.files import rehearsal, residue, workers


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one file: how many secrets, what each way gave back, what the residue check says."""

    name: str
    secrets: int
    boxes: attacks.Attack
    ours: attacks.Attack
    checked: residue.Result
    unseen: tuple[int, ...]


def attack_folder(folder: Path, as_json: bool) -> int:
    """Attack the files of a folder, print what came of it and return the exit code."""
    outcomes: list[_Outcome] = []
    problems: list[errors.Problem] = []
    with workers.Pool(1) as pool:
        for brought in rehearsal.read_folder(folder):
            try:
                outcomes.append(_attack(brought, pool))
            except errors.UserMistake as error:
                problems += error.problems
    text = _format_json(outcomes, problems) if as_json else _format_table(outcomes)
    click.echo(text)
    for problem in problems:
        click.echo(str(problem), err=True)
    failed = problems or any(each.ours.all_recovered or each.checked.blocks for each in outcomes)
    return errors.Refused.exit_code if failed else 0


def _attack(brought: rehearsal.Brought, pool: workers.Pool) -> _Outcome:
    secrets = brought.secrets
    covered = rehearsal.cover_file(brought.path, secrets, pool)
    ours = rehearsal.redact_file(brought.path, secrets, pool)
    return _Outcome(
        brought.path.name,
        len(secrets),
        attacks.attack_file(covered, secrets, pool),
        attacks.attack_file(ours.subject.pdf[:], secrets, pool),
        residue.check_residue(ours.subject, pool),
        ours.unseen,
    )


def _format_table(outcomes: Sequence[_Outcome]) -> str:
    lines = []
    for each in outcomes:
        state = "passed" if not each.checked.blocks else "stopped"
        what = "secret" if each.secrets == 1 else "secrets"
        lines.append(
            f"{each.name}: {each.secrets} {what}; boxes gave back {len(each.boxes.all_recovered)}, "
            f"Lightwell {len(each.ours.all_recovered)}; residue check {state}"
        )
        lines += [f"  {problem}" for problem in each.checked.list_problems()]
        if each.unseen:
            numbers = ", ".join(str(number + 1) for number in each.unseen)
            lines.append(f"  on no page, so that nothing was hidden for it: secret {numbers}")
    total = sum(each.secrets for each in outcomes)
    names = list(dict.fromkeys(name for each in outcomes for name in each.ours.recovered))
    lines += ["", f"{'recovered of ' + str(total):30}{'boxes':>10}{'Lightwell':>12}"]
    for name in names:
        boxes, ours = (
            sum(len(a.recovered.get(name, ())) for a in ways)
            for ways in ([each.boxes for each in outcomes], [each.ours for each in outcomes])
        )
        lines.append(f"{name:30}{boxes:>10}{ours:>12}")
    boxes, ours = _sum(each.boxes for each in outcomes), _sum(each.ours for each in outcomes)
    lines.append(f"{'all together':30}{boxes:>10}{ours:>12}")
    missing = {name: why for each in outcomes for name, why in each.ours.missing.items()}
    lines += [f"not tried: {name}: {why}" for name, why in missing.items()]
    return "\n".join(lines)


def _format_json(outcomes: Sequence[_Outcome], problems: Sequence[errors.Problem]) -> str:
    """Write the outcome for programs; secrets by their numbers from 1, never themselves."""

    def describe(found: attacks.Attack) -> dict[str, list[int]]:
        return {name: sorted(number + 1 for number in numbers) for name, numbers in found.recovered.items()}

    files = [
        {
            "file": each.name,
            "secrets": each.secrets,
            "boxes": describe(each.boxes),
            "lightwell": describe(each.ours),
            "not_tried": dict(each.ours.missing),
            "residue": [str(problem) for problem in each.checked.list_problems()],
            "ocr": each.checked.ocr_ran,
            "on_no_page": [number + 1 for number in each.unseen],
        }
        for each in outcomes
    ]
    recovered = _sum(each.ours for each in outcomes)
    value = {"recovered": recovered, "files": files, "problems": [str(problem) for problem in problems]}
    return json.dumps(value, indent=1, ensure_ascii=False)


def _sum(ways: Iterable[attacks.Attack]) -> int:
    return sum(len(each.all_recovered) for each in ways)
