"""The form with which anybody says that a child can be identified."""

from __future__ import annotations

from django import forms


class ReportForm(forms.Form):
    """What is seen, in the visitor's words; nothing needs to be written."""

    words = forms.CharField(required=False, max_length=2000, strip=True)
