"""Data sets that can be asked: their list, questions tried on invented rows, what there is to take away.

Everything here is open to anybody without an account, and none of it reads data about a child: tries run on
invented rows (`actions/tryouts`), prices follow from the codebook, and the budget is the ledger's public
balance. Who may ask the real data is decided elsewhere.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, register_converter

from lightwell.actions import datasets, query_records, tryouts
from lightwell.actions.datasets import Dataset
from lightwell.base import errors, fields
from lightwell.files import state
from lightwell.web import asking, citations, converters, dataset_pages, downloads, memory, methods, ranges

_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def read_mark() -> str:
    """Say which state of the ledger a kept page shows."""
    return datasets.read_ledger_mark(state.open_state(), settings.BUDGET_HOURS)


@memory.keep_by(read_mark)
def list_datasets(request: HttpRequest) -> HttpResponse:
    """List every data set that can be asked, with what is left of its budget and what was answered."""
    opened = state.open_state()
    found = [
        {
            "dataset": each,
            "answers": dataset_pages.list_answers(each.record.id),
            **dataset_pages.describe_budget(opened, each),
        }
        for each in datasets.list_datasets(opened)
    ]
    return render(request, "queries/datasets.html", {"found": found, "here": "datasets"})


@methods.without_token
@methods.read_or_send
@memory.keep_by_names("example")
def try_question(request: HttpRequest, record: str) -> HttpResponse:
    """Take a question, answer it from invented rows, and say what it would cost; nothing of it is kept."""
    answer = _try_question(request, record)
    if request.method == "POST":
        # What somebody asks is nobody else's business, a browser's store included.
        answer["Cache-Control"] = "no-store"
    return answer


def _try_question(request: HttpRequest, record: str) -> HttpResponse:
    dataset = _find_dataset(record)
    examples = tryouts.list_examples(dataset, query_records.list_answers(record))
    name = asking.choose_value(request.GET, "example", [each.name for each in examples])
    example = tryouts.find_example(examples, name)
    form: dict[str, Any] = {
        "question": (example or examples[0]).question if examples else "",
        "price": f"{tryouts.USUAL_PRICE:g}",
    }
    shown = {"dataset": dataset, "examples": examples, "example": example, "form": form, "here": "datasets"}
    shown |= dataset_pages.describe_form(dataset)
    if example and example.name.startswith("qry-"):
        shown["answered"] = example.name
    if not tryouts.is_possible() or (request.method != "POST" and example is None):
        return render(request, "queries/try.html", shown)
    if request.method == "POST":
        form["question"] = request.POST.get("question", "").replace("\r\n", "\n")[
            : tryouts.MOST_CHARACTERS + 1
        ]
        form["price"] = request.POST.get("price", "")[:20].strip()
    try:
        price = _read_price(form["price"])
        _check_question(form["question"])
        tried = tryouts.try_question(
            state=state.open_state(), dataset=dataset, question=form["question"], epsilon=price
        )
    except errors.UserMistake as mistake:
        problems = [each.sentence for each in mistake.problems]
        return render(request, "queries/try.html", {**shown, "problems": problems}, status=400)
    except errors.CouldNotCheck as busy:
        # With the form, so that nobody writes a question twice.
        return render(request, "queries/try.html", {**shown, "problems": [busy.sentence]}, status=503)
    if tried.release is None:
        refused = {
            "refusals": tried.refusals,
            "problems": tried.problems,
            "marked": dataset_pages.mark_places(form["question"], tried.refusals),
        }
        return render(request, "queries/try.html", {**shown, **refused}, status=200 if example else 400)
    return render(
        request,
        "queries/try.html",
        {**shown, **dataset_pages.describe_tried(dataset, tried.release, tried.statements)},
    )


@methods.only_read
def send_codebook(request: HttpRequest, record: str) -> HttpResponse:
    """Send the codebook as it is attached to the record of its data set."""
    dataset = _find_dataset(record)
    answer = HttpResponse(dataset.file, content_type="application/yaml; charset=utf-8")
    name = f"{dataset.codebook.dataset}-{fields.make_slug(dataset.codebook.version)}"
    answer["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    answer["Cache-Control"] = "no-cache"
    return answer


@methods.only_read
def send_dummy(request: HttpRequest, record: str, table: str, form: str) -> HttpResponseBase:
    """Send the invented rows of a table, labelled so inside the file."""
    dataset = _find_dataset(record)
    found = tryouts.find_dummy(state.open_state(), dataset, table, form)
    if found is None:
        raise Http404
    name = f"invented-rows-{dataset.codebook.dataset}-{table}.{form}"
    answer = ranges.send_file(request, found, name, f'"{dataset.codebook.digest[7:39]}-{form}"', _TYPES[form])
    answer["Cache-Control"] = "no-cache"
    return answer


@memory.keep
def send_chart(request: HttpRequest, record: str, version: int, number: int, form: str) -> HttpResponse:
    """Send a chart of an answer on record, as SVG or PNG."""
    row = query_records.find_version(record, version)
    if row is None:
        raise Http404
    charts = dataset_pages.draw_charts(row, *dataset_pages.read_answer(row))
    if not 1 <= number <= len(charts):
        raise Http404
    return downloads.send_drawing(f"{record}-{number}", charts[number - 1], form)


@memory.keep
def send_numbers(request: HttpRequest, record: str, version: int) -> HttpResponse:
    """Send the numbers of an answer on record with the ends of their ranges, as CSV."""
    row = query_records.find_version(record, version)
    if row is None:
        raise Http404
    release, _ = dataset_pages.read_answer(row)
    records = list(release.list_records())
    heads = list(records[0]) if records else list(release.columns)
    if release.is_sample:
        heads.append("sample")
        records = [{**each, "sample": "yes"} for each in records]
    return downloads.send_table(record, heads, [[each[head] for head in heads] for each in records])


@memory.keep
def send_citation(request: HttpRequest, record: str, version: int, form: str) -> HttpResponse:
    """Send the entry of an answer on record for reference managers, as CSL-JSON or BibTeX."""
    row = query_records.find_version(record, version)
    if row is None:
        raise Http404
    site = settings.SITE_ADDRESS or f"{request.scheme}://{request.get_host()}"
    item = dataset_pages.describe_citation(row, site)
    text = citations.format_csl(item) if form == "json" else citations.format_bibtex(item)
    answer = HttpResponse(text, content_type=citations.FORMS[form])
    answer["Content-Disposition"] = f'attachment; filename="{record}-{version}.{form}"'
    return answer


def _find_dataset(record: str) -> Dataset:
    found = datasets.find_dataset(state.open_state(), record)
    if found is None:
        raise Http404
    return found


def _read_price(said: str) -> float:
    least, most = tryouts.LEAST_PRICE, tryouts.MOST_PRICE
    try:
        price = float(said.replace(",", "."))
    except ValueError:
        price = 0.0
    if not least <= price <= most:
        raise errors.UserMistake(f"Write a privacy cost between {least:g} and {most:g}, such as 0.5.")
    return price


def _check_question(question: str) -> None:
    if not question.strip():
        raise errors.UserMistake("There is no question yet. Choose one of the examples, or write one.")
    if len(question) > tryouts.MOST_CHARACTERS:
        raise errors.UserMistake(
            f"This question is longer than {tryouts.MOST_CHARACTERS:,} characters; ask a shorter one."
        )


register_converter(converters.FigurePicture, "answer_picture")
register_converter(converters.DummyForm, "dummy_form")
register_converter(converters.CitationForm, "citation_form")

urlpatterns = [
    path("datasets/", list_datasets, name="datasets"),
    path("datasets/<slug:record>/try/", try_question, name="try"),
    path("datasets/<slug:record>/codebook.yaml", send_codebook, name="codebook"),
    path("datasets/<slug:record>/invented-rows/<str:table>.<dummy_form:form>", send_dummy, name="dummy-rows"),
    path(
        "records/<slug:record>/<int:version>/chart-<int:number>.<answer_picture:form>",
        send_chart,
        name="answer-chart",
    ),
    path("records/<slug:record>/<int:version>/numbers.csv", send_numbers, name="answer-numbers"),
    path(
        "records/<slug:record>/<int:version>/cite.<citation_form:form>", send_citation, name="answer-citation"
    ),
]
