"""Files are taken in behind a fence: bad ones cost a sentence, never the other files or this process."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import ClassVar

import pikepdf
import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from lightwell.archive import page, seal
from lightwell.base import errors
from lightwell.files import fence, intake, parts, pdf, sealed, workers
from lightwell.files.store import FileStore

KEY = bytes(range(32))


def write_pdf(path: Path, pages: int = 2, size: tuple[float, float] = (400, 300)) -> Path:
    sheet = canvas.Canvas(str(path), pagesize=size)
    for number in range(1, pages + 1):
        sheet.drawString(50, 250, f"Sleep and screens, page {number}")
        sheet.setFillColorRGB(0.8, 0.2, 0.1)
        sheet.rect(50, 100, 90, 40, fill=1)
        sheet.setFillColorRGB(0, 0, 0)
        sheet.showPage()
    sheet.save()
    return path


def write_raw_pdf(path: Path, content: bytes, filters: str = "") -> Path:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<<>>>>",
        f"<</Length {len(content)}{filters}>>".encode() + b"stream\n" + content + b"\nendstream",
    ]
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 5\n0000000000 65535 f \n" + table
    path.write_bytes(
        data + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % data.index(b"xref\n0 5")
    )
    return path


def take(tmp_path: Path, source: Path, **options) -> intake.Intake:
    """Take one file in; what is wrong with it is raised."""
    limits = options.pop("limits", None)
    jobs = [intake.Job(source, KEY, **options)]
    (result,) = intake.take_in_all(jobs, FileStore(tmp_path / "store"), processes=1, limits=limits)
    if isinstance(result, errors.UserMistake):
        raise result
    return result


def list_stored(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "store").rglob("*") if path.is_file()}


def test_a_pdf_comes_back_with_its_bytes_words_pictures_and_roots(tmp_path: Path) -> None:
    source = write_pdf(tmp_path / "a.pdf", pages=3)
    store = FileStore(tmp_path / "store")
    taken = take(tmp_path, source)
    assert (taken.media_type, taken.pages, taken.read, taken.note) == ("application/pdf", 3, True, "")
    assert taken.renderer == pdf.name_renderer()
    assert sealed.read_bytes(store, KEY, taken.sealed_file) == source.read_bytes()
    read_here = list(pdf.read_pages(source))
    assert list(parts.iterate_parts(store, KEY, taken.sealed_parts)) == read_here
    seeds = seal.derive_page_seeds(KEY, 3)
    roots = [page.compute_root(seed, each) for seed, each in zip(seeds, read_here, strict=True)]
    assert taken.page_roots == b"".join(roots)
    assert list_stored(tmp_path) == {taken.sealed_file, taken.sealed_parts}


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("photo.docx", b"GIF89a and no more", "image/gif"),
        ("figures.csv", b"PAR1 and no more", "application/vnd.apache.parquet"),
        ("notes.zip", b"PK\x03\x04 and no more", "application/zip"),
        ("empty.txt", b"", "application/octet-stream"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    ],
)
def test_files_of_other_formats_are_held_as_bytes(
    tmp_path: Path, name: str, data: bytes, media_type: str
) -> None:
    source = tmp_path / name
    source.write_bytes(data)
    taken = take(tmp_path, source)
    assert (taken.media_type, taken.pages, taken.read, taken.sealed_parts) == (media_type, None, False, "")
    assert taken.note.startswith("held, not read")
    assert taken.size == len(data)
    assert sealed.read_bytes(FileStore(tmp_path / "store"), KEY, taken.sealed_file) == data


def test_a_pdf_under_another_name_is_read_as_what_it_is(tmp_path: Path) -> None:
    assert take(tmp_path, write_pdf(tmp_path / "report.docx")).pages == 2


def make_locked(path: Path) -> None:
    write_pdf(path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(path, encryption=pikepdf.Encryption(user="a", owner="b"))


BAD = {
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (lambda path: path.write_text("only text"), "is not a PDF but looks like text/plain"),
    "cut": (lambda path: path.write_bytes(write_pdf(path).read_bytes()[:90]), "cannot be read"),
    "locked": (make_locked, "locked with a password"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_by_name_or_sealed_unread_when_the_publisher_says_so(
    tmp_path: Path, case: str
) -> None:
    make, sentence = BAD[case]
    source = tmp_path / f"{case}.pdf"
    make(source)
    with pytest.raises(errors.UserMistake, match=rf"{case}\.pdf: .*{sentence}"):
        take(tmp_path, source)
    assert list_stored(tmp_path) == set()
    taken = take(tmp_path, source, unread=True)
    assert (taken.pages, taken.read, taken.renderer, taken.page_roots) == (None, False, "none", b"")
    assert sentence in taken.note
    assert sealed.read_bytes(FileStore(tmp_path / "store"), KEY, taken.sealed_file) == source.read_bytes()


def test_a_readable_file_is_not_sealed_unread(tmp_path: Path) -> None:
    with pytest.raises(errors.UserMistake, match="all 2 pages can be read; use the intent publish"):
        take(tmp_path, write_pdf(tmp_path / "a.pdf"), unread=True)


LITTLE = workers.Limits(memory_bytes=700 << 20, opening_seconds=60, page_seconds=60)


def make_picture_bomb(path: Path) -> Path:
    # A content stream that unpacks to 1.5 GB of operators, in 1.5 MB.
    squeezer = zlib.compressobj(9)
    block = b"0 0 m 9 9 l S\n" * 75_000
    packed = b"".join(squeezer.compress(block) for _ in range(1500)) + squeezer.flush()
    return write_raw_pdf(path, packed, "/Filter/FlateDecode")


def test_a_bomb_costs_one_sentence_that_names_it_and_the_others_are_taken_in(tmp_path: Path) -> None:
    bomb, good = make_picture_bomb(tmp_path / "bomb.pdf"), write_pdf(tmp_path / "good.pdf")
    store = FileStore(tmp_path / "store")
    jobs = [intake.Job(path, KEY, name=f"2020/{path.name}") for path in (bomb, good, bomb, good)]
    results = list(intake.take_in_all(jobs, store, processes=2, limits=LITTLE))
    for result in results[::2]:
        assert isinstance(result, errors.UserMistake)
        assert str(result).startswith("2020/bomb.pdf")
        assert "GiB of memory" in str(result)
    for result in results[1::2]:
        assert isinstance(result, intake.Intake)
        assert result.pages == 2
    kept = {name for each in results[1::2] for name in (each.sealed_file, each.sealed_parts)}
    leftovers = {path.name for path in (tmp_path / "store" / "incoming").iterdir()}
    assert list_stored(tmp_path) - leftovers == kept


def test_a_bomb_is_sealed_as_bytes_when_the_publisher_says_so(tmp_path: Path) -> None:
    taken = take(tmp_path, make_picture_bomb(tmp_path / "bomb.pdf"), unread=True, limits=LITTLE)
    assert (taken.pages, taken.read) == (None, False)
    assert "memory" in taken.note


def test_a_page_that_takes_too_long_is_named_and_its_process_killed(tmp_path: Path) -> None:
    hurried = workers.Limits(page_seconds=0.05)
    block = b"".join(b"%d %d m %d 300 l S\n" % (at % 300, at % 7, at % 299) for at in range(20_000))
    slow = write_raw_pdf(tmp_path / "slow.pdf", zlib.compress(block * 20), "/Filter/FlateDecode")
    with pytest.raises(errors.UserMistake, match=r"slow\.pdf, page 1: takes longer than 0\.05 seconds"):
        take(tmp_path, slow, limits=hurried)


def test_a_worker_killed_from_outside_costs_nothing(tmp_path: Path) -> None:
    sources = [write_pdf(tmp_path / f"{number}.pdf", pages=40) for number in range(4)]
    store = FileStore(tmp_path / "store")
    with workers.Pool(1) as pool:
        tasks = [
            {"do": "seal", "path": str(path), "key": KEY.hex(), "store": str(store.root)} for path in sources
        ]
        outcomes = pool.run(tasks)
        found = [next(outcomes)]
        # The second file is at work now: the pool hands it out before it yields the first answer.
        (victim,) = pool.list_process_ids()
        os.kill(victim, signal.SIGKILL)
        found += outcomes
        assert pool.list_process_ids() != [victim]
    assert [outcome["pages"] for outcome in found] == [40, 40, 40, 40]
    for outcome in found:
        assert parts.count_parts(store, KEY, outcome["sealed_parts"]) == 40


def test_a_worker_killed_again_and_again_at_one_file_is_told(tmp_path: Path) -> None:
    source = write_pdf(tmp_path / "a.pdf", pages=400)
    stop = threading.Event()
    with workers.Pool(1) as pool:

        def kill_all() -> None:
            while not stop.wait(0.01):
                for victim in pool.list_process_ids():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill_all)
        killer.start()
        task = {"do": "seal", "path": str(source), "key": KEY.hex(), "store": str(tmp_path / "store")}
        (outcome,) = pool.run([task])
        stop.set()
        killer.join()
    assert isinstance(outcome, workers.Fault)
    assert "SIGKILL" in outcome.sentence


PROBE = """
import socket, subprocess, sys
from lightwell.files import fence
held = fence.enter(1 << 30)
def is_refused(act):
    try:
        act()
    except (OSError, MemoryError):
        return True
    return False
print(held, is_refused(socket.socket), is_refused(lambda: subprocess.run(["/bin/true"])),
      is_refused(lambda: bytearray(2 << 30)), sep="|")
"""


def test_the_fence_claims_only_what_holds() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    held, sockets, programs, memory = done.stdout.strip().split("|")
    assert ("no sockets" in held) == (sockets == "True")
    assert ("no other programs" in held) == (programs == "True")
    assert ("memory 1.0 GiB" in held) == (memory == "True")


def test_a_seccomp_filter_is_made_only_for_machines_whose_numbers_are_known() -> None:
    assert fence._make_filter("x86_64")
    assert fence._make_filter("aarch64")
    assert fence._make_filter("riscv64") is None


def test_five_metres_are_sealed_and_more_is_refused_with_file_and_page(tmp_path: Path) -> None:
    metre = 72 / 0.0254
    long = write_pdf(tmp_path / "poster.pdf", pages=1, size=(4.99 * metre, 0.9 * metre))
    assert take(tmp_path, long).pages == 1
    with pytest.raises(
        errors.UserMistake, match=r"banner\.pdf, page 1: the page measures 5\.2 by 0\.9 metres"
    ):
        take(tmp_path, write_pdf(tmp_path / "banner.pdf", pages=1, size=(5.2 * metre, 0.9 * metre)))


def test_ten_thousand_pages_are_read_to_the_last(tmp_path: Path) -> None:
    sheet = canvas.Canvas(str(tmp_path / "long.pdf"), pagesize=(60, 40))
    for number in range(1, 10_001):
        sheet.drawString(5, 15, f"p{number}")
        sheet.showPage()
    sheet.save()
    taken = take(tmp_path, tmp_path / "long.pdf")
    assert (taken.pages, len(taken.page_roots)) == (10_000, 320_000)
    last = parts.read_part(FileStore(tmp_path / "store"), KEY, taken.sealed_parts, 10_000)
    assert last.lines[0][0].text == "p10000"


def test_two_engines_that_count_differently_leave_it_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_pdf(tmp_path / "a.pdf", pages=2)

    class OtherCount:
        pages: ClassVar[list[int]] = [1, 2, 3]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(pdf.pikepdf, "open", lambda *_: OtherCount())
    with pytest.raises(errors.UserMistake, match="counts 2 pages and the other 3; a person must look"):
        pdf.count_pages(source)


def test_equal_files_are_taken_in_each_under_its_own_key(tmp_path: Path) -> None:
    first = write_pdf(tmp_path / "a.pdf")
    second = tmp_path / "copy of a.pdf"
    second.write_bytes(first.read_bytes())
    store = FileStore(tmp_path / "store")
    jobs = [intake.Job(first, KEY), intake.Job(second, bytes(32))]
    one, two = intake.take_in_all(jobs, store)
    assert one.sha256 == two.sha256
    assert one.page_roots != two.page_roots
    assert {one.sealed_file, one.sealed_parts}.isdisjoint({two.sealed_file, two.sealed_parts})


def test_names_with_line_breaks_and_tricks_reach_the_reader_as_plain_paths(tmp_path: Path) -> None:
    for name in ("two\nlines.pdf", '{"do": "draw"}.pdf', "-x.pdf", "شاشات 睡眠.pdf"):
        assert take(tmp_path, write_pdf(tmp_path / name)).pages == 2


def test_a_store_that_fails_is_no_fault_of_the_file(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "incoming").write_text("a file where a folder must be made")
    with pytest.raises(errors.Refused, match="the disk does not take"):
        take(tmp_path, write_pdf(tmp_path / "a.pdf"))
    with pytest.raises(errors.UserMistake, match=r"gone\.pdf: the file cannot be opened"):
        take(tmp_path, tmp_path / "gone.pdf")


def test_a_page_is_drawn_in_the_fence_and_a_wrong_number_is_told(tmp_path: Path) -> None:
    source = write_pdf(tmp_path / "a.pdf")
    picture = Image.open(io.BytesIO(pdf.draw_page(source, 2, 72)))
    assert (picture.format, picture.size) == ("PNG", (400, 300))
    with pytest.raises(errors.UserMistake, match=r"a\.pdf, page 3: there is no page 3; the file has 2"):
        pdf.draw_page(source, 3, 72)


def test_a_check_counts_pages_and_reckons_room_and_time_without_storing(tmp_path: Path) -> None:
    good, text = write_pdf(tmp_path / "a.pdf", pages=5), tmp_path / "b.pdf"
    text.write_text("no PDF")
    one, two = intake.check_all([("x/a.pdf", good), ("x/b.pdf", text)])
    assert isinstance(one, intake.Check)
    assert (one.pages, one.size) == (5, good.stat().st_size)
    assert one.parts_bytes > 5 * 100
    assert one.seconds > 0
    assert isinstance(two, errors.UserMistake)
    assert str(two).startswith("x/b.pdf: the name ends in .pdf, but")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "b.pdf"]
