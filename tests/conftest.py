"""In CI a test that was skipped is a failure, because a suite that cannot run proves nothing."""

from __future__ import annotations

import os

import pytest
from _pytest.terminal import TerminalReporter

STRICT = "LIGHTWELL_TESTS_ALL"
# No test asks the network for a public random value; those about it set the variable themselves.
os.environ.setdefault("LIGHTWELL_BEACON", "none")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(STRICT) and isinstance(reporter, TerminalReporter) and reporter.stats.get("skipped"):
        for report in reporter.stats["skipped"]:
            reporter.write_line(f"skipped, so failed: {report.nodeid} {report.longrepr}")
        session.exitstatus = exitstatus or 1
