"""How a tagger is trained."""

from dataclasses import dataclass
from typing import NamedTuple

from bluepencil.errors import OptionError
from bluepencil.refiners.tagger_network import CLIP, WIDEST


class Task(NamedTuple):
    """The shape of one network and how fast it learns."""

    columns: int
    width: int
    dilations: tuple[int, ...]
    dropout: float
    learning_rate: float
    table_rate: float
    threads: int


@dataclass(frozen=True, slots=True)
class TaggerOptions:
    """How a tagger is trained; the defaults made the model that ships.

    folds: networks over lines, each trained without one fold of the sites; together they are the tagger.
    epochs, span_epochs: passes over the pages. fewest_sites: of how many sites an item must be known.
    columns: numbers per item. width: numbers per line inside the network. dilations: its layers, 0 for a
    summary of the page. trusted: values of `source` whose labels are a person's; they count
    `trusted_weight` times, and where sources differ (titles, comments) the tagger does as they do.
    varied: share of pages that are changed each time they are seen. written: share of pages of other
    sources under which comments or teasers are written; of trusted ones it is a third.
    precision: the expected share of deleted words that are noise for light, normal, strong.
    """

    folds: int = 3
    epochs: int = 8
    span_epochs: int = 24
    seed: int = 1
    threads: int = 1
    fewest_sites: int = 15
    columns: int = 16
    width: int = 48
    dilations: tuple[int, ...] = (1, 2, 0, 4, 8, 0, 16, 1)
    span_width: int = 32
    span_dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    learning_rate: float = 0.003
    span_learning_rate: float = 0.002
    table_rate: float = 3.0
    dropout: float = 0.35
    span_dropout: float = 0.1
    item_dropout: float = 0.4
    pages_per_batch: int = 8
    varied: float = 0.85
    written: float = 0.1
    trusted: tuple[str, ...] = ("scrapinghub", "pages")
    trusted_weight: float = 3.0
    precision: tuple[float, float, float] = (0.985, 0.965, 0.93)

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise OptionError(f"folds must be 2 or more, not {self.folds}: thresholds need unseen pages")
        for name in ("epochs", "threads", "fewest_sites", "pages_per_batch"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if self.span_epochs < 0:
            raise OptionError(f"span_epochs must be 0 or more, not {self.span_epochs}")
        if self.columns < 4 or self.columns % 4:
            raise OptionError(f"columns must be a multiple of 4, not {self.columns}")
        if not 2 <= self.width <= WIDEST // 3:
            raise OptionError(f"width must be from 2 to {WIDEST // 3}, not {self.width}")
        if any(not 0 <= dilation <= CLIP for dilation in self.dilations):
            raise OptionError(f"dilations must be from 0 to {CLIP}, not {self.dilations}")
        if not 1 >= self.precision[0] >= self.precision[1] >= self.precision[2] > 0:
            raise OptionError(f"precision must fall from light to strong, not {self.precision}")

    @property
    def line_task(self) -> Task:
        """The network over lines."""
        return Task(
            self.columns,
            self.width,
            self.dilations,
            self.dropout,
            self.learning_rate,
            self.table_rate,
            self.threads,
        )

    @property
    def span_task(self) -> Task:
        """The network over tokens."""
        return Task(
            self.columns,
            self.span_width,
            self.span_dilations,
            self.span_dropout,
            self.span_learning_rate,
            self.table_rate,
            self.threads,
        )
