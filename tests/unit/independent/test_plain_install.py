"""The plain install (`pip install .`, no extras) in a fresh environment with nothing else present.

Needs the package index once, as `make test` did before; what pip has kept is not fetched again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import gaps
import pytest

ROOT = Path(__file__).parents[3]
# What cryptography, httpx and click bring with them; anything else would be a dependency nobody decided on.
ALLOWED = {
    *("lightwell", "cryptography", "cffi", "pycparser", "click", "httpx", "httpcore", "h11"),
    *("anyio", "certifi", "idna", "sniffio", "typing_extensions"),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a fresh environment into which only the plain install went."""
    room = tmp_path_factory.mktemp("plain")
    # A copy, because pip builds where the sources lie and would take what an older build left there.
    (room / "source").mkdir()
    for each in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / each, room / "source")
    shutil.copytree(
        ROOT / "src", room / "source/src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__")
    )
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        str(room / "venv/bin/python"),
    ]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(room / "venv")], check=True)
    done = subprocess.run([*pip, "install", "--quiet", str(room / "source")], capture_output=True, text=True)
    if "Failed to establish a new connection" in done.stderr:
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=True)
    assert {line.partition("==")[0].replace("-", "_") for line in listed.stdout.split()} <= ALLOWED
    return room / "venv/bin"


def run(plain: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program where neither our sources nor our environment can be found."""
    return subprocess.run(
        [plain / "lightwell", *arguments], capture_output=True, text=True, cwd=cwd, env={"HOME": str(cwd)}
    )


def test_it_verifies_a_bundle_and_computes_its_table(plain: Path, small_home: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(small_home / "bundle", tmp_path / "bundle"))
    done = run(plain, tmp_path, "verify", "bundle")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("verified: what is in this bundle matches what the provider sealed")
    done = run(plain, tmp_path, "gaps", "bundle")
    assert (done.returncode, done.stdout) == (0, (bundle / "gaps.csv").read_text())
    done = run(plain, tmp_path, "gaps", "bundle", "--as-of", "2020-01-01")
    assert (done.returncode, done.stdout) == (0, ",".join(gaps.COLUMNS) + "\n")
    with (bundle / "policy").open("ab") as file:
        file.write(b"#")
    done = run(plain, tmp_path, "verify", "bundle")
    assert (done.returncode, done.stdout.partition(":")[::2]) == (
        1,
        ("refused", " policy: this file has been changed since the bundle was written\n"),
    )


def test_it_watches_a_bundle_from_outside(plain: Path, small_home: Path, tmp_path: Path) -> None:
    arguments = ("monitor", str(small_home / "bundle"), "--state", "seen")
    for last in ("0 when last seen", "14 when last seen"):
        done = run(plain, tmp_path, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert last in done.stdout
        assert done.stdout.endswith("nothing to report\n")


def test_it_makes_a_question_about_a_paper_and_looks_for_it_in_a_bundle(
    plain: Path, small_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"a paper")
    done = run(plain, tmp_path, "challenge", "make", "paper.pdf", "--company", "larkfield", "--bits", "8")
    assert (done.returncode, done.stderr) == (0, "")
    kept = tmp_path / "paper.pdf.receipt.json"
    assert json.loads(kept.read_text())["size"] == len(b"a paper")
    bundle = str(small_home / "bundle")
    done = run(plain, tmp_path, "challenge", "list", "--bundle", bundle)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("challenge,company,state,")
    done = run(plain, tmp_path, "challenge", "check", kept.name, "--bundle", bundle)
    assert (done.returncode, done.stderr) == (1, "")
    assert "it is not in this log" in done.stdout


def test_it_is_a_witness(plain: Path, tmp_path: Path) -> None:
    made = run(plain, tmp_path, "witness", "keygen", "--name", "w.example", "--key", "w.key")
    assert (made.returncode, made.stdout.count("w.example+")) == (0, 2)
    assert "--listen" in run(plain, tmp_path, "witness", "serve", "--help").stdout


def test_every_command_is_listed_and_explains_itself_and_the_rest_says_what_it_needs(
    plain: Path, tmp_path: Path
) -> None:
    done = run(plain, tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    names = [line.split()[0] for line in done.stdout.split("Commands:\n")[1].splitlines()]
    assert {"verify", "gaps", "monitor", "witness", "search", "serve", "demo"} <= set(names)
    (tmp_path / "state").mkdir()
    (tmp_path / "state/log.key").touch()
    for name in ("search", "inventory", "log", "publish", "demo"):
        helped = run(plain, tmp_path, name, "--help")
        assert (helped.returncode, helped.stderr) == (0, ""), name
    done = run(plain, tmp_path, "init", "--origin", "log.example")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "pip install 'lightwell[site]'" in done.stderr


def test_what_needs_more_than_the_plain_install_says_what_to_install(plain: Path, tmp_path: Path) -> None:
    done = run(plain, tmp_path, "figures", "revisions", "--mapping", "meta", "none.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("this needs the Python package ")
    assert "pip install 'lightwell[site]'" in done.stderr
    assert "Traceback" not in done.stderr
