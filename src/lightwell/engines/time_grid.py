"""Answers on a fixed time grid: when one comes tells nothing but how many ticks it took.

How long a query runs may hang on the data, and a kept answer is there at once. A hosted service therefore
lets every answer, and every failure after the charge, go only at the next tick of a clock that runs anyway
(Haeberlen, Pierce and Narayan 2011, "Differential privacy under fire"). A refusal before the charge depends
on the text and the codebook alone and goes at once. What is left: a query that runs longer than a tick takes
another, so ticks are long.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from lightwell.base import errors
from lightwell.query.refusal import QueryRefused
from lightwell.query.release import Release
from lightwell.query.session import Session


class TimeGrid:
    """A session whose answers go out at whole multiples of `tick` seconds, and one whole tick after the
    question.

    `clock` gives seconds and `sleep` waits so many; tests hand in their own.
    """

    def __init__(
        self,
        session: Session,
        *,
        tick: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not tick > 0:
            raise errors.UserMistake("the tick is a number of seconds above 0, such as 60")
        self._session, self._tick, self._clock, self._sleep = session, tick, clock, sleep

    def sql(self, text: str, **price: Any) -> Release:
        """As `Session.sql`, at the next tick."""
        asked = self._clock()
        # Not answered before a whole tick has gone by, or the time of asking within a tick would show.
        due = (math.floor(asked / self._tick) + 2) * self._tick
        try:
            answer = self._session.sql(text, **price)
        except QueryRefused:
            raise
        except errors.LightwellError as failure:
            self._wait(due)
            raise failure from None
        self._wait(due)
        return answer

    def _wait(self, due: float) -> None:
        now = self._clock()
        while now > due:
            due += self._tick
        self._sleep(due - now)
