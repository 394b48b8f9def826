"""The API itself: where it lies, how it says no (RFC 9457), and tags that spare a second download.

Reading only, no sign-in, the same gate as the pages. Nothing here decides what may be seen.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.utils import contribute_operation_callback

from lightwell.base import errors
from lightwell.web import asking
from lightwell.web.api import shapes

_NOT_MODIFIED = 304
REFUSALS = frozenset({400, 404, 451, 503})
UNAVAILABLE = 451
View = TypeVar("View", bound=Callable[..., Any])


class PublicApi(NinjaAPI):
    """Adds an ETag to every answer, and answers 304 to who holds it already."""

    def create_response(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let pages of other sites read the answer, and say that nobody may keep it unasked."""
        response: HttpResponse = super().create_response(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        # Kept by nobody without asking again: what is taken out of view is gone at once.
        response["Cache-Control"] = "no-cache"
        if request.method in ("GET", "HEAD") and response.status_code == 200:
            response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
            if response["ETag"] in request.headers.get("If-None-Match", ""):
                response.status_code, response.content = _NOT_MODIFIED, b""
        return response

    def get(self, path: str, **options: Any) -> Callable[[View], View]:
        """Add an operation that refuses what it is asked under a name that it does not know."""
        add = super().get(path, **options)

        def register(view: View) -> View:
            contribute_operation_callback(view, _refuse_unknown_names)
            return add(view)

        return register


def _refuse_unknown_names(operation: Any) -> None:
    known = {
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    }
    answer = operation.view_func

    @functools.wraps(answer)  # the API's description names operations after their functions
    def check(request: HttpRequest, **values: Any) -> Any:
        # Ignored, a misspelt as_of would give today's list to somebody who asked for another day's.
        asking.refuse_names(request.GET, known)
        return answer(request, **values)

    operation.view_func = check


api = PublicApi(
    title="Lightwell",
    version="1",
    description=(
        "Everything public, without sign-in. Lists go on with `next` as `after`. With `as_of` the states, "
        "days and counts are those of an earlier day; words and titles are always those that may be seen now."
    ),
    docs_url=None,
    urls_namespace="api-1",
)


class Unavailable(Exception):
    """Something has its place but may not be shown; answered with 451 and the reason (RFC 7725)."""


def make_problem(
    status: int, title: str, detail: str, problems: list[dict[str, str]] | None = None
) -> HttpResponse:
    """Write a problem (RFC 9457)."""
    body = shapes.Problem(title=title, status=status, detail=detail, problems=problems or [])
    response = JsonResponse(body.dict(), status=status, content_type="application/problem+json")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "no-cache"
    return response


@api.exception_handler(Http404)
def answer_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """Answer 404; whether something is hidden there is not told."""
    return make_problem(404, "Not found", "There is nothing public at this address.")


@api.exception_handler(ValidationError)
def answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer 400 with every value that has the wrong form, by its place."""
    problems = [
        {"place": ".".join(str(part) for part in each["loc"]), "sentence": str(each["msg"])}
        for each in error.errors
    ]
    return make_problem(400, "The request cannot be read", "One or more values are not valid.", problems)


@api.exception_handler(HttpError)
def answer_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer what django-ninja itself refuses."""
    return make_problem(error.status_code, "Not possible", str(error))


@api.exception_handler(errors.UserMistake)
def answer_mistake(request: HttpRequest, error: errors.UserMistake) -> HttpResponse:
    """Answer 400 with the sentences of a user's mistake."""
    problems = [{"place": each.place, "sentence": each.sentence} for each in error.problems]
    return make_problem(400, "The request cannot be answered", problems[0]["sentence"], problems)


@api.exception_handler(errors.Refused)
def answer_refused(request: HttpRequest, error: errors.Refused) -> HttpResponse:
    """Answer 451 (RFC 7725): it is here and may not be shown."""
    return make_problem(UNAVAILABLE, "Not shown, for a legal reason", error.sentence)


@api.exception_handler(Unavailable)
def answer_unavailable(request: HttpRequest, error: Unavailable) -> HttpResponse:
    """Answer 451 (RFC 7725) with the legal reason of a page."""
    return make_problem(UNAVAILABLE, "Not shown, for a legal reason", str(error))


@api.exception_handler(errors.CouldNotCheck)
def answer_unchecked(request: HttpRequest, error: errors.CouldNotCheck) -> HttpResponse:
    """Answer 503: it may work later, such as search while the index is being built."""
    return make_problem(503, "Not possible at the moment", error.sentence)
