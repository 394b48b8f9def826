"""Hold one opening document against the seal of its item; written from the documents alone.

Part of the second verifier (docs/decisions/0005, docs/reference/{seal,bundle}.md). Raises `Refusal` with the
place: the file that is wrong, and the page and line within it.
"""

from __future__ import annotations

import re

import jcs
import seals
import trees
from notes import Refusal

WHITE = 0xF0


def check(document: dict, item: dict, folder, place: str) -> set[str]:
    """Check an opening against its sealed item (the log entry); returns the files that it leads to."""
    header = document.get("header")
    if document.get("type") != "lightwell.opening.v1" or not isinstance(header, dict):
        raise Refusal(place, "this is not an opening of version 1")
    if (document.get("study"), document.get("item")) != (item["study"], item["item"]):
        raise Refusal(place, "this opening is about another item than the log says")
    if header.get("pages") != item["pages"] or not isinstance(header.get("renderer"), str):
        raise Refusal(place, "the number of pages is not the one that was sealed")
    try:
        if document.get("mode") == "whole":
            return _check_whole(document, item, folder, place)
        if document.get("mode") == "pages":
            return _check_pages(document, item, folder, place)
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(place, f"this opening cannot be read: {error}") from None
    raise Refusal(place, "this opening has an unknown mode")


def read_hash(text: object) -> bytes:
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text, re.ASCII):
        raise ValueError("64 hex digits are missing")
    return bytes.fromhex(text)


def _check_whole(document: dict, item: dict, folder, place: str) -> set[str]:
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


def _check_words(name: str, key: bytes, roots: list[bytes], folder) -> set[str]:
    path = f"words/{read_hash(name.removeprefix('sha256:')).hex()}.jsonl"
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
            seals.check_head(page["head"], number)
            patches_root = read_hash(page["patches_root"])
            found = seals.compute_page_root(seed, page["head"], page["lines"], patches_root)
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(here, f"the words of this page cannot be read: {error}") from None
        if found != root:
            raise Refusal(here, "the words of this page do not match what was sealed")
    return {path}
