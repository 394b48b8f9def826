"""Forms of the workspace: what people type, read once at the border. Rules live in the stories."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms

from lightwell.files import data

_NUMBERS = re.compile(r"[0-9]{1,6}(?:\s*,\s*[0-9]{1,6})*")


class DraftForm(forms.Form):
    """A record as YAML and the files that belong to it."""

    text = forms.CharField(max_length=2_000_000, strip=False, label="Record as YAML")


class PublicationForm(forms.Form):
    """What to publish of a study: all that is locked in, or documents by number, and the summary."""

    items = forms.CharField(required=False, max_length=4000, label="Documents, by number; empty for all")
    summary = forms.CharField(required=False, max_length=2000, label="Summary, at most 80 words")

    def clean_items(self) -> list[int] | None:
        """Read "1, 2, 5" as numbers; nothing means every document."""
        text = str(self.cleaned_data["items"]).strip()
        if not text:
            return None
        if not _NUMBERS.fullmatch(text):
            raise forms.ValidationError("Write numbers such as 1, 2, 5.")
        return [int(part) for part in text.split(",")]


class TakeBackForm(forms.Form):
    """Which published documents to take back, why, and when that is looked at again."""

    items = forms.CharField(max_length=4000, label="Documents, by number")
    ground = forms.ChoiceField(label="Legal reason")
    review = forms.DateField(label="Looked at again by", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grounds = [each for each in data.read_grounds().values() if "item" in each.applies_to]
        self.fields["ground"].choices = [(each.id, each.title) for each in grounds]

    def clean_items(self) -> list[int]:
        """Read "1, 2, 5" as numbers."""
        text = str(self.cleaned_data["items"]).strip()
        if not _NUMBERS.fullmatch(text):
            raise forms.ValidationError("Write numbers such as 1, 2, 5.")
        return [int(part) for part in text.split(",")]


class _NumbersForm(forms.Form):
    """Documents of a study by number; the forms below add what is said about them."""

    items = forms.CharField(max_length=4000, label="Documents, by number, such as 1, 2, 5")

    def clean_items(self) -> list[int]:
        """Read "1, 2, 5" as numbers."""
        text = str(self.cleaned_data["items"]).strip()
        if not _NUMBERS.fullmatch(text):
            raise forms.ValidationError("Write numbers such as 1, 2, 5.")
        return [int(part) for part in text.split(",")]


class ExtensionForm(_NumbersForm):
    """Which promised dates to move, how far, and why."""

    due = forms.DateField(label="New promised date", widget=forms.DateInput(attrs={"type": "date"}))
    ground = forms.ChoiceField(label="Legal reason", choices=lambda: _list_grounds("item"))

    def clean_due(self) -> str:
        """Give the date as the log writes it."""
        return str(self.cleaned_data["due"].isoformat())


class AlreadyPublicForm(_NumbersForm):
    """Which documents are public elsewhere, and the record that says where."""

    record = forms.CharField(max_length=40, label="Id of your record that says where")


class DisputeForm(_NumbersForm):
    """Which documents are disputed, and the commentary that says why."""

    study = forms.CharField(max_length=40, label="Id of the study")
    record = forms.CharField(max_length=40, label="Id of your commentary about the study")
    field_order: ClassVar[list[str]] = ["study", "items", "record"]


class KeyLostForm(_NumbersForm):
    """Which documents can never be opened."""


class ErasureForm(forms.Form):
    """Which document the law demands to be erased."""

    item = forms.IntegerField(min_value=1, label="Document, by number")
    ground = forms.ChoiceField(label="Legal reason", choices=lambda: _list_grounds("item"))


def _list_grounds(scope: str) -> list[tuple[str, str]]:
    return [(each.id, each.title) for each in data.read_grounds().values() if scope in each.applies_to]


class SealForm(forms.Form):
    """The id of the study typed again, because sealing cannot be taken back."""

    study = forms.CharField(max_length=40, label="Type the id of the study to lock it in")


class WithdrawalForm(forms.Form):
    """Which published record to remove, and why."""

    record = forms.CharField(max_length=40, label="Id of the record")
    version = forms.IntegerField(required=False, min_value=1, label="Version; empty for every version")
    ground = forms.ChoiceField(label="Legal reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grounds = [each for each in data.read_grounds().values() if "withdrawal" in each.applies_to]
        self.fields["ground"].choices = [(each.id, each.title) for each in grounds]
