"""The questionnaire of the sample provider: every item with its wording, scale and the latent score behind it.

One table serves three readers: the simulation draws answers from it, the questionnaires print it, the codebook
describes it. Item wording is ours; no published scale is copied. Absent: any item about a real person or service.
"""

from __future__ import annotations

from dataclasses import dataclass

FREQUENCY = ("Never", "Once or twice", "About once a week", "Several times a week", "Every day or almost")
AGREEMENT = (
    "Not at all like me",
    "A little like me",
    "Somewhat like me",
    "Quite like me",
    "Very much like me",
)


@dataclass(frozen=True)
class Item:
    """One question answered 1 to 5. `cut` is the lowest answer counted in the printed share."""

    key: str
    section: str
    wording: str
    scale: tuple[str, ...]
    cut: int
    short: str
    base: float  # answer before rounding to 1..5 at latent score 0 (may lie below 1: then most answer 1)
    load: float  # answer points per unit of the section's latent score; negative = reversed item


SECTIONS = {
    "sleep": "Sleep and the phone at night",
    "mood": "How you have been feeling",
    "body": "Looks and comparing",
    "bully": "How others treated you",
    "contact": "People you do not know",
    "report": "Asking for help",
}

ITEMS: tuple[Item, ...] = (
    Item("s1", "sleep", "It took me a long time to fall asleep.", FREQUENCY, 4,
         "took a long time to fall asleep several times a week", 2.45, 0.62),
    Item("s2", "sleep", "A sound, a light or a message from my phone woke me up.", FREQUENCY, 3,
         "were woken by their phone at least weekly", 1.75, 0.66),
    Item("s3", "sleep", "I felt tired in lessons because I had been on my phone.", FREQUENCY, 4,
         "felt tired in lessons several times a week because of the phone", 2.05, 0.74),
    Item("s4", "sleep", "My phone was within reach while I was in bed.", FREQUENCY, 5,
         "had the phone within reach of the bed every night", 3.75, 0.55),
    Item("s5", "sleep", "I meant to put the phone away and stayed on it for longer than I wanted.", FREQUENCY, 4,
         "stayed on longer than they wanted several times a week", 2.70, 0.78),
    Item("s6", "sleep", "I opened Larkfield because it sent me a notification at night.", FREQUENCY, 3,
         "opened Larkfield at night because of a notification at least weekly", 1.95, 0.80),
    Item("m1", "mood", "I felt low.", FREQUENCY, 4, "felt low several times a week", 2.35, 0.70),
    Item("m2", "mood", "I felt lonely, even when I was with other people.", FREQUENCY, 4,
         "felt lonely several times a week", 2.15, 0.66),
    Item("m3", "mood", "I looked forward to the next day.", FREQUENCY, 4,
         "looked forward to the next day several times a week", 3.55, -0.62),
    Item("m4", "mood", "I was nervous about what others had written or might write.", FREQUENCY, 4,
         "were nervous about what others write several times a week", 2.05, 0.60),
    Item("m5", "mood", "I found it hard to concentrate on one thing.", FREQUENCY, 4,
         "found it hard to concentrate several times a week", 2.75, 0.58),
    Item("m6", "mood", "I could talk to someone about how I felt.", FREQUENCY, 4,
         "could talk to someone several times a week", 3.35, -0.40),
    Item("b1", "body", "I compared the way I look with people I saw on Larkfield.", FREQUENCY, 4,
         "compared their looks several times a week", 2.40, 0.85),
    Item("b2", "body", "I felt worse about my body after looking at pictures or clips.", FREQUENCY, 4,
         "felt worse about their body several times a week", 1.95, 0.82),
    Item("b3", "body", "I changed a picture of myself before I showed it to anyone.", FREQUENCY, 4,
         "edited pictures of themselves several times a week", 1.90, 0.70),
    Item("b4", "body", "I stayed out of pictures because of how I look.", FREQUENCY, 4,
         "stayed out of pictures several times a week", 2.00, 0.66),
    Item("b5", "body", "I like the way I look.", AGREEMENT, 4, "say that they like the way they look", 3.45, -0.68),
    Item("b6", "body", "I wanted to stop seeing this kind of clip but it kept coming.", FREQUENCY, 4,
         "wanted such clips to stop but kept seeing them several times a week", 2.05, 0.78),
    Item("v1", "bully", "Someone wrote something about me that was meant to hurt.", FREQUENCY, 3,
         "were hurt on purpose by something written at least weekly", 1.55, 0.62),
    Item("v2", "bully", "I was left out of a group on purpose.", FREQUENCY, 3,
         "were left out on purpose at least weekly", 1.60, 0.60),
    Item("v3", "bully", "A picture of me was passed on although I did not want that.", FREQUENCY, 2,
         "had a picture passed on against their wish at least once", 0.25, 0.48),
    Item("v4", "bully", "I saw someone else being treated badly.", FREQUENCY, 3,
         "saw someone else treated badly at least weekly", 2.20, 0.55),
    Item("c1", "contact", "An adult I do not know wrote to me.", FREQUENCY, 2,
         "were written to by an unknown adult at least once", 0.35, 0.62),
    Item("c2", "contact", "Someone I do not know asked how old I am or where I live.", FREQUENCY, 2,
         "were asked their age or home by someone unknown at least once", 0.10, 0.60),
    Item("c3", "contact", "Someone I do not know asked me to go on talking in another app.", FREQUENCY, 2,
         "were asked to move to another app at least once", -0.20, 0.62),
    Item("c4", "contact", "Someone sent me a sexual picture that I did not want.", FREQUENCY, 2,
         "received an unwanted sexual picture at least once", -0.65, 0.68),
    Item("r1", "report", "When something bad happened on Larkfield I knew where to report it.", AGREEMENT, 4,
         "say that they knew where to report", 3.20, 0.45),
    Item("r2", "report", "When I reported something, it helped.", AGREEMENT, 4,
         "say that reporting helped", 2.25, 0.45),
    Item("r3", "report", "I told an adult I trust about something bad that happened online.", FREQUENCY, 2,
         "told an adult they trust at least once", 1.55, 0.45),
)  # fmt: skip

BY_KEY = {item.key: item for item in ITEMS}
COLUMN = {item.key: index for index, item in enumerate(ITEMS)}


def list_items(section: str) -> list[Item]:
    """The items of one section, in the order in which they are asked."""
    return [item for item in ITEMS if item.section == section]
