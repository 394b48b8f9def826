"""Forms of the workspace: what people type, read once at the border. Rules live in the stories.

What a story refuses is put beside the field it is about (`blame`), so that nobody searches or types twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms

from lightwell.base import errors
from lightwell.files import data

_NUMBERS = re.compile(r"([0-9]{1,6})(?:\s*-\s*([0-9]{1,6}))?")
MOST_NUMBERS = 100_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to change: the place in words, the sentence, and the id of what it is about on the page.

    `page` is the address of another stretch of the list when it is there.
    """

    place: str
    sentence: str
    target: str
    page: str = ""


def blame(form: forms.Form, problems: Iterable[errors.Problem]) -> None:
    """Put what a story refused beside the fields of a form that was valid by itself."""
    for problem in problems:
        known = problem.place in form.fields
        form.add_error(
            problem.place if known else None, problem.sentence if known or not problem.place else str(problem)
        )


def list_faults(form: forms.Form) -> list[Fault]:
    """List everything that is wrong with a form, in the order of its fields."""
    faults = [Fault("", str(sentence), "") for sentence in form.non_field_errors()]
    for bound in form:
        faults += [Fault(str(bound.label), str(sentence), bound.id_for_label) for sentence in bound.errors]
    return faults


class NumbersField(forms.CharField):
    """Documents by their numbers, such as "1, 2, 5-9", read as a list; nothing is no list."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("help_text", "As in the list above, for example 1, 2, 5-9.")
        widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"})
        super().__init__(max_length=4000, widget=widget, **{"label": "Documents", **settings})

    def clean(self, value: Any) -> list[int] | None:
        """Read numbers and ranges, each number once."""
        text = super().clean(value)
        if not text:
            return None
        numbers: dict[int, None] = {}
        for part in text.split(","):
            found = _NUMBERS.fullmatch(part.strip())
            first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
            if not first <= last or last - first > MOST_NUMBERS:
                raise forms.ValidationError(
                    f"{part.strip()!r} is no number and no range; write for example 1, 2, 5-9."
                )
            numbers |= dict.fromkeys(range(first, last + 1))
        return list(numbers)


def _make_day(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        # A browser's own calendar sends and wants this form, whatever it shows.
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": "Choose a day.", "invalid": "Write the day as 2027-03-31."},
    )


def _make_ground(scope: str) -> forms.ChoiceField:
    def choices() -> list[tuple[str, str]]:
        listed = [(each.id, each.title) for each in data.read_grounds().values() if scope in each.applies_to]
        return [("", "Choose one"), *listed]

    return forms.ChoiceField(
        label="Legal reason",
        choices=choices,
        help_text="Readers see it, with the law behind it.",
        error_messages={"required": "Choose the legal reason.", "invalid_choice": "Choose one of the list."},
    )


class ChosenRecordField(forms.ChoiceField):
    """One of the published records that a person may speak about; the view fills the list."""

    def __init__(self, **settings: Any) -> None:
        messages = {
            "required": "Choose the record.",
            "invalid_choice": "There is no such published record of yours; publish it first.",
        }
        super().__init__(error_messages=messages, **settings)

    def offer(self, records: Iterable[tuple[str, str]]) -> None:
        """Offer records as (id, words)."""
        self.choices = [("", "Choose one"), *records]


class DraftForm(forms.Form):
    """A record as YAML and the files that belong to it."""

    text = forms.CharField(max_length=2_000_000, strip=False, label="Record as YAML")


class PublicationForm(forms.Form):
    """What to publish of a study: all that is locked in, or documents by number, and the summary."""

    items = NumbersField(
        required=False, help_text="Leave it empty for all that are left, or write 1, 2, 5-9."
    )
    summary = forms.CharField(
        required=False,
        max_length=2000,
        label="Your summary",
        help_text="At most 80 words, for readers without time. It is shown as your words, not as checked.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class TakeBackForm(forms.Form):
    """Which published documents to take back, why, and when that is looked at again."""

    items = NumbersField()
    ground = _make_ground("item")
    review = _make_day("Looked at again by", "Everybody sees this day, and whether it has passed.")

    def clean_review(self) -> str:
        """Give the date as the log writes it."""
        return str(self.cleaned_data["review"].isoformat())


class ExtensionForm(forms.Form):
    """Which promised dates to move, how far, and why."""

    items = NumbersField()
    due = _make_day("New promised date")
    ground = _make_ground("item")

    def clean_due(self) -> str:
        """Give the date as the log writes it."""
        return str(self.cleaned_data["due"].isoformat())


class AlreadyPublicForm(forms.Form):
    """Which documents are public elsewhere, and the record that says where."""

    items = NumbersField()
    record = ChosenRecordField(label="Your record that says where")


class DisputeForm(forms.Form):
    """Which documents are disputed, and the commentary that says why."""

    study = forms.ChoiceField(
        label="Study", error_messages={"required": "Choose the study.", "invalid_choice": "Choose a study."}
    )
    items = NumbersField(help_text="As on the study's public list, for example 1, 2, 5-9.")
    record = ChosenRecordField(label="Your commentary or reply about the study")


class NamingForm(forms.Form):
    """Which document gets another title or file name before it is public."""

    items = NumbersField(label="Document", help_text="One at a time, by its number in the list above.")
    title = forms.CharField(label="New title", max_length=500, required=False, help_text="Empty: it stays.")
    file = forms.CharField(
        label="New file name",
        max_length=500,
        required=False,
        help_text="With the same ending. Empty: it stays.",
    )


class KeyLostForm(forms.Form):
    """Which documents can never be opened."""

    items = NumbersField()


class ErasureForm(forms.Form):
    """Which document the law demands to be erased."""

    item = forms.IntegerField(
        min_value=1, label="Document", help_text="One at a time, by its number in the list above."
    )
    ground = _make_ground("item")


class SealForm(forms.Form):
    """The id of the study typed again, because sealing cannot be taken back."""

    study = forms.CharField(
        max_length=40,
        label="Type the id of the study",
        error_messages={"required": "Type the id of the study; nothing was locked in."},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, wanted: str = "", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._wanted = wanted
        self.fields["study"].help_text = f"It is {wanted}."

    def clean_study(self) -> str:
        """Accept the one id that locks this study in."""
        typed = str(self.cleaned_data["study"]).strip()
        if typed != self._wanted:
            raise forms.ValidationError(f"To lock it in, type {self._wanted} exactly; nothing was locked in.")
        return typed


class WithdrawalForm(forms.Form):
    """Which published record to remove, and why."""

    record = ChosenRecordField(label="Record")
    version = forms.IntegerField(
        required=False, min_value=1, label="Version", help_text="Leave it empty to remove every version."
    )
    ground = _make_ground("withdrawal")


class LiftForm(forms.Form):
    """Which of the fields that a record holds back are shown."""

    fields_shown = forms.MultipleChoiceField(
        label="What readers may see from now on",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )


class ApprovalForm(forms.Form):
    """The second person's word that they looked before something that stays for ever is done."""

    looked = forms.BooleanField(
        label="I have looked at everything above, and approve it.",
        error_messages={"required": "Look at what would be done, then say so; nothing was done."},
    )
