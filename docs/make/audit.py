"""Ask a vulnerability service about every locked package, and never take silence for an answer.

    make audit         exit 0: all were looked up, none is known to be vulnerable
                       exit 1: some are; each is named     exit 2: could not check, in whole or in part

pip-audit leaves out packages that its service does not know, says so on a side line, and still ends with
"No known vulnerabilities found" and 0. Here one package that was left out is "could not check".
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FINE, VULNERABLE, UNCHECKED = 0, 1, 2
_PATIENCE_SECONDS = 300


def judge(output: str, said: str = "") -> tuple[int, list[str]]:
    """Read what pip-audit wrote; the exit code and the sentences for it."""
    try:
        found: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = said.strip().splitlines()[-1] if said.strip() else "it wrote nothing"
        return UNCHECKED, [f"could not check: pip-audit gave no answer ({reason[:200]})"]
    sentences = [
        f"{each['name']} {each['version']}: {bug['id']}, mended in {_name(bug)}"
        for each in found
        for bug in each.get("vulns", [])
    ]
    skipped = [each["name"] for each in found if "skip_reason" in each]
    checked = len(found) - len(skipped)
    if sentences:
        return VULNERABLE, [
            *sentences,
            f"{len(sentences)} known vulnerabilities in {checked} packages looked up",
        ]
    if skipped or not found:
        names = ", ".join(skipped[:5]) + (", …" if len(skipped) > 5 else "")
        return UNCHECKED, [
            f"could not check {len(skipped)} of {len(found)} packages: "
            f"the vulnerability service cannot be reached, or does not know them ({names})"
        ]
    return FINE, [f"{checked} packages looked up, none is known to be vulnerable"]


def _name(bug: dict[str, Any]) -> str:
    return ", ".join(bug["fix_versions"]) or "no version yet"


def main() -> int:
    """Run pip-audit over the lock file as it is: nothing is installed or resolved."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "-r",
        str(ROOT / "requirements.lock"),
        "--disable-pip",
        "--no-deps",
    ]
    try:
        done = subprocess.run(
            [*command, "-f", "json", "--progress-spinner", "off"],
            capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        code, sentences = UNCHECKED, [f"could not check: no answer in {_PATIENCE_SECONDS} s"]
    else:
        code, sentences = judge(done.stdout, done.stderr)
    for sentence in sentences:
        print(f"dependency audit: {sentence}")
    return code


if __name__ == "__main__":
    sys.exit(main())
