"""A whole small archive written row by row, for tests of the reader's pages.

Six studies of the sample with every outcome a document can have, every kind of record, a company that
never joined. No file is sealed or drawn here.

Run as a script with a folder it makes a state folder to look at:
    .venv/bin/python tests/integration/site_fixture.py /tmp/site && LIGHTWELL_STATE=/tmp/site ... runserver
"""

from __future__ import annotations

import datetime
import os
import secrets
import sys
from pathlib import Path
from typing import Any

ORIGIN = "sample.lightwell.example/larkfield"
NOW = datetime.datetime(2026, 6, 15, 9, 30, tzinfo=datetime.UTC)
WITHHELD_WORDS = "changing the region before opening a broadcast"
PRIVATE_TITLE = "Zanzibar interview notes"
DISPUTED = 1

SERVICES = {
    "larkfield": "Larkfield",
    "larkfield-clips": "Larkfield Clips",
    "larkfield-live": "Larkfield Live",
    "larkfield-messages": "Larkfield Messages",
    "larkfield-groups": "Larkfield Groups",
    "larkfield-junior": "Larkfield Junior",
}


def build_site(root: Path) -> Any:
    """Write the archive into the connected database and into a state folder; returns the opened state."""
    from lightwell.db.models import Provider, Service
    from lightwell.files.state import State
    from lightwell.sample import catalogue
    from lightwell.tlog import key as keys
    from lightwell.tlog import note

    root.mkdir(parents=True, exist_ok=True)
    signers = [
        note.generate_signer(ORIGIN, keys.KeyType.ED25519, bytes(32)),
        note.generate_signer(ORIGIN, keys.KeyType.ML_DSA_44, bytes(32)),
    ]
    witness = note.generate_signer("witness.example/one", keys.KeyType.COSIGNATURE_V1, b"w" * 32)
    (root / "log.key").write_text("".join(keys.format_skey(signer) + "\n" for signer in signers))
    lines = [f"log {keys.format_vkey(signer.verifier)}\n" for signer in signers]
    # Quorum none: nobody stood behind the invented past days, so each entry counts at its own time.
    (root / "policy").write_text(
        "".join(lines) + f"witness one {keys.format_vkey(witness.verifier)}\nquorum none\n"
    )
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    state = State(root)
    provider = Provider.objects.create(slug="larkfield", name="Larkfield (sample)", sample=True)
    for slug, name in SERVICES.items():
        Service.objects.create(slug=slug, provider=provider, name=name)
    absent = Provider.objects.create(slug="nightjar", name="Nightjar (sample)", joined=False, sample=True)
    Service.objects.create(slug="nightjar-chat", provider=absent, name="Nightjar Chat")
    for study in catalogue.STUDIES:
        _add_study(study)
    _add_examples(state)
    _add_question()
    _confirm(state, signers, witness)

    return state


def _confirm(state: Any, signers: Any, witness: Any) -> None:
    from lightwell.actions import log
    from lightwell.tlog import cosignature, note

    text = log.sign(store=state.tiles, origin=ORIGIN, signers=signers)
    signed = cosignature.cosign(note.parse_note(text).text, witness, int(NOW.timestamp()) - 11 * 60)
    state.tiles.write_checkpoint(cosignature.add_cosignatures(text, [signed], [witness.verifier]))


def _add_study(study: Any) -> None:
    import yaml

    from lightwell.actions import log
    from lightwell.archive import entry
    from lightwell.base import canonical
    from lightwell.db.models import Holding, Inventory, Item, Opening, Publication, Study
    from lightwell.files import drafts, yaml_lines
    from lightwell.sample import catalogue, registration

    draft = registration.make_draft(study, catalogue.analyse())
    text = yaml.safe_dump(draft, allow_unicode=True, sort_keys=False).encode()
    slot = drafts.Slot(draft.get("id") or _make_id("study"))
    read = drafts.parse_draft(yaml_lines.parse_document(text, "study.yaml"), slot)
    at = _at(study.registered)
    row = _add_record(read, at)
    (index,) = log.append(entries=[entry.make_study(at, row.record, study.in_advance, row.digest, None)])
    made = Study.objects.create(
        id=row.record, provider_id="larkfield", in_advance=study.in_advance, log_index=index, registered_at=at
    )
    documents = list(study.documents)
    sealed_at = _at(study.registered + datetime.timedelta(days=9))
    entries = []
    for number, document in enumerate(documents, 1):
        entries.append(
            entry.make_item(
                sealed_at,
                made.id,
                number,
                document.kind,
                _count_pages(document),
                _count_pages(document) is not None,
                study.date_due(document),
                bytes([number]) * 32,
            )
        )
    places = log.append(
        entries=[*entries, entry.make_inventory(sealed_at, made.id, 1, len(entries), bytes(32))]
    )
    inventory = Inventory.objects.create(
        study=made, number=1, root="00" * 32, log_index=places[-1], sealed_at=sealed_at
    )
    published = 0
    last = sealed_at
    for number, (document, place) in enumerate(zip(documents, places, strict=False), 1):
        pages = _count_pages(document)
        late = study.date_due(document) >= NOW.date() or document.planned == "overdue"
        item = Item.objects.create(
            study=made,
            inventory=inventory,
            number=number,
            kind=document.kind,
            file_name=f"{number}.pdf",
            title=PRIVATE_TITLE if late or document.planned == "withheld" else document.title,
            date=document.written.isoformat(),
            intent="publish",
            due=study.date_due(document),
            media_type="application/pdf" if pages else "text/plain",
            size=1000,
            sha256=f"{number:02x}" * 32,
            pages=pages,
            read=pages is not None,
            renderer="test",
            commitment=f"{number:02x}" * 32,
            log_index=place,
        )
        if late:
            continue
        last = at = _at(study.date_due(document) - datetime.timedelta(days=6))
        held = document.withheld[0] if document.withheld else None
        if document.planned == "withheld" and held:
            review = at.date() + datetime.timedelta(days=held.review_days)
            (index,) = log.append(
                entries=[entry.make_withholding(at, made.id, number, held.ground, "approver", review)]
            )
            Holding.objects.create(
                item=item, ground=held.ground, decided_by="approver", review=review, log_index=index
            )
            continue
        opening: dict[str, Any] = {"type": "test", "study": made.id, "item": number}
        open_pages, redacted = pages, 0
        if held and pages:
            open_pages, redacted = pages - 2, 3
        digest = canonical.compute_digest(opening)
        (index,) = log.append(entries=[entry.make_opening(at, made.id, number, open_pages, digest, redacted)])
        Opening.objects.create(
            item=item,
            digest=digest,
            data=canonical.encode(opening),
            whole=not held,
            log_index=index,
            opened_at=at,
        )
        if held and pages:
            for page in (pages - 1, pages):
                Holding.objects.create(
                    item=item,
                    page=page,
                    ground=held.ground,
                    decided_by="approver",
                    review=at.date() + datetime.timedelta(days=held.review_days),
                    log_index=index,
                )
        item.named = True
        item.save()
        published += 1
    if published:
        record = {"type": "test-publication", "study": made.id, "summary": study.summary}
        (index,) = log.append(entries=[{"type": "publication", "v": 1, "study": made.id}])
        Publication.objects.create(
            study=made,
            number=1,
            digest=canonical.compute_digest(record),
            data=canonical.encode(record),
            log_index=index,
            published_at=last,
        )


def _add_question() -> None:
    """Somebody asked about a paper and told the company; nobody answered in time."""
    from lightwell.actions import log
    from lightwell.archive import entry, register
    from lightwell.db.models import Challenge

    name, at = _make_id("challenge"), NOW - datetime.timedelta(days=40)
    asked = entry.make_challenge(at, name, "larkfield", bytes(32))
    told = entry.make_challenge_handover(at, name, register.find_due(at.date()))
    index, _ = log.append(entries=[asked, told])
    Challenge.objects.create(
        id=name, provider_id="larkfield", commitment="00" * 32, log_index=index, at=at, handed_at=at
    )


def _add_examples(state: Any) -> None:
    from lightwell.actions import log
    from lightwell.base import disclosure, tombstone
    from lightwell.db.models import Disclosure, Tombstone
    from lightwell.files import data, drafts, yaml_lines

    # A company that never joined is named here by whoever writes about it, and by nobody else.
    absent = "absent-letter"
    texts = {absent: data.read_sample_records()[absent]}
    texts |= {name: data.read_example(name) for name in data.list_examples()}
    for name, text in texts.items():
        document = yaml_lines.parse_document(text, f"{name}.yaml")
        read = drafts.parse_draft(document, drafts.Slot(_make_id(str(document.value["kind"]))))
        if Disclosure.objects.filter(record=read.record.id, version=read.record.version).exists():
            continue
        _add_record(read, min(_at(datetime.date.fromisoformat(read.record.date)), NOW))
        if read.record.kind in ("dataset", "query-release"):
            for each in read.record.attachments:
                state.files.put_bytes("public", data.read_example_attachment(each.title))
    # One record was removed again; its place, date and reason stay.
    source = Disclosure.objects.filter(kind="commentary").first()
    record = source.read_record()
    body = {**record.body, "title": "A removed commentary about Larkfield"}
    gone = disclosure.change(record, id=_make_id("commentary"), body=body, withheld=())
    row = _store(gone, NOW - datetime.timedelta(days=3))
    stone = tombstone.make_tombstone(
        gone, "published-in-error", NOW.date().isoformat(), ("publisher", "approver")
    )
    (index,) = log.append(entries=[tombstone.format_tombstone(stone)])
    from lightwell.base import canonical

    Tombstone.objects.create(
        disclosure=row,
        ground=stone.ground,
        date=stone.date,
        data=canonical.encode(tombstone.format_tombstone(stone)),
        log_index=index,
    )


def _add_record(read: Any, at: datetime.datetime) -> Any:
    from lightwell.base import withholding

    salts = {decision.pointer: secrets.token_bytes(32) for decision in read.decisions}
    public, _openings = withholding.withhold_fields(read.record, read.decisions, salts)
    return _store(public, at)


def _store(record: Any, at: datetime.datetime) -> Any:
    from lightwell.actions import log
    from lightwell.base import disclosure
    from lightwell.db.models import Disclosure, Provider

    Provider.objects.get_or_create(
        slug=record.provider.id, defaults={"name": record.provider.name, "joined": False}
    )
    (index,) = log.append(entries=[disclosure.format_log_entry(record)])
    return Disclosure.objects.create(
        record=record.id,
        kind=record.kind,
        version=record.version,
        digest=disclosure.compute_digest(record),
        data=disclosure.encode_disclosure(record),
        provider_id=record.provider.id,
        publisher=record.publisher.id,
        publisher_role=record.publisher.role,
        language=record.language,
        date=record.date,
        about=record.about.id if record.about else "",
        log_index=index,
        published_at=at,
    )


def _make_id(kind: str) -> str:
    from lightwell.base import ids

    return ids.format_id(kind, secrets.token_bytes(ids.RANDOM_BYTES))


def _count_pages(document: Any) -> int | None:
    if document.planned == "held-not-read":
        return None
    return 6 + 7 * (sum(document.number.encode()) % 5)


def _at(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(10), datetime.UTC)


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["LIGHTWELL_STATE"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "lightwell.web.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    build_site(folder)
    print(folder)
