"""What may stand in an address where it is more than a word: the forms in which charts and rows are sent."""

from __future__ import annotations


class FigureForm:
    """The forms of a figure over time."""

    regex = "svg|png|csv"

    def to_python(self, value: str) -> str:
        """Return the form."""
        return value

    def to_url(self, value: str) -> str:
        """Return what stands in the address."""
        return value


class FigurePicture(FigureForm):
    """The forms of a chart without a table of its own."""

    regex = "svg|png"


class DummyForm(FigureForm):
    """The forms in which invented rows are sent."""

    regex = "parquet|csv"


class CitationForm(FigureForm):
    """The forms of an entry for reference managers."""

    regex = "json|bib"
