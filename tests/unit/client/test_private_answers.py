"""A forged record of a private answer is refused in a sentence, whatever stands in its body."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lightwell.base import errors
from lightwell.client import private_answers
from lightwell.client.bundle import Bundle
from lightwell.client.records import Records
from lightwell.query import statement

DIGEST = "sha256:" + "1" * 64


@pytest.mark.parametrize("file", [None, 7, "sha256:" + "2" * 64, [DIGEST], {"a": DIGEST}], ids=str)
def test_a_body_that_names_no_attached_answer_is_refused(file: Any) -> None:
    record = SimpleNamespace(
        kind=statement.KIND, id="qry-1", body={"file": file}, attachments=[SimpleNamespace(digest=DIGEST)]
    )
    records = cast(Records, SimpleNamespace(disclosures={"sha256:" + "0" * 64: record}))
    with pytest.raises(errors.Refused, match="not attached to it"):
        private_answers.check_answers(cast(Bundle, None), records)
