"""Hold one opening document against the seal of its item; written from the documents alone.

Part of the second verifier (docs/decisions/0005, docs/reference/{seal,bundle}.md). Raises `Refusal` with the
place: the file that is wrong, and the page and line within it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import gaps
import jcs
import notes
import redactions
import seals
import trees
from notes import Refusal
from verify import Folder

OPENING, PROOF = "lightwell.opening.v1", "lightwell.page-proof.v1"
# A pixel of the picture stands for its upper half and repeats it below: a byte that does not is not allowed.
UPPER = bytes(byte & 0xF0 for byte in range(256))
REPEATED = bytes(byte & 0xF0 | byte >> 4 for byte in range(256))
MARK_BYTES = 4


def check(document: dict, item: dict, entry: dict, folder: Folder, place: str, tally: Counter) -> set[str]:
    """Check an opening against its sealed item and the pages its entry counts; returns the files it names.

    `tally` counts what was checked of openings with hidden regions.
    """
    opened, counted = entry["pages"], entry.get("redacted", 0)
    header = document.get("header")
    if document.get("type") != OPENING or not isinstance(header, dict):
        raise Refusal(place, "this is not an opening of version 1")
    if (document.get("study"), document.get("item")) != (item["study"], item["item"]):
        raise Refusal(place, "this opening is about another item than the log says")
    if header.get("pages") != item["pages"] or not isinstance(header.get("renderer"), str):
        raise Refusal(place, "the number of pages is not the one that was sealed")
    try:
        if document.get("mode") == "whole":
            need_members(document, "type mode study item key header file page_roots words")
            need_members(header, "pages renderer")
            need_members(document["file"], "sha256 size media_type")
            if (opened, counted) != (item["pages"], 0):
                raise Refusal(place, "the log counts other pages than are open")
            return _check_whole(document, item, folder, place)
        if document.get("mode") == "pages":
            need_members(document, "type mode study item header file_hash pages holdings")
            if (opened, counted) != (len(document["pages"]), 0):
                raise Refusal(place, "the log counts other pages than are open")
            return _check_pages(document, item, folder, place)
        if document.get("mode") == "redacted":
            need_members(document, "type mode study item header file_hash document pages holdings")
            hiding = sum(bool(page["regions"]) for page in document["pages"])
            if (opened, counted) != (len(document["pages"]), hiding):
                raise Refusal(place, "the log counts other pages than are open or have hidden regions")
            return redactions.check(document, item, folder, place, tally)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(place, f"this opening cannot be read: {error}") from None
    raise Refusal(place, "this opening has an unknown mode")


def read_hash(text: object) -> bytes:
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text, re.ASCII):
        raise ValueError("64 hex digits are missing")
    return bytes.fromhex(text)


def need_members(value: object, names: str) -> None:
    if not isinstance(value, dict) or set(value) != set(names.split()):
        raise ValueError(f"its members are not exactly {names}")


def read_nodes(nodes: list) -> list[seals.Node]:
    found = []
    for node in nodes:
        ((kind, value),) = node.items()
        if kind not in ("seed", "hash"):
            raise ValueError("a node is a seed or a hash")
        found.append((kind == "seed", read_hash(value)))
    return found


def read_marks(text: str, count: int) -> list[bytes]:
    """The first bytes of each line's leaf, which prove nothing and only let a refusal name a line."""
    data = bytes.fromhex(text)
    if len(data) != MARK_BYTES * count or data.hex() != text:
        raise ValueError("the marks do not fit the lines")
    return [data[at : at + MARK_BYTES] for at in range(0, len(data), MARK_BYTES)]


def _check_whole(document: dict, item: dict, folder: Folder, place: str) -> set[str]:
    key, header, file = read_hash(document["key"]), document["header"], document["file"]
    roots = [read_hash(root) for root in document["page_roots"]]
    pages = header["pages"]
    if len(roots) != (pages or 0):
        raise Refusal(place, "the pages are not as many as were sealed")
    header_bytes = seals.encode_header(item["study"], item["item"], pages, header["renderer"])
    header_leaf = seals.hash_part("header", seals.derive(key, "header"), header_bytes)
    if not seals.is_count(file["size"]):
        raise Refusal(place, "the file has no size")
    file_leaf = seals.hash_file(seals.derive(key, "file"), read_hash(file["sha256"]), file["size"])
    sealed = seals.join_item(header_leaf, file_leaf, trees.compute_root(roots))
    if sealed.hex() != item["commitment"]:
        raise Refusal(place, f"item {item['item']} of {item['study']} does not match what was sealed")
    path = f"files/{file['sha256']}"
    if folder.size(path) != file["size"] or folder.digest(path) != file["sha256"]:
        raise Refusal(path, "this file is not the one that was sealed")
    if (document["words"] is None) != (pages is None):
        raise Refusal(place, "an item with pages has words, and one without has none")
    return {path} | (_check_words(document["words"], key, roots, folder) if pages else set())


def _check_words(name: str, key: bytes, roots: list[bytes], folder: Folder) -> set[str]:
    path = f"words/{read_hash(name).hex()}.jsonl"
    data = folder.read(path)
    if seals.digest(data).hex() != path[6:70]:
        raise Refusal(path, "this file does not have the bytes that its name says")
    lines = data.split(b"\n")
    if lines.pop() or len(lines) != len(roots):
        raise Refusal(path, f"there are words of {len(lines)} pages; {len(roots)} were sealed")
    seeds = seals.derive_salts(seals.derive(key, "pages"), len(roots))
    for number, (line, seed, root) in enumerate(zip(lines, seeds, roots, strict=True), 1):
        here = f"{path}, page {number}"
        try:
            page = jcs.read(line)
            need_members(page, "head lines marks patches_root")
            seals.check_head(page["head"], number)
            patches_root = read_hash(page["patches_root"])
            found, leaves = seals.compute_page_root(seed, page["head"], page["lines"], patches_root)
            marks = read_marks(page["marks"], len(leaves) if page["marks"] else 0)
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(here, f"the words of this page cannot be read: {error}") from None
        if found != root:
            wrong = [k for k, mark in enumerate(marks, 1) if leaves[k - 1][:MARK_BYTES] != mark]
            where = f"{here}, line {wrong[0]}" if wrong else here
            raise Refusal(where, "these words do not match what was sealed")
    return {path}


def check_decision(value: dict, place: str) -> None:
    """Ground and role are ids as in the log, the day of the review is a day."""
    for name in ("ground", "decided_by"):
        if not isinstance(value[name], str) or not re.fullmatch("[A-Za-z0-9.:+-]{1,140}", value[name]):
            raise Refusal(place, "a ground or the role that decided is no id")
    gaps.read_date(value["review"], place)


def check_places(places: list, count: int) -> None:
    """Positions from 0 below `count`, in rising order."""
    if not isinstance(places, list) or not all(seals.is_count(k) and k < count for k in places):
        raise ValueError("what is hidden is not a list of places on the page")
    if places != sorted(set(places)):
        raise ValueError("what is hidden is not listed once and in order")


def check_pages_named(document: dict, item: dict, place: str) -> None:
    """Every page of the item stands once among those shown or held back."""
    pages, holdings = document["pages"], document["holdings"]
    need_members(document["header"], "pages renderer salt")
    for held in holdings:
        need_members(held, "page ground decided_by review")
        check_decision(held, place)
    shown, held = [page["page"] for page in pages], [each["page"] for each in holdings]
    if not all(seals.is_count(number) for number in shown + held):
        raise Refusal(place, "the number of a page is none")
    if shown != sorted(shown) or held != sorted(held):
        raise Refusal(place, "pages are not in order")
    if sorted(shown + held) != list(range(1, (item["pages"] or 0) + 1)):
        raise Refusal(place, "not every page is either shown or held back with its reason")


def _check_pages(document: dict, item: dict, folder: Folder, place: str) -> set[str]:
    check_pages_named(document, item, place)
    used = set()
    for page in document["pages"]:
        path = None
        if page["picture"] is not None:
            path = f"pictures/{read_hash(page['picture']).hex()}.png"
            used.add(path)
        png = None if path is None else folder.read(path)
        check_page(
            page, document["header"], read_hash(document["file_hash"]), item, png, (place, path or place)
        )
    return used


def check_page(
    page: dict, header: dict, file_leaf: bytes, item: dict, png: bytes | None, places: tuple[str, str]
) -> None:
    """Hold one page, shown whole or in part, against its item; `places` names the words and the picture."""
    number = page["page"]
    words, picture = (f"{each}, page {number}" for each in places)
    try:
        need_members(page, "page head lines hidden_patches picture proof")
        need_members(page["proof"], "head_salt lines patches path marks")
        head, proof, lines = page["head"], page["proof"], page["lines"]
        seals.check_head(head, number)
        boxes = seals.list_boxes(head)
        hidden = page["hidden_patches"]
        read_marks(proof["marks"], head["lines"])
        check_places(hidden, len(boxes))
        if len(lines) != head["lines"]:
            raise ValueError("the page does not hold the places its head counts")
        if png is None and len(hidden) != len(boxes):
            raise ValueError("part of the picture is open, but there is no picture")
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(words, f"this page cannot be read: {error}") from None
    try:
        patches = [b""] * len(boxes) if png is None else read_patches(png, head, set(hidden), page["picture"])
    except ValueError as error:
        raise Refusal(picture, str(error)) from None
    hold_parts(page, lines, patches, header, file_leaf, item, words)


def hold_parts(
    page: dict, lines: list, patches: list[bytes], header: dict, file_leaf: bytes, item: dict, place: str
) -> None:
    """Hold the lines of a page, None where one is hidden, and its visible patches against its item."""
    number, head, proof, hidden = page["page"], page["head"], page["proof"], page["hidden_patches"]
    boxes, marks = seals.list_boxes(head), read_marks(proof["marks"], head["lines"])
    changed: list[int] = []

    def hash_line(position: int, salt: bytes) -> bytes:
        found = seals.hash_part("line", salt, seals.encode_line(lines[position]))
        if found[:MARK_BYTES] != marks[position]:
            changed.append(position + 1)
        return found

    def hash_patch(position: int, salt: bytes) -> bytes:
        return seals.hash_patch(salt, boxes[position], patches[position])

    try:
        hidden_lines = {k for k, line in enumerate(lines) if line is None}
        root = seals.join_page(
            seals.hash_part("head", read_hash(proof["head_salt"]), seals.encode(head)),
            seals.compute_partial_root(read_nodes(proof["lines"]), len(lines), hidden_lines, hash_line),
            seals.compute_partial_root(read_nodes(proof["patches"]), len(boxes), set(hidden), hash_patch),
        )
        path = [read_hash(each) for each in proof["path"]]
        pages_root = seals.climb(root, number - 1, header["pages"], path)
        header_bytes = seals.encode_header(item["study"], item["item"], header["pages"], header["renderer"])
        header_leaf = seals.hash_part("header", read_hash(header["salt"]), header_bytes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(place, f"the proof of this page cannot be read: {error}") from None
    if seals.join_item(header_leaf, file_leaf, pages_root).hex() != item["commitment"]:
        line = f", line {changed[0]}," if changed else ""
        raise Refusal(place, f"page {number}{line} does not match what was sealed")


def check_proof(proof: dict, policy: notes.Policy) -> Iterator[str]:
    """Judge the proof of one page without a bundle; yields the sentences of a good verdict."""
    try:
        need_members(proof, "type entry index path checkpoint header file_hash page png")
        if proof["type"] != PROOF or proof["entry"]["type"] != "item":
            raise ValueError("this is not the proof of a page of version 1")
        png = None if proof["png"] is None else notes.read_base64(proof["png"])
        path = [read_hash(each) for each in proof["path"]]
        leaf, index = trees.hash_leaf(jcs.write(proof["entry"]).encode()), proof["index"]
        data, file_leaf = proof["checkpoint"].encode(), read_hash(proof["file_hash"])
        need_members(proof["header"], "pages renderer salt")
        need_members(proof["entry"], "type v at study item kind pages read due commitment")
        if (png is None) != (proof["page"]["picture"] is None):
            raise ValueError("it names a picture that it does not hold, or the other way round")
        if proof["header"]["pages"] != proof["entry"]["pages"]:
            raise ValueError("the number of pages is not the one that was sealed")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal("proof", f"this is not the proof of a page: {error}") from None
    head, times = notes.judge_checkpoint(data, policy, "checkpoint")
    if not notes.meets_quorum(policy, set(times)):
        raise Refusal("checkpoint", "too few witnesses confirm it")
    try:
        root = seals.climb(leaf, index, head.size, path)
    except (ValueError, TypeError) as error:
        raise Refusal("path", str(error)) from None
    if root != head.root:
        raise Refusal("path", "the item is not in the log of the checkpoint")
    item = proof["entry"]
    check_page(proof["page"], proof["header"], file_leaf, item, png, ("proof", "picture"))
    names = ", ".join(sorted(times)) or "none asked for"
    yield f"log: {head.origin}, {head.size} entries; record-keepers: {names}"
    yield f"page {proof['page']['page']} of item {item['item']} of {item['study']} matches what was sealed"


def read_patches(png: bytes, head: dict, hidden: set[int], name: str) -> list[bytes]:
    """The sealed bytes of each open patch out of the picture; whatever nothing vouches for must be white."""
    if seals.digest(png).hex() != name:
        raise ValueError("the picture is not the one that the opening names")
    pixels = seals.read_picture(png, head["width"], head["height"])
    patches = seals.cut_patches(pixels, head)
    inside = sum(len(patch) for patch in patches)
    stride, at, edge = head["width"] * 3, 0, []
    for top, bottom in [*head["bands"], [head["height"]] * 2]:
        edge.append(pixels[at * stride : top * stride])
        at = bottom
    outside = b"".join([*edge, *(patches[k] for k in sorted(hidden))])
    if outside.count(0xFF) != len(outside) or inside + sum(map(len, edge)) != len(pixels):
        raise ValueError("there is something in the picture for which nothing vouches")
    shown = [b"" if k in hidden else patch for k, patch in enumerate(patches)]
    if any(patch.translate(REPEATED) != patch for patch in shown):
        raise ValueError("the picture has colours that no sealed picture has")
    return [patch.translate(UPPER) for patch in shown]
