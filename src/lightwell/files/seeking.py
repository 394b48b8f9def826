"""A person's pattern looked for in the lines of many pages, by a process that may be stopped.

A regular expression can take for ever on a short line (nested repetition), and Python's engine cannot be
interrupted; so it runs in a process of its own behind `files/fence`, which the kernel ends after `SECONDS` of
its own time. Pages go in and places come out line by line as JSON. What is looked for and what is found is
never written anywhere.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO

from lightwell.base import errors
from lightwell.files import fence

SECONDS = 20
MOST_CHARACTERS = 500
_MEMORY = 1 << 30

Span = tuple[int, int, int]
"""Line, first character and the one after the last, from 0."""


class Seeker:
    """Looks for one pattern, whatever the case of letters; a context, so that no process outlives its use."""

    def __init__(self, pattern: str, seconds: int = SECONDS) -> None:
        """Take a pattern; `UserMistake` when it cannot be read, is too long or is found in nothing at all."""
        if len(pattern) > MOST_CHARACTERS:
            raise errors.UserMistake(
                f"the pattern has more than {MOST_CHARACTERS} characters", place="pattern"
            )
        self._pattern, self._seconds = pattern, seconds

    def __enter__(self) -> Seeker:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", "lightwell.files.seeking", str(self._seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        answer = self._ask(self._pattern)
        if "problem" in answer:
            self.close()
            raise errors.UserMistake(str(answer["problem"]), place="pattern")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def find(self, lines: Sequence[str]) -> list[Span]:
        """List where the pattern stands in these lines; `UserMistake` when it takes too long."""
        return [(line, start, end) for line, start, end in self._ask(list(lines))["spans"]]

    def _ask(self, question: object) -> dict[str, list[Span]]:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        try:
            asked.write(json.dumps(question).encode() + b"\n")
            asked.flush()
            line = answers.readline()
        except OSError:
            line = b""
        if not line:
            self.close()
            raise errors.UserMistake(
                f"looking for this took longer than {self._seconds} seconds and was stopped; write it "
                "without repetition inside repetition, or choose fewer documents",
                place="pattern",
            )
        answer: dict[str, list[Span]] = json.loads(line)
        return answer


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Read a pattern, then pages as lists of lines; answer each with the places."""

    def tell(answer: object) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    try:
        pattern = re.compile(json.loads(asked.readline()), re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        tell({"problem": f"the pattern cannot be read: {error}"})
        return
    if pattern.search(""):
        tell({"problem": "the pattern would be found everywhere; it has to name at least one letter"})
        return
    tell({})
    for line in asked:
        tell(
            {
                "spans": [
                    (k, match.start(), match.end())
                    for k, text in enumerate(json.loads(line))
                    for match in pattern.finditer(text)
                    if match.end() > match.start()
                ]
            }
        )


if __name__ == "__main__":
    fence.enter(_MEMORY, int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
