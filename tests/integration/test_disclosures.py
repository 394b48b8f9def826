"""Every kind of record is published, superseded, partly held back, shown later and removed, each step checked
from the published bytes and the log alone."""

import hashlib
import json
import re
from pathlib import Path

import disclosure_fixture as fixture
import log_fixture
import pytest
import verify

from lightwell.actions import bundles, log
from lightwell.base import canonical, difference, disclosure, errors, ids, roles, tombstone, withholding
from lightwell.client import verify as first_verifier
from lightwell.db.models import Disclosure, LogEntry, Proposal, Provider, Service, Study, Tombstone
from lightwell.files import data

pytestmark = pytest.mark.django_db
SECRET = "Quixotic Marmalade Zeppelin"
LATER = fixture.at("2026-11-25")


@pytest.fixture
def desk(tmp_path: Path) -> fixture.Desk:
    return fixture.Desk(log_fixture.make_state(tmp_path / "state", []))


def read_entries() -> list[dict]:
    return [canonical.decode(bytes(each.data)) for each in LogEntry.objects.order_by("index")]


def make_value(kind: str, **changes) -> dict:
    """A first version of a kind under a new id, with a secret in its summary."""
    value = fixture.read_value("study-earlier" if kind == "study" else kind)
    value = {name: each for name, each in value.items() if name not in ("version", "supersedes", "hold_back")}
    value["id"] = ids.format_id(kind, b"newone__")
    value["date"] = "2026-11-01"
    if kind == "study":
        value["body"]["due_dates"] = [{"id": "documents", "what": "All documents", "date": "2027-03-31"}]
    value["body"] = {**value["body"], "summary": f"What nobody may read yet: {SECRET}."}
    return {**value, **changes}


def prepare(desk: fixture.Desk, kind: str) -> None:
    if kind in (*disclosure.KINDS_ABOUT_ANOTHER, "query-release"):
        desk.disclose_examples()


def hold(place: str = "/body/summary", expires: str = "2027-05-01") -> dict:
    return {"field": place, "ground": "confidential", "expires": expires, "decided_by": "approver"}


@pytest.mark.parametrize("kind", disclosure.KINDS)
def test_a_record_of_each_kind_goes_all_the_way(kind: str, desk: fixture.Desk) -> None:
    prepare(desk, kind)
    value = make_value(kind, hold_back=[hold()])
    first = desk.disclose(value, LATER)
    second = desk.disclose({**value, "language": "en-GB", "date": "2026-11-25"}, LATER)
    third = desk.lift(second.record, ["/body/summary"], LATER)
    old, new, lifted = (row.read_record() for row in (first, second, third))

    # From bytes alone: digests chain, the fingerprint did not change, the shown text is the one held back.
    assert old.withheld == new.withheld
    assert [old.body["summary"], new.body["summary"]] == [None, None]
    disclosure.check_succession(old, new)
    withholding.check_lift(new, lifted)
    assert SECRET in lifted.body["summary"]
    changed = difference.select_substance(difference.diff(old, new))
    assert [(each.pointer, each.new) for each in changed] == [("/language", "en-GB")]
    for row, record in ((first, old), (second, new), (third, lifted)):
        assert "sha256:" + hashlib.sha256(bytes(row.data)).hexdigest() == row.digest
        assert read_entries()[row.log_index] == disclosure.format_log_entry(record)

    desk.withdraw(first.record, "published-in-error", LATER)
    assert not Disclosure.objects.visible().filter(record=first.record).exists()
    for stone in Tombstone.objects.all():
        read = tombstone.parse_tombstone(canonical.decode(bytes(stone.data)))
        assert read.about.digest == stone.disclosure.digest
        assert read.decided_by == ("publisher", "approver")
        assert read_entries()[stone.log_index] == tombstone.format_tombstone(read)
    assert Tombstone.objects.count() == 3


def test_the_bundle_after_each_step_of_every_kind_is_verified_by_both_verifiers(
    desk: fixture.Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eleven kinds published, superseded, shown and removed; what is held back is there only once shown."""
    desk.disclose_examples()
    values = {kind: make_value(kind, hold_back=[hold()]) for kind in disclosure.KINDS}
    assert len(values) == 11

    def check(step: str) -> tuple[bool, int, tuple[str, ...]]:
        """Whether the secret is there, how many records of the eleven, what the verdict does not prove."""
        log.publish_checkpoint(state=desk.state, now=LATER)
        bundles.write_bundle(state=desk.state, folder=tmp_path / step)
        verdict = first_verifier.verify_bundle(tmp_path / step)
        assert verify.main([str(tmp_path / step)]) == 0, capsys.readouterr().out
        files = [path.read_bytes() for path in (tmp_path / step).rglob("*") if path.is_file()]
        mine = {value["id"].encode() for value in values.values()}
        here = [data for data in files if any(data.count(b'"id":"' + name) for name in mine)]
        return any(SECRET.encode() in data for data in files), len(here), verdict.not_proven

    before = check("before")[1]
    for value in values.values():
        desk.disclose(value, LATER)
    hidden, count, _ = check("published")
    assert (hidden, count - before) == (False, 11 + 1)  # the entries of the log are one file
    for value in values.values():
        desk.disclose({**value, "language": "en-GB", "date": "2026-11-25"}, LATER)
    assert check("superseded")[:2] == (False, count + 11)
    for value in values.values():
        desk.lift(value["id"], ["/body/summary"], LATER)
    assert check("shown")[:2] == (True, count + 22)
    for value in values.values():
        desk.withdraw(value["id"], "published-in-error", LATER)
    hidden, left, not_proven = check("removed")
    assert (hidden, left - before) == (False, 1)
    assert any("removed with a reason" in each for each in not_proven)


@pytest.mark.parametrize("kind", disclosure.KINDS)
def test_what_is_held_back_appears_nowhere_that_is_public(kind: str, desk: fixture.Desk) -> None:
    prepare(desk, kind)
    value = make_value(kind, hold_back=[hold()])
    first, second = desk.disclose(value, LATER), desk.disclose(value, LATER)
    changes = difference.diff(first.read_record(), second.read_record())
    salts = [opening["salt"] for row in (first, second) for opening in row.full["openings"]]
    public = [bytes(row.data).decode() for row in (first, second)]
    public += [bytes(each.data).decode() for each in LogEntry.objects.all()]
    public += [str(each) for each in changes]
    files = [path for path in (desk.state.root / "files" / "public").rglob("*") if path.is_file()]
    public += [path.read_bytes().decode("utf-8", "replace") for path in files]
    for text in public:
        assert not [word for word in SECRET.split() if word.lower() in text.lower()]
        assert not [salt for salt in salts if salt in text]
    assert SECRET in json.dumps(first.full)


def test_a_version_that_changes_nothing_has_an_empty_difference(desk: fixture.Desk) -> None:
    rows = {row.record: row for row in desk.disclose_examples()}
    for row in rows.values():
        value = {**disclosure.format_disclosure(disclosure.parse_disclosure(row.full["record"]))}
        drop = ("version", "supersedes", "withheld", "opened")
        value = {name: each for name, each in value.items() if name not in drop}
        value["hold_back"] = [
            {
                "field": held.pointer,
                "ground": held.ground,
                "expires": held.expires,
                "decided_by": held.decided_by,
            }
            for held in row.read_record().withheld
        ]
        following = desk.disclose(value)
        assert following.version == row.version + 1
        changes = difference.diff(row.read_record(), following.read_record())
        assert difference.select_substance(changes) == []


@pytest.mark.parametrize("kind", disclosure.KINDS)
def test_the_difference_lists_every_changed_field(kind: str, desk: fixture.Desk) -> None:
    prepare(desk, kind)
    value = make_value(kind)
    first = desk.disclose(value, LATER)
    body = {**value["body"], "title": "Another title", "summary": "Another summary."}
    second = desk.disclose({**value, "body": body}, LATER)
    old, new = first.read_record(), second.read_record()
    changes = difference.diff(old, new)
    assert {"/body/title", "/body/summary"} <= {each.pointer for each in changes}
    # Applying the list gives the new record, so no changed field is missing from it.
    assert difference.apply(disclosure.format_disclosure(old), changes) == disclosure.format_disclosure(new)


def test_nothing_in_the_log_is_free_text(desk: fixture.Desk) -> None:
    rows = desk.disclose_examples()
    desk.lift("rep-74sbpd5jqeb9h8", ["/body/findings/2/finding"], fixture.at("2026-06-01"))
    for row in rows:
        if row.kind not in ("letter", "study"):
            desk.withdraw(row.record, "third-party-rights", LATER, version=row.version)
    allowed = re.compile(
        r"(sha256:)?[0-9a-f]{64}|[a-z]{3}-[0-9a-hjkmnp-tv-z]{14}|\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?|"
        r"lightwell\.(disclosure|tombstone)\.v1|study"
    )
    words = {*disclosure.KINDS, *data.read_grounds(), *roles.ROLES}

    def list_texts(value) -> list[str]:
        if isinstance(value, dict):
            return [text for each in value.values() for text in list_texts(each)]
        if isinstance(value, list):
            return [text for each in value for text in list_texts(each)]
        return [value] if isinstance(value, str) else []

    texts = [text for entry in read_entries() for text in list_texts(entry)]
    assert len(texts) > 100
    assert [text for text in texts if text not in words and not allowed.fullmatch(text)] == []


def test_a_study_is_registered_with_its_first_version_only(desk: fixture.Desk) -> None:
    value = fixture.read_value("study")
    row = desk.disclose(value)
    study = Study.objects.get(pk=value["id"])
    entry = read_entries()[study.log_index]
    assert (entry["type"], entry["study"], entry["record"]) == ("study", row.record, row.digest)
    assert study.in_advance
    desk.disclose({name: each for name, each in value.items() if name != "version"})
    assert [each["type"] for each in read_entries()].count("study") == 1


def test_a_study_that_has_begun_cannot_be_registered_in_advance(desk: fixture.Desk) -> None:
    with pytest.raises(errors.UserMistake, match="cannot be registered in advance"):
        desk.disclose(fixture.read_value("study"), fixture.at("2025-04-01"))
    assert not Study.objects.exists()


def test_what_others_publish_does_not_make_a_company_take_part(desk: fixture.Desk) -> None:
    desk.disclose(fixture.read_value("letter"))
    company = Provider.objects.get()
    assert (company.slug, company.joined, company.sample) == ("larkfield", False, False)
    row = desk.disclose(fixture.read_value("reply"))
    company.refresh_from_db()
    assert company.joined
    assert disclosure.counts_as_answer(row.read_record())
    assert not disclosure.counts_as_answer(Disclosure.objects.get(kind="letter").read_record())


def test_services_are_made_once_and_never_move_to_another_company(desk: fixture.Desk) -> None:
    desk.disclose(fixture.read_value("study-earlier"))
    assert sorted(Service.objects.values_list("slug", flat=True)) == ["larkfield", "larkfield-live"]
    value = make_value("dataset", provider={"id": "other", "name": "Other"})
    value["services"] = [{"id": "larkfield-live", "name": "Larkfield Live"}]
    with pytest.raises(errors.UserMistake, match="belongs to larkfield"):
        desk.disclose(value, LATER)
    value = make_value("dataset", provider={"id": "larkfield", "name": "Larkfeld"})
    with pytest.raises(errors.UserMistake, match="known here as 'Larkfield"):
        desk.disclose(value, LATER)


def test_attachments_are_public_once_approved_and_gone_once_removed(
    desk: fixture.Desk, django_capture_on_commit_callbacks
) -> None:
    value = fixture.read_value("figures-edition")
    digest = value["attachments"][0]["digest"].removeprefix("sha256:")
    proposal = fixture.propose(desk.state, desk.find_pair(value["publisher"])[0], value, LATER)
    public = desk.state.files.find_path("public", digest)
    assert not public.exists()
    desk.approve(proposal, LATER)
    assert hashlib.sha256(public.read_bytes()).hexdigest() == digest
    with django_capture_on_commit_callbacks(execute=True):
        desk.withdraw(value["id"], "third-party-rights", LATER)
    assert not public.exists()
    assert desk.state.files.find_path("sealed", digest).exists()


def test_a_file_that_another_record_shows_stays_when_one_is_removed(
    desk: fixture.Desk, django_capture_on_commit_callbacks
) -> None:
    value = fixture.read_value("figures-edition")
    digest = value["attachments"][0]["digest"].removeprefix("sha256:")
    desk.disclose(value, LATER)
    desk.disclose({**value, "id": ids.format_id("figures-edition", b"secondon")}, LATER)
    with django_capture_on_commit_callbacks(execute=True):
        desk.withdraw(value["id"], "third-party-rights", LATER)
    assert desk.state.files.find_path("public", digest).exists()


def test_erasure_by_law_leaves_no_word_of_the_record(
    desk: fixture.Desk, django_capture_on_commit_callbacks
) -> None:
    value = make_value("dataset", hold_back=[hold()])
    row = desk.disclose(value, LATER)
    with django_capture_on_commit_callbacks(execute=True):
        desk.withdraw(row.record, "erased-by-law", LATER)
    row.refresh_from_db()
    assert (row.data, row.full) == (None, None)
    kept = json.dumps(list(Proposal.objects.values_list("payload", flat=True)))
    assert SECRET not in kept
    assert value["body"]["title"] not in kept
    with pytest.raises(errors.UserMistake, match="was erased; begin a new record"):
        desk.disclose(value, LATER)


def test_a_removed_version_cannot_be_removed_again_nor_shown(desk: fixture.Desk) -> None:
    row = desk.disclose(make_value("dataset", hold_back=[hold()]), LATER)
    desk.withdraw(row.record, "court-order", LATER)
    with pytest.raises(errors.UserMistake, match="removed before"):
        desk.withdraw(row.record, "court-order", LATER)
    with pytest.raises(errors.UserMistake, match="was removed"):
        desk.lift(row.record, ["/body/summary"], LATER)


def test_removal_needs_a_ground_for_removal(desk: fixture.Desk) -> None:
    row = desk.disclose(make_value("dataset"), LATER)
    with pytest.raises(errors.UserMistake) as caught:
        desk.withdraw(row.record, "confidential", LATER, version=4)
    assert [each.place for each in caught.value.problems] == ["version", "ground"]
    assert not Tombstone.objects.exists()


def test_a_text_under_a_fingerprint_never_changes_silently(desk: fixture.Desk) -> None:
    value = make_value("dataset", hold_back=[hold()])
    desk.disclose(value, LATER)
    body = {**value["body"], "summary": "Something else was meant all along."}
    with pytest.raises(errors.UserMistake, match="fingerprint of another text"):
        desk.disclose({**value, "body": body}, LATER)
    del value["hold_back"]
    shown = desk.disclose(value, LATER).read_record()
    assert SECRET in shown.body["summary"]
    assert [each.pointer for each in shown.opened] == ["/body/summary"]


def test_only_what_is_held_back_can_be_shown(desk: fixture.Desk) -> None:
    row = desk.disclose(make_value("dataset", hold_back=[hold()]), LATER)
    with pytest.raises(errors.UserMistake, match="held back are /body/summary"):
        desk.lift(row.record, ["/body/title"], LATER)


def test_showing_one_field_keeps_the_others_held_back(desk: fixture.Desk) -> None:
    row = desk.disclose(fixture.read_value("reputational-review"))
    places = ["/body/findings/2/finding", "/body/escalation/0/outcome"]
    second = desk.lift(row.record, places[:1], LATER)
    assert [each.pointer for each in second.read_record().withheld] == places[1:]
    third = desk.lift(row.record, places[1:], LATER)
    withholding.check_lift(second.read_record(), third.read_record())
    assert third.read_record().withheld == ()
    assert third.read_record().body == fixture.read_value("reputational-review")["body"]
