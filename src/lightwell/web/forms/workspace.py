"""Forms of the workspace: what people type, read once at the border. Rules live in the stories."""

from __future__ import annotations

import re
from typing import Any

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
