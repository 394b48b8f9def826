"""Forms of the rooms for hidden parts: what is hidden on a page, what is looked for, how much is drawn."""

from __future__ import annotations

from typing import Any

from django import forms

from lightwell.actions import redactions
from lightwell.web.forms.workspace import NumbersField


def _list_grounds() -> list[tuple[str, str]]:
    return [("", "Choose one"), *((each.id, each.title) for each in redactions.list_grounds())]


class GroundForm(forms.Form):
    """For which legal reason something is hidden, and when that is looked at again."""

    ground = forms.ChoiceField(
        label="Legal reason",
        choices=_list_grounds,
        help_text="Readers see it in the place of what is hidden. What each means stands below.",
        error_messages={"required": "Choose the legal reason.", "invalid_choice": "Choose one of the list."},
    )
    review = forms.DateField(
        required=False,
        label="Looked at again by",
        help_text="Left empty, it is the day that stands beside the reason below.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as 2027-03-31."},
    )


class PartForm(GroundForm):
    """What to hide on one page: words ticked or named by number, or a box in pixels of the page."""

    words = forms.CharField(
        required=False,
        max_length=4000,
        label="Words by number",
        help_text="Instead of ticking them: line and word, such as 4.2-4.3, 7.1.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    left = forms.IntegerField(required=False, label="Left")
    top = forms.IntegerField(required=False, label="Top")
    right = forms.IntegerField(required=False, label="Right")
    bottom = forms.IntegerField(required=False, label="Bottom")

    field_order = ("words", "left", "top", "right", "bottom", "ground", "review")
    box_names = ("left", "top", "right", "bottom")

    def clean(self) -> dict[str, Any]:
        """Want all four edges of a box or none."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        edges = [values.get(name) for name in self.box_names]
        if any(each is not None for each in edges) and None in edges:
            self.add_error("left", "A box has four edges: left, top, right and bottom.")
        return values

    def read_boxes(self) -> list[tuple[int, int, int, int]]:
        """Read the box of a form that is valid; none when it stayed empty."""
        left, top, right, bottom = (self.cleaned_data[name] for name in self.box_names)
        return [] if left is None else [(left, top, right, bottom)]


class CleanForm(PartForm):
    """What a reader sends who missed nothing: the same fields, no legal reason needed."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.fields["ground"].required = False


class PatternForm(forms.Form):
    """What to look for in the words of a study."""

    pattern = forms.CharField(
        max_length=500,
        strip=True,
        label="Words or pattern",
        help_text="Whatever the case of letters; a name, or a regular expression such as Smith|Jones.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write what to look for."},
    )
    items = NumbersField(required=False, help_text="Leave it empty for all, or write 1, 2, 5-9.")


class DetectionForm(forms.Form):
    """What programs look for: a roster as CSV, which is used and forgotten, and in which documents.

    It is typed or pasted, not handed in as a file, because a large file would be written to disk on its way.
    """

    roster = forms.CharField(
        required=False,
        max_length=5_000_000,
        label="Roster",
        help_text="A table as CSV with the columns kind (staff, participant, school or other) and name, and "
        "if you like ids, emails, handles, birth_date and ground. It is used once and not kept.",
        widget=forms.Textarea(
            attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false", "class": "code"}
        ),
    )
    items = NumbersField(required=False, help_text="Leave it empty for all, or write 1, 2, 5-9.")


class SampleForm(forms.Form):
    """How many pages to draw for somebody else to read."""

    count = forms.IntegerField(
        label="Pages to draw",
        help_text="Reading 60 pages without a miss means at most 5 in 100; 300 at most 1; 3,000 at most 1 in "
        "1,000.",
        error_messages={"required": "Write how many pages.", "invalid": "Write a whole number."},
    )
