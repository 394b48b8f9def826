"""Topics of research in everyday words, and what stands under each, service by service."""

from __future__ import annotations

from dataclasses import dataclass

from lightwell.actions import accounts
from lightwell.actions.accounts import Account
from lightwell.actions.overview import Overview, ProviderView, StudyView
from lightwell.base import disclosure

TOPICS = (
    "sleep",
    "body-image",
    "bullying",
    "contact-by-strangers",
    "sexual-images",
    "self-harm",
    "mental-health",
    "spread-of-abuse-images",
)


@dataclass(frozen=True, slots=True)
class ServiceTopic:
    """What one service has under a topic; without any study the silence itself is shown."""

    service: disclosure.Party | None
    studies: tuple[StudyView, ...]
    records: tuple[disclosure.Disclosure, ...]
    account: Account


@dataclass(frozen=True, slots=True)
class CompanyTopic:
    """A company under a topic, with each of its services."""

    provider: ProviderView
    services: tuple[ServiceTopic, ...]
    studies: tuple[StudyView, ...]
    account: Account

    @property
    def silent(self) -> list[disclosure.Party]:
        """The services about which there is nothing."""
        return [row.service for row in self.services if row.service and not row.studies and not row.records]


def list_topics(overview: Overview) -> list[tuple[str, int, int, Account]]:
    """List (topic, studies, other records, account), every topic named, also those without anything."""
    rows = []
    for topic in TOPICS:
        studies = [each for each in overview.studies if _is_about(each.record, topic)]
        others = sum(
            _is_about(each, topic) and each.kind != "study"
            for provider in overview.providers
            for each in (*provider.own_records, *provider.other_records)
        )
        rows.append((topic, len(studies), others, accounts.add_up(each.account for each in studies)))
    return rows


def read_topic(overview: Overview, topic: str) -> list[CompanyTopic]:
    """Read a topic for every company; a study of several services stands under each of them."""
    return [_read_company(provider, topic) for provider in overview.providers]


def _read_company(provider: ProviderView, topic: str) -> CompanyTopic:
    studies = [each for each in provider.studies if _is_about(each.record, topic)]
    records = [
        each
        for each in (*provider.own_records, *provider.other_records)
        if each.kind != "study" and _is_about(each, topic)
    ]
    services = [_read_service(service, studies, records) for service in provider.services]
    general = _read_service(None, studies, records)
    if general.studies or general.records:
        services.append(general)
    return CompanyTopic(
        provider, tuple(services), tuple(studies), accounts.add_up(each.account for each in studies)
    )


def _read_service(
    service: disclosure.Party | None, studies: list[StudyView], records: list[disclosure.Disclosure]
) -> ServiceTopic:
    def concerns(record: disclosure.Disclosure | None) -> bool:
        named = [each.id for each in record.services] if record else []
        return service.id in named if service else not named

    own = tuple(each for each in studies if concerns(each.record))
    return ServiceTopic(
        service,
        own,
        tuple(each for each in records if concerns(each)),
        accounts.add_up(each.account for each in own),
    )


def _is_about(record: disclosure.Disclosure | None, topic: str) -> bool:
    topics = record.body.get("topics") if record else None
    return isinstance(topics, list) and topic in topics
