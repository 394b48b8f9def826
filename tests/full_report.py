"""A plugin for `make test-full`: what ran, on what, with which result, as a page to keep (docs/test-full.md).

python -m pytest -p full_report --report docs/test-full.md
"""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

_OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, help="Write what ran and how it ended to this Markdown file.")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--report"):
        config.pluginmanager.register(_Reporter(config.getoption("--report")), "full-report")


class _Reporter:
    """Collects the results of one session."""

    def __init__(self, path: Path) -> None:
        self.path, self.began = path, time.time()
        # At the beginning: others may commit while this runs.
        self.commit = f"{_ask_git('rev-parse', '--short', 'HEAD')}{_describe_changes()}"

    def pytest_terminal_summary(self, terminalreporter: object, exitstatus: int) -> None:
        stats = terminalreporter.stats  # type: ignore[attr-defined]
        self.path.write_text(self._format(stats, int(exitstatus)))

    def _format(self, stats: dict[str, list[pytest.TestReport]], status: int) -> str:
        seconds = time.time() - self.began
        counts = [f"{len(stats[name])} {name}" for name in _OUTCOMES if stats.get(name)]
        lines = [
            "# The last full test run",
            "",
            "Written by `tests/full_report.py`; the command below says what ran. "
            "`make test-full` runs everything and replaces it.",
            "",
            f"- **Ended**: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, "
            f"after {seconds / 60:.0f} minutes",
            f"- **Result**: {', '.join(counts) or 'nothing ran'}; exit status {status}",
            f"- **Command**: `python -m pytest {shlex.join(sys.argv[1:])}`",
            f"- **Commit**: {self.commit}",
            f"- **Machine**: {platform.system()} {platform.release()}, {platform.machine()}, "
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
            f"- **Python**: {platform.python_version()}",
        ]
        failed = [*stats.get("failed", []), *stats.get("error", [])]
        lines += ["", "## What failed", "", *(f"- `{each.nodeid}`" for each in failed)] if failed else []
        skipped = [f"- `{each.nodeid}`: {_explain(each)}" for each in stats.get("skipped", [])]
        lines += ["", "## What was skipped", "", *skipped] if skipped else []
        lines += _format_faults([*stats.get("passed", []), *stats.get("failed", [])])
        return "\n".join(lines) + "\n"


def _format_faults(reports: list[pytest.TestReport]) -> list[str]:
    """One table for everything that tests recorded of themselves (`record_property`)."""
    told = [each for each in reports if each.user_properties]
    points = sum(
        int(str(value)) for each in told for name, value in each.user_properties if name == "fault points"
    )
    if not told:
        return []
    lines = ["", f"## Faults: {points} points", ""]
    for each in told:
        lines.append(f"- `{each.nodeid}`, {each.outcome}, {each.duration:.0f} s")
        lines += [f"  - {name}: {_format_value(value)}" for name, value in each.user_properties]
    return lines


def _format_value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in sorted(value.items()))
    return str(value)


def _explain(report: pytest.TestReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _describe_changes() -> str:
    changed = _ask_git("status", "--porcelain", "--untracked-files=no").splitlines()
    return f", with {len(changed)} files changed since" if changed else ""


def _ask_git(*words: str) -> str:
    try:
        asked = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return asked.stdout.strip()
