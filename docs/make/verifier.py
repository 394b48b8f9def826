"""Build the single-file verifier page from its sources; run: python docs/make/verifier.py

`docs/make/verifier/` holds the readable sources, `src/lightwell/data/verifier/verify.html` is what a bundle
carries. Needs node: `npx esbuild` (MIT, a build tool only) shortens names, and the script is packed
(docs/decisions/0009). The page names the digest of its sources, and a test compares it, so that nobody edits
one without the other.

To compare a page with one built again: the digest of the sources in `<meta name="source">` and both hashes in
its Content-Security-Policy, of the loader and of the unpacked script, must be the same. Another zlib may pack
the same script into other bytes.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import zlib
from pathlib import Path

SOURCES = Path(__file__).parent / "verifier"
PAGE = Path(__file__).parents[2] / "src/lightwell/data/verifier/verify.html"
ESBUILD = "esbuild@0.25.12"
MAX_BYTES = 40_000


def compute_source_hash() -> str:
    """Digest of every source, names included, so that the page can say what it was built from."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def hash_for_policy(text: str) -> str:
    """A source expression of Content Security Policy level 3, section 2.3.1."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def shorten(text: str, loader: str) -> str:
    command = ["npx", "--yes", ESBUILD, "--minify", "--target=es2022", "--charset=utf8", f"--loader={loader}"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.strip()


def pack(script: str) -> str:
    """Deflate without a header, so without a time stamp, as base64."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(script.encode()) + packer.flush()).decode()


def unpack(packed: str) -> str:
    return zlib.decompress(base64.b64decode(packed, validate=True), wbits=-zlib.MAX_WBITS).decode()


def build() -> str:
    scripts = [path.read_text() for path in sorted(SOURCES.glob("[0-9]-*.js"))]
    # Inside a function no name is global, so that all of them may be shortened.
    script = shorten("(() => {\n" + "\n".join(scripts) + "})();", "js")
    loader = shorten((SOURCES / "loader.js").read_text(), "js")
    style = shorten((SOURCES / "page.css").read_text(), "css")
    page = (SOURCES / "page.html").read_text()
    parts = {
        "loader_hash": hash_for_policy(loader),
        "script_hash": hash_for_policy(script),
        "style_hash": hash_for_policy(style),
        "source_hash": compute_source_hash(),
        "style": style,
        "packed": pack(script),
        "loader": loader,
    }
    for name, text in parts.items():
        page = page.replace("{" + name + "}", text)
    return page


def main() -> None:
    page = build()
    if len(page.encode()) > MAX_BYTES:
        raise SystemExit(f"the page has {len(page.encode())} bytes; at most {MAX_BYTES} are allowed")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page)
    print(f"{PAGE}: {len(page.encode())} bytes")


if __name__ == "__main__":
    main()
