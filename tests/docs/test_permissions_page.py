"""The page of permissions is made from the code and leaves nobody out."""

import importlib.util
import pathlib

import pytest

from lightwell.actions import proposals
from lightwell.base import roles

ROOT = pathlib.Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("make_permissions", ROOT / "docs" / "make" / "permissions.py")
maker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(maker)


def test_the_page_is_fresh() -> None:
    page = (ROOT / "docs" / "reference" / "permissions.md").read_text("utf-8")
    assert page == maker.make_page(), "run python docs/make/permissions.py"


def test_every_role_permission_and_two_person_story_is_on_the_page() -> None:
    page = maker.make_page()
    assert set(maker.WHO) == set(roles.ROLES)
    assert [words for words in roles.PERMISSIONS.values() if f"| {words} |" not in page] == []
    assert [kind for kind in proposals.STORIES if f"| `{kind}` |" not in page] == []


@pytest.mark.parametrize("kind", proposals.STORIES)
def test_every_story_is_approved_by_a_permission_that_exists(kind: str) -> None:
    story = proposals.STORIES[kind]
    assert {story.proposing, story.approving} <= set(roles.PERMISSIONS)
    assert roles.TWO_PERSON_PERMISSIONS.get(story.proposing, "approve") == story.approving
