"""The sample's data set with its codebook, and the example of a private answer, published by two people."""

from __future__ import annotations

from typing import Any

import disclosure_fixture
from disclosure_fixture import Desk

from lightwell.db.models import Disclosure
from lightwell.files import data

DATASET, ANSWER = "dat-6axk5dst76s3k1", disclosure_fixture.read_value("query-release")["id"]
QUESTION = "SELECT nights, AVG(sleep_hours) AS hours_of_sleep FROM survey GROUP BY nights"


def publish_dataset(desk: Desk) -> Disclosure:
    """Publish the data set, without a codebook first and then with it."""
    desk.disclose(disclosure_fixture.read_value("dataset"))
    return desk.disclose(disclosure_fixture.read_value("dataset-2"))


def publish_answer(desk: Desk, **changed: Any) -> Disclosure:
    """Publish the example of an answer, its body changed."""
    value = disclosure_fixture.read_value("query-release")
    return desk.disclose({**value, "body": {**value["body"], **changed}})


def read_answer() -> bytes:
    """The bytes of the example's answer."""
    return data.read_example_attachment("larkfield-nights-and-sleep.answer.json")
