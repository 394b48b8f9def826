"""The page of attacks on private queries is made from their tests and leaves none out."""

import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("make_attacks", ROOT / "docs" / "make" / "private_attacks.py")
maker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(maker)


def test_the_page_is_fresh() -> None:
    assert maker.PAGE.read_text("utf-8") == maker.make_page(), "run python docs/make/private_attacks.py"


def test_every_attack_tells_what_its_twin_and_what_it_got() -> None:
    attacks = maker.list_attacks()
    assert len(attacks) >= 18
    for file, _ in attacks:
        # Both results are printed by a test of the file.
        assert "stage.show(" in file.read_text("utf-8"), file.name
