"""The tables, one file per noun; Django finds them through this list."""

from lightwell.db.models.challenges import Challenge, TurnedAway
from lightwell.db.models.disclosures import Disclosure, Tombstone
from lightwell.db.models.figures import FigureEdition, FigurePoint, FigureRevision, FigureSeries
from lightwell.db.models.following import Batch, Follow, Follower, Mailing, Noticed, Webhook
from lightwell.db.models.log import Checkpoint, LogEntry
from lightwell.db.models.parties import PastName, Provider, Service
from lightwell.db.models.people import JournalEntry, Organisation, Person, Sitting
from lightwell.db.models.proposals import Proposal
from lightwell.db.models.publications import (
    Holding,
    Opening,
    Publication,
    PublicPage,
    Report,
    Suspension,
)
from lightwell.db.models.readings import Reading
from lightwell.db.models.redactions import Redaction
from lightwell.db.models.studies import Amendment, Inventory, Item, Study

__all__ = [
    "Amendment",
    "Batch",
    "Challenge",
    "Checkpoint",
    "Disclosure",
    "FigureEdition",
    "FigurePoint",
    "FigureRevision",
    "FigureSeries",
    "Follow",
    "Follower",
    "Holding",
    "Inventory",
    "Item",
    "JournalEntry",
    "LogEntry",
    "Mailing",
    "Noticed",
    "Opening",
    "Organisation",
    "PastName",
    "Person",
    "Proposal",
    "Provider",
    "PublicPage",
    "Publication",
    "Reading",
    "Redaction",
    "Report",
    "Service",
    "Sitting",
    "Study",
    "Suspension",
    "Tombstone",
    "TurnedAway",
    "Webhook",
]
