"""From a private answer to the proposal of its record: what the record says beside the answer's own words."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lightwell.actions import disclosures
from lightwell.actions.drafts import Prepared
from lightwell.base import disclosure, errors
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, Organisation
from lightwell.files.state import State
from lightwell.query import statement
from lightwell.query.release import Release

HOW = (
    "A program turned the question into a plan, and worked out from the codebook alone how far any one child "
    "could move each number.",
    "What the answer costs was used from the children's privacy budget before any data were read, for good.",
    "Noise was added to each exact number, of a size that hides whether any one child is in the data. The "
    "exact numbers were shown to nobody.",
    "The likely range follows from the size of the noise: in 95 of 100 answers it holds the number "
    "before noise was added.",
)
NOT_PROVEN = (
    "That the noise was drawn as described: from outside nobody can see that.",
    "That the data are right or complete, or what their description says of them.",
    "That no other answer was given from the same data and never published.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What whoever publishes an answer says about it: `title` is a sentence, `summary` at most 80 words."""

    title: str
    summary: str
    topics: Sequence[str]
    asks: Sequence[int] = (1,)


def prepare_answer(
    *,
    state: State,
    answer: Release,
    dataset: Disclosure,
    said: Said,
    publisher: Organisation,
    now: datetime.datetime,
    bounds: Mapping[str, int] | None = None,
) -> Prepared:
    """Make a proposal of an answer about a published data set, and keep the answer's bytes with it.

    `bounds` are `rows` and `groups` as they were tightened for it, if they were. `UserMistake` lists every
    problem; then nothing is kept.
    """
    about = dataset.read_record()
    named = about.body.get("codebook")
    if not isinstance(named, dict):
        raise errors.UserMistake(f"the record {about.id} names no codebook, so nothing can be asked of it")
    digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    record = disclosures.make_id(statement.KIND)
    body: dict[str, Json] = {
        "title": said.title,
        "summary": said.summary,
        "asks": list(said.asks),
        "topics": list(said.topics),
        "dataset": {"id": about.id},
        "question": answer.query,
        **({"bounds": dict(bounds)} if bounds else {}),
        **statement.describe_answer(answer.body),
        "how": list(HOW),
        "not_proven": list(NOT_PROVEN),
        "codebook": {name: named[name] for name in ("name", "version", "digest")},
        "file": digest,
    }
    value: dict[str, Json] = {
        "id": record,
        "kind": statement.KIND,
        "version": 1,
        "schema": 1,
        "publisher": {"id": publisher.slug, "role": publisher.role, "name": publisher.name},
        "provider": {"id": about.provider.id, "name": about.provider.name},
        "services": [{"id": each.id, "name": each.name} for each in about.services],
        "language": "en",
        "date": now.date().isoformat(),
        "supersedes": None,
        "about": None,
        "body": body,
        "attachments": [
            {
                "digest": digest,
                "bytes": len(answer.body),
                "media_type": "application/json",
                "title": statement.TITLE,
            }
        ],
    }
    payload = disclosures.format_payload(disclosure.parse_disclosure(value), ())
    disclosures.check_disclosure(payload, now)
    # A crash here leaves a file in the sealed area that no proposal names.
    state.files.put_bytes("sealed", answer.body)
    return Prepared("disclosure", record, 1, payload)
