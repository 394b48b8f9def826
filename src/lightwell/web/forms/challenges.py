"""Forms with which anybody asks a company about a paper, tells it which one, or shows an answer to be false.

What is typed are numbers that the checking program or the page's own script made; a paper is never sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms

from lightwell.archive import receipt, register, seal
from lightwell.base import errors

_MOST_PROOF = 200_000
_QUIET = {"autocomplete": "off", "spellcheck": "false"}


class HexField(forms.CharField):
    """32 bytes as 64 hex digits, spaces and capitals forgiven; read as bytes."""

    def __init__(self, **settings: Any) -> None:
        widget = forms.TextInput(attrs={**_QUIET, "size": 66})
        super().__init__(max_length=200, widget=widget, **settings)

    def clean(self, value: Any) -> bytes | None:
        """Read the digits; None for an empty field that may be empty."""
        text = "".join(str(super().clean(value)).split()).lower()
        if not text:
            return None
        try:
            return register.read_hash(text)
        except errors.Refused:
            raise forms.ValidationError(
                f"64 digits from 0 to 9 and a to f are needed, and here are {len(text)}. Copy it again."
            ) from None


class FileForm(forms.Form):
    """Which file is meant: for the company alone."""

    salt = HexField(label="Secret number", help_text="“salt” in your receipt.")
    sha256 = HexField(label="The file's fingerprint", help_text="“sha256” in your receipt.")
    size = forms.IntegerField(
        label="Size of the file in bytes",
        min_value=0,
        max_value=2**53 - 1,
        help_text="“size” in your receipt.",
        widget=forms.TextInput(attrs={**_QUIET, "inputmode": "numeric", "size": 20}),
    )

    def read_measure(self) -> seal.FileMeasure:
        """Return the measure that a valid form states."""
        return seal.FileMeasure(self.cleaned_data["sha256"], self.cleaned_data["size"])


class AskForm(forms.Form):
    """A question to a company; nothing in it tells which file is meant."""

    company = forms.ChoiceField(label="Company")
    commitment = HexField(label="Question", help_text="The line “question” that the program prints.")
    nonce = forms.IntegerField(
        label="Work number",
        min_value=0,
        max_value=2**64 - 1,
        help_text="The line “work”: it took your computer some time, so that nobody floods the record.",
        widget=forms.TextInput(attrs={**_QUIET, "inputmode": "numeric", "size": 24}),
    )

    def __init__(self, companies: Sequence[tuple[str, str]], *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.fields["company"].choices = companies


class DisproofForm(forms.Form):
    """A disproof as the program writes it, pasted whole."""

    proof = forms.CharField(
        label="The file that shows it",
        max_length=_MOST_PROOF,
        help_text="Its whole text, as “lightwell challenge disprove” wrote it.",
        widget=forms.Textarea(attrs={**_QUIET, "rows": 8, "cols": 60}),
    )

    def clean_proof(self) -> receipt.Disproof:
        """Read the disproof; what is none is a sentence beside the field."""
        try:
            return receipt.parse_disproof(json.loads(self.cleaned_data["proof"]))
        except (ValueError, RecursionError):
            raise forms.ValidationError("This is not the text of such a file. Copy all of it.") from None
        except errors.Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from None
        except errors.UserMistake as mistake:
            raise forms.ValidationError(str(mistake.problems[0])) from None


class AnswerForm(forms.Form):
    """The company's answer, proposed by one of its people."""

    answer = forms.ChoiceField(
        label="Answer",
        choices=[
            ("in-inventory", "It is in our inventory"),
            ("not-in-inventory", "It is not in our inventory"),
        ],
        widget=forms.RadioSelect,
    )
    named = forms.BooleanField(
        label="Name the document to everybody",
        required=False,
        help_text="Otherwise the holder alone learns which one it is.",
    )
