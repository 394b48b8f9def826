"""What an installation writes down about itself, line by line, so that no line holds anything about a person.

A line says when, how grave, which part of the program, which route in its general form, which status, how
long: never an address, a name, the words of a search or of a page. That is kept by what is let in, not by
looking for what must go out: of a message only its fixed form is written, of an error its type and where in
the code it happened, since messages of databases and parsers repeat the values they stumbled over.

    LIGHTWELL_LOG=text   sentences on standard error, failures only
    LIGHTWELL_LOG=json   one JSON object a line on standard error, every answer and every failure
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import re
import traceback
from pathlib import Path
from typing import Any

from lightwell.base import errors

VARIABLE = "LIGHTWELL_LOG"
FORMS = ("text", "json")
OWN = "lightwell"
# Frames nearest to the error; what called them all is the same server.
_FRAMES = 8
_FIELDS = "lightwell_fields"
# Where values stand in a message of Python's logging (printf style).
_PLACES = re.compile(r"%(?:\(\w+\))?[-#0 +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[diouxXeEfFgGcrsa]")


def read_form() -> str:
    """Read in which form lines are written; `UserMistake` for another."""
    form = os.environ.get(VARIABLE) or "text"
    if form not in FORMS:
        raise errors.UserMistake(f"{form!r} is not a form of the log; write text or json", place=VARIABLE)
    return form


def describe_logging(form: str) -> dict[str, Any]:
    """Describe Python's logging for Django and for the web server."""
    console = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}
    own = {"handlers": ["console"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"generic": {"()": "lightwell.files.diary.Lines", "form": form}},
        "handlers": {"console": console},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            OWN: {
                "handlers": ["console"],
                "level": "INFO" if form == "json" else "WARNING",
                "propagate": False,
            },
            "django.request": {"level": "ERROR"},
            # Written by the server process itself, with errors of the program as text.
            "_granian": {**own, "level": "WARNING"},
        },
    }


def write_line(event: str, level: int = logging.INFO, **fields: str | int) -> None:
    """Write a line of our own; `event` is a fixed word, and no field may hold what a person wrote or is."""
    logging.getLogger(OWN).log(level, event, extra={_FIELDS: fields})


def describe_error(error: BaseException) -> list[str]:
    """Say where an error happened, innermost last: type, file, line, function, and nothing of its words."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(lines) < _FRAMES * 4:
        frames = traceback.extract_tb(seen.__traceback__)[-_FRAMES:]
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        lines += [f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines


def _has_words(form: str) -> bool:
    return any(each.isalpha() for each in _PLACES.sub("", form))


class Lines(logging.Formatter):
    """Writes a record as one line, without its values."""

    def __init__(self, form: str = "text") -> None:
        super().__init__()
        self.form = form

    def format(self, record: logging.LogRecord) -> str:
        """Keep the fixed form of what is said, the level, the part of the program, and where an error was."""
        line: dict[str, Any] = {
            "time": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "part": record.name,
            "process": record.process,
        }
        fields = getattr(record, _FIELDS, None)
        if fields is not None:
            line |= {
                "event": record.msg,
                **{name: value for name, value in fields.items() if value is not None},
            }
        elif isinstance(status := getattr(record, "status_code", None), int):
            # Django's words are "%s: %s" for every answer that failed, and the address is one of the values.
            match = getattr(getattr(record, "request", None), "resolver_match", None)
            line |= {"event": "failed", "route": match.route if match else "none", "status": status}
        elif record.args and isinstance(record.msg, str) and _has_words(record.msg):
            line["event"] = _PLACES.sub("…", record.msg)
        else:
            # Without arguments somebody may have put values into the words beforehand.
            line["event"] = f"{record.module}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe_error(record.exc_info[1])
        if self.form == "json":
            return json.dumps(line, ensure_ascii=True, separators=(",", ":"))
        rest = " ".join(
            f"{name}={value}"
            for name, value in line.items()
            if name not in ("time", "level", "event", "error")
        )
        text = f"{line['time']} {line['level']} {line['event']} {rest}"
        return "\n  ".join([text, *line.get("error", [])])
