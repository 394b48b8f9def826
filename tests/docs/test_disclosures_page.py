"""The reference page of the disclosures is made from the code and says everything."""

import dataclasses
import importlib.util
import pathlib

from lightwell.base import disclosure
from lightwell.files import data

ROOT = pathlib.Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("make_disclosures", ROOT / "docs" / "make" / "disclosures.py")
maker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(maker)


def test_the_page_is_fresh() -> None:
    page = (ROOT / "docs" / "reference" / "disclosures.md").read_text("utf-8")
    assert page == maker.make_page(), "run python docs/make/disclosures.py"


def test_every_field_of_the_envelope_is_explained() -> None:
    assert set(maker.ENVELOPE) == {field.name for field in dataclasses.fields(disclosure.Disclosure)}


def test_every_kind_ground_and_field_is_on_the_page() -> None:
    page = maker.make_page()
    for kind in disclosure.KINDS:
        schema = data.read_schema(kind, data.list_versions(kind)[-1])
        section = page.partition(f"(`{kind}`, schema")[2].partition("\n### ")[0]
        for name in schema["properties"]:
            assert f"`{name}`" in section or f"`{name}[]`" in section, f"{kind}/{name}"
    for each in data.read_grounds():
        assert f"`{each}`" in page
