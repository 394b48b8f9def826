"""The order in which a record of each kind is read: sections with their fields, most telling first.

A field that no section names stands under "More" (`reader.lay_out`), so that none can be forgotten.
"""

from __future__ import annotations

# Shown in the head of every record's page and therefore left out below.
HEAD = ("title", "summary", "asks", "topics")

LAYOUTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "study": (
        ("What is asked", ("question", "stage", "registered_in_advance", "started", "ended", "harms")),
        ("What was found", ("findings",)),
        ("How it was done", ("methods", "population", "ages", "countries", "sample_size", "deviations")),
        ("What was promised", ("due_dates",)),
        ("How earlier research was looked for", ("search",)),
        ("Who answers for it", ("officer", "ethics", "funding")),
        ("Elsewhere", ("publications", "sources")),
    ),
    "dataset": (
        ("Who is in it", ("population", "people", "rows", "period", "privacy_unit")),
        ("How to use it", ("access", "codebook")),
        ("What it holds", ("tables",)),
        ("How complete it is", ("completeness", "errata", "source_systems")),
        ("Where it belongs", ("risk_assessment", "checksum", "sources")),
    ),
    "access-decision": (
        ("What was decided", ("outcome", "decided_on", "votes", "dissent", "conditions", "findings")),
        (
            "What was asked for",
            (
                "topic",
                "purpose",
                "risk_category",
                "about_minors",
                "data_described",
                "dataset",
                "variables",
                "holder",
            ),
        ),
        ("Who asked", ("organisations", "funders", "interests", "preregistration", "ethics")),
        ("How long it took", ("clocks", "extensions", "amendments", "mediation", "appeal")),
        ("How access works", ("modalities", "environment", "period", "budget", "queries", "order")),
        ("What came of it", ("results", "released", "events")),
        ("Case", ("number", "rules")),
    ),
    "query-release": (
        ("The answer", ("numbers",)),
        ("What was asked", ("question", "bounds", "dataset")),
        ("How this was computed", ("how", "plan", "cost")),
        ("What is not proven", ("not_proven", "notes")),
        ("Which data", ("codebook", "data_version", "answer", "file", "sample", "sources")),
    ),
    "figures-edition": (
        ("The figures", ("edition", "published_on", "told_by", "period", "points_in_all", "points")),
        ("What they count", ("definitions", "caveats", "not_answered")),
        ("What changed since the edition before", ("revisions",)),
        ("Where they come from", ("source_page", "files", "mapping", "sources")),
    ),
    "risk-assessment": (
        ("What could happen to children", ("rows",)),
        ("Which service, and when", ("service", "status", "dates", "framework", "users")),
        ("What the service can do", ("functionalities",)),
        ("Measures", ("measures",)),
        ("Who was asked", ("childrens_voice", "consultations")),
        ("Who answers for it", ("governance",)),
        ("What happened later", ("incidents", "disputes", "right_of_reply")),
    ),
    "reputational-review": (
        ("What was decided", ("decision", "conditions", "alternatives", "dissent", "escalation")),
        ("Why and what was reviewed", ("trigger", "reviewed")),
        ("What was asked", ("questions", "criteria")),
        ("Who took part", ("people", "children")),
        ("What was found", ("findings",)),
        ("What was looked at", ("evidence",)),
        ("What was known and not looked at", ("research_not_consulted",)),
        ("What happened later", ("outcome", "changes", "delay")),
    ),
    "encryption-review": (
        ("What was decided", ("decision", "conditions", "alternatives", "dissent", "escalation")),
        ("Encryption", ("encryption", "reviewed", "trigger")),
        ("What was found", ("findings", "rights", "safeguards")),
        ("What might happen", ("model",)),
        ("The figures behind it", ("figures", "claims")),
        ("What was asked", ("questions", "criteria")),
        ("Who took part", ("people", "children")),
        ("What was looked at", ("evidence",)),
        ("What was known and not looked at", ("research_not_consulted",)),
        ("What happened later", ("outcome", "changes", "delay")),
    ),
    "letter": (
        ("What was asked", ("asks",)),
        ("The letter", ("sent_on", "addressee", "led_by", "note")),
        ("Who signed", ("signatories_in_all", "signatories")),
    ),
    "reply": (("The reply", ("text", "answers", "points")),),
    "commentary": (("The commentary", ("text", "points", "author", "purpose", "interests")),),
}
