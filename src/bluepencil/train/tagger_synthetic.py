"""Writes comments and teasers under training pages, out of phrases of its own and lines of other pages.

Comments and teasers read like an article; what tells them apart is what stands around them. Few pages that a
person labelled have long ones, so they are made.
"""

from collections.abc import Sequence
from random import Random

from bluepencil.train.tagger_lines import Line, labelled
from bluepencil.train.tagger_pages import TrainingPage

_HEADS = {
    "en": (
        "Comments|{n} Comments|Comments ({n})|{n} Responses|{n} comments so far|Reader comments|"
        "Discussion|Comment|Join the conversation|What do you think?|{n} Responses to “{title}”|"
        "{n} thoughts on “{title}”|User comments|Sort by|Newest|Most recent comments|"
        "Add a comment|Log in to comment|{n} replies"
    ),
    "de": (
        "Kommentare|{n} Kommentare|Kommentare ({n})|Kommentar schreiben|Diskussion|{n} Antworten|"
        "Leserkommentare|{n} Gedanken zu „{title}“|Ihre Meinung|Neueste Kommentare zuerst|"
        "{n} Reaktionen zu “{title}”"
    ),
}
_NAMES = (
    "Anna|Ben|Carla|David|Eva|Frank|Greg|Hanna|Ivan|Julia|Karl|Linda|Mike|Nora|Oliver|Paula|Rick|"
    "Sarah|Tom|Uwe|mark77|sunny|the_reader|Anonymous|Guest|Gast|Jim B.|Kate M.|dr. no|bookworm|"
    "Peter Lang|Mary Hill|J. Stone"
)
_BYLINES = {
    "en": (
        "{name}|{name} says:|{name} said...|{name} wrote:|Posted by {name}|{name} on {date}|"
        "Posted by {name} on {date}|{name} · {date}|By {name}, {date}|# {n} {name}|"
        "{name} says: {date}|{name} replied"
    ),
    "de": (
        "{name}|{name} sagt:|{name} schrieb:|{name} am {date}|Von {name} am {date}|"
        "{name} · {date}|{name} meint|{date} von {name}|# {n} {name}"
    ),
}
_DATES = (
    "{d} May 20{y} at {h}:{m}|March {d}, 20{y} at {h}:{m} am|{d}.{k}.20{y}, {h}:{m} Uhr|"
    "20{y}-0{k}-{d}|{n} days ago|{d}. Oktober 20{y} um {h}:{m}|{n} hours ago|"
    "0{k}/{d}/20{y} {h}:{m} PM|vor {n} Tagen|{n} years ago"
)
_SHORT = {
    "en": (
        "Great post, thanks!|I agree with you.|Thanks for sharing this.|This is wrong.|"
        "Well said!|LOL|Nice article.|I don't think that is true at all.|"
        "Good point, but you forgot something.|Thank you, this helped me a lot.|"
        "I have the same problem, any news?|Love it!!|Who cares?|Can you tell me more about it?"
    ),
    "de": (
        "Danke für den Beitrag!|Sehr guter Artikel.|Das sehe ich anders.|Stimmt genau.|"
        "Kann ich nur bestätigen.|Vielen Dank, das hat mir geholfen.|Wen interessiert das?|"
        "Schöner Bericht, weiter so!|Ich habe das gleiche Problem."
    ),
}
_TAILS = {
    "en": ("Reply|Report|Like|Permalink|Share|Flag|Quote|Report abuse|{n} people like this|Reply to this"),
    "de": ("Antworten|Melden|Zitieren|Empfehlen|Beitrag melden|Gefällt mir|Permalink|{n} Antworten"),
}
_FORM = {
    "en": (
        "Leave a Reply|Name (required)|Mail (will not be published)|Website|Submit Comment|Post a comment"
    ),
    "de": ("Schreibe einen Kommentar|Name|E-Mail|Webseite|Kommentar abschicken|Antworten abbrechen"),
}
_TEASERS = {
    "en": ("Related articles|More stories|You may also like|Most popular|Read next|Latest news|Recommended"),
    "de": ("Mehr zum Thema|Ähnliche Artikel|Das könnte Sie auch interessieren|Meistgelesen|Weitere Artikel"),
}
_MORE = {
    "en": ("Read more|Continue reading|More|Full story"),
    "de": ("Weiterlesen|mehr|Zum Artikel|Lesen Sie mehr"),
}


def comments(page: TrainingPage, peers: Sequence[TrainingPage], random: Random) -> list[Line]:
    """Return a section of one to fifteen comments, all of it noise; their text comes from peers."""
    say = _Speaker(page, random)
    texts = [say(_HEADS)] if random.random() < 0.85 else []
    shape = [random.choice(["name", "name date", "date name", "", "name"]), random.random() < 0.6]
    byline, tail = random.choice(say.options(_BYLINES)), random.choice(say.options(_TAILS))
    for _ in range(random.choice([1, 2, 3, 5, 8, 15])):
        for part in str(shape[0]).split():
            texts.append(say.fill(byline) if part == "name" else say.date())
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            texts.append(say(_SHORT) if random.random() < 0.3 else _sentences(random.choice(peers), random))
        if shape[1]:
            texts.append(say.fill(tail))
    if random.random() < 0.5:
        form = say.options(_FORM)
        texts += form[: random.randint(1, len(form))]
    return [labelled(text, 0.0) for text in texts if text]


def teasers(page: TrainingPage, peers: Sequence[TrainingPage], random: Random) -> list[Line]:
    """Return a block of teasers for other pages, all of it noise: titles and beginnings of texts."""
    say = _Speaker(page, random)
    texts = [say(_TEASERS)]
    with_text, with_more, with_date = (random.random() < 0.6 for _ in range(3))
    for _ in range(random.randint(2, 8)):
        other = random.choice(peers)
        texts.append(other.lines[0].split(" | ")[0].split(" - ")[0])
        if with_date:
            texts.append(say.date())
        if with_text:
            text = _sentences(other, random)
            texts.append(text[: random.randint(60, 160)].rstrip() + " ..." if random.random() < 0.5 else text)
        if with_more:
            texts.append(say(_MORE))
    return [labelled(text, 0.0) for text in texts if text]


def _sentences(page: TrainingPage, random: Random) -> str:
    """Return one to four sentences of a line that stays on a page."""
    stay = [line for line, keep in zip(page.lines, page.keep, strict=True) if keep > 0.9 and len(line) > 40]
    if not stay:
        return ""
    parts = random.choice(stay).split(". ")
    start = random.randrange(len(parts))
    return ". ".join(parts[start : start + random.randint(1, 4)])


class _Speaker:
    """Says phrases in the language of a page, German or else English."""

    def __init__(self, page: TrainingPage, random: Random) -> None:
        self.language = "de" if page.language == "de" else "en"
        self.title = page.lines[0][:60]
        self.random = random

    def options(self, phrases: dict[str, str]) -> list[str]:
        return phrases[self.language].split("|")

    def __call__(self, phrases: dict[str, str]) -> str:
        return self.fill(self.random.choice(self.options(phrases)))

    def date(self) -> str:
        return self.fill(self.random.choice(_DATES.split("|")))

    def fill(self, phrase: str) -> str:
        number = self.random.randint
        if "{date}" in phrase:
            phrase = phrase.replace("{date}", self.date())
        return phrase.format(
            n=number(2, 40),
            d=number(10, 28),
            k=number(1, 9),
            y=f"{number(6, 24):02}",
            h=number(1, 12),
            m=number(10, 59),
            name=self.random.choice(_NAMES.split("|")),
            title=self.title,
        )
