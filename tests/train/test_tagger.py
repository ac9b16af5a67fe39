import gzip
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from bluepencil.errors import InputError, OptionError
from bluepencil.evaluate.edits import score
from bluepencil.programs import Policy, execute
from bluepencil.refiners.tagger import Tagger
from bluepencil.refiners.tagger_decide import STEPS
from bluepencil.train.tagger import train
from bluepencil.train.tagger_augment import glue, vary
from bluepencil.train.tagger_batches import habits
from bluepencil.train.tagger_calibrate import choose, fit_levels, precision_curve, to_bytes
from bluepencil.train.tagger_options import TaggerOptions
from bluepencil.train.tagger_pages import line_shares, make_page, make_pages, site_of
from bluepencil.train.tagger_synthetic import comments, teasers

needs_torch = pytest.mark.skipif(
    not importlib.util.find_spec("torch"), reason="training needs torch: pip install 'bluepencil[train]'"
)
SMALL = TaggerOptions(
    folds=2,
    epochs=12,
    span_epochs=1,
    threads=1,
    fewest_sites=2,
    columns=8,
    width=16,
    dilations=(1, 0, 2),
    learning_rate=0.01,
    dropout=0.1,
    item_dropout=0.1,
)


def synthetic_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Pages of invented words: a menu, an article, a footer; gold is the article."""
    random = Random(seed)
    nouns = ["river", "mill", "road", "garden", "window", "letter", "market", "bridge", "winter", "song"]
    menu = ["Home", "News", "Log in", "About us", "Contact", "Search", "Subscribe", "Terms of use"]
    rows = []
    for number in range(count):
        article = []
        for _ in range(random.randint(3, 9)):
            picked = random.sample(nouns, 5)
            article.append(
                f"The {picked[0]} by the {picked[1]} was old, and the {picked[2]} had seen no {picked[3]} "
                f"since the {picked[4]} came."
            )
        lines = [*random.sample(menu, 5), *article, *random.sample(menu, 4)]
        rows.append(
            {"id": str(number), "site": f"site{number}", "raw": "\n".join(lines), "gold": "\n".join(article)}
        )
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@needs_torch
def test_a_tagger_learns_a_small_set_and_the_same_one_twice(tmp_path: Path) -> None:
    pairs = write(tmp_path / "pairs.jsonl", synthetic_rows(40))
    card = train([pairs], tmp_path / "a.npz", SMALL)
    tagger = Tagger(tmp_path / "a.npz")
    for row in synthetic_rows(10, seed=7):
        text, gold = row["raw"], row["gold"]
        output = execute(tagger.propose([text])[0].program, text, Policy(max_deleted_share=1)).text
        assert score(output, gold).f1 > score(text, gold).f1
    assert card["cross_validation"]["all"]["normal"]["f1"] > card["cross_validation"]["all"]["f1_do_nothing"]
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == json.loads(json.dumps(card))
    train([pairs], tmp_path / "b.npz", SMALL)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@needs_torch
def test_the_shipped_arithmetic_is_that_of_training() -> None:
    import torch

    from bluepencil.refiners.tagger_network import bag_means, build, packed_table
    from bluepencil.train.tagger_network import TaggerNetwork

    torch.manual_seed(5)
    network = TaggerNetwork(30, 6, TaggerOptions(columns=8, width=16).line_task).eval()
    torch.nn.init.normal_(network.table, std=0.5)
    noise = np.random.default_rng(5)
    numbers = noise.integers(0, 128, (40, 6)).astype(np.float32)
    items, starts = noise.integers(0, 30, 160), np.arange(0, 161, 4)
    sequences = np.array([0, 7, 8, 40])
    with torch.no_grad():
        trained = network(*map(torch.from_numpy, (numbers, items, starts, sequences))).numpy() * 32
    arrays = network.arrays()
    shipped = build({f"n/{key}": value for key, value in arrays.items()}, "n")
    found = shipped.scores(bag_means(packed_table([arrays["table"]]), items, starts), numbers, sequences)
    # Training adds in floating point, so a sum that falls on a step may round to its neighbour.
    assert np.abs(found - trained).max() <= 2
    assert np.mean(found == np.round(trained)) > 0.8


def test_rows_are_read_in_every_form() -> None:
    raw = "Menu\nThe text stays. Share\n--"
    by_gold = make_page({"raw": raw, "gold": "The text stays."}, 1, ())
    assert by_gold.keep.tolist() == [0, 0.75, -1]
    by_keep = make_page({"raw": raw, "line_keep": [0, 1, -1]}, 1, ())
    assert by_keep.keep.tolist() == [0, 1, -1]
    assert by_keep.gold == "The text stays. Share"
    by_spans = make_page({"raw": raw, "noise_spans": [[0, 5], [20, 26]]}, 1, ())
    assert by_spans.noise is not None
    assert [part.sum() for part in by_spans.noise] == [4, 6, 0]
    assert by_spans.keep[0] == 0
    assert by_keep.weight[2] == 0


def test_strings_that_a_person_marked_overrule() -> None:
    row = {"raw": "Our news\nA text\nShare it", "line_keep": [0, 1, 1], "must_keep": ["Our news"]}
    page = make_page({**row, "must_drop": ["Share it"]}, 1, ())
    assert page.keep.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "row", [{"gold": "x"}, {"raw": "x"}, {"raw": "a b\nc", "line_keep": [1]}, {"raw": 3, "gold": "x"}]
)
def test_rows_that_teach_nothing_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="training row 4"):
        make_page(row, 4, ())


def test_gold_is_projected_word_by_word() -> None:
    assert line_shares(["a b", "c d e f", "", "a"], "c d x f a").tolist() == [0, 0.75, -1, 1]


def test_sites_are_told_by_name_or_address() -> None:
    assert site_of({"site": "s"}, 1) == "s"
    assert site_of({"url": "https://www.news.example.com:80/a"}, 1) == "example.com"
    assert site_of({"id": "7"}, 1) == "7"
    assert site_of({}, 3) == "3"


def test_too_few_sites_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too few sites"):
        train([write(tmp_path / "one.jsonl", synthetic_rows(1))], tmp_path / "m.npz", SMALL)
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(InputError, match=r"bad\.jsonl"):
        train([tmp_path / "bad.jsonl"], tmp_path / "m.npz", SMALL)
    with gzip.open(tmp_path / "empty.jsonl.gz", "wt") as target:
        target.write("")
    with pytest.raises(InputError, match="too few sites"):
        train([tmp_path / "empty.jsonl.gz"], tmp_path / "m.npz", SMALL)


@pytest.mark.parametrize(
    "wrong", [{"folds": 1}, {"columns": 6}, {"width": 1}, {"epochs": 0}, {"precision": (0.9, 0.95, 0.99)}]
)
def test_options_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        TaggerOptions(**wrong)


def test_glued_noise_is_marked_and_nothing_else_is() -> None:
    pages = make_pages(synthetic_rows(8), ())
    random = Random(1)
    originals = {line for page in pages for line in page.lines}
    marked = 0
    for _ in range(50):
        made = glue(random.choice(pages), pages, random)
        assert made
        for line, noise in zip(made.lines, made.noise, strict=True):
            left = "".join(c for c, gone in zip(line, noise, strict=True) if not gone)
            assert left in originals
            marked += bool(noise.any())
    assert marked > 50


def test_varied_pages_keep_lines_and_labels_together() -> None:
    pages = make_pages(synthetic_rows(8), ())
    random = Random(2)
    for _ in range(100):
        for line in vary(random.choice(pages), pages, random):
            assert (line.keep > 0.5) == line.text.startswith("The ")


def test_levels_give_calibrated_probabilities() -> None:
    noise = np.random.default_rng(0)
    scores = noise.normal(0, 60, 50_000)
    labels = (noise.random(50_000) < 1 / (1 + np.exp(-(scores - 10) / 30))).astype(float)
    stays = to_bytes(scores, fit_levels(scores, labels, np.ones(50_000)))
    for low in range(0, STEPS, 25):
        chosen = (stays >= low) & (stays < low + 25)
        assert abs(labels[chosen].mean() - stays[chosen].mean() / STEPS) < 0.03


def test_thresholds_reach_the_precision_that_was_asked_for() -> None:
    noise = np.random.default_rng(0)
    stays = noise.integers(0, STEPS + 1, 20_000)
    labels = (noise.random(20_000) < stays / STEPS).astype(float)
    weights = np.ones(20_000)
    cuts = choose(stays, labels, weights, {"light": 0.95, "normal": 0.9})
    precision, _ = precision_curve(stays, labels, weights)
    assert cuts["light"] < cuts["normal"]
    for name, least in {"light": 0.95, "normal": 0.9}.items():
        assert (1 - labels[stays < cuts[name]]).mean() == pytest.approx(precision[cuts[name]])
        assert precision[cuts[name]] >= least


def test_written_comments_and_teasers_are_noise_and_hold_text_of_peers() -> None:
    pages = make_pages(synthetic_rows(8), ())
    random = Random(4)
    borrowed = 0
    for _ in range(50):
        page = random.choice(pages)
        for line in [*comments(page, pages, random), *teasers(page, pages, random)]:
            assert line.keep == 0
            assert line.weight > 0
            assert "{" not in line.text
            borrowed += line.text.startswith("The ")
    assert borrowed > 50


def test_habits_tell_trusted_pages_from_each_other_source() -> None:
    rows = [{**row, "source": "abc"[number % 3]} for number, row in enumerate(synthetic_rows(6))]
    assert habits(make_pages(rows, ("b", "c"))) == {"b": 0, "c": 0, "a": 1}
    assert habits(make_pages(rows, ("a", "b", "c"))) == {}
    assert habits(make_pages(rows, ())) == {}


@needs_torch
def test_a_tagger_learns_from_several_sources(tmp_path: Path) -> None:
    """The column of habits moves into the bias, so the model reads pages of unknown source."""
    rows = [{**row, "source": "ab"[number % 2]} for number, row in enumerate(synthetic_rows(24))]
    options = replace(SMALL, epochs=4, span_epochs=0, trusted=("a",))
    train([write(tmp_path / "pairs.jsonl", rows)], tmp_path / "m.npz", options)
    assert len(Tagger(tmp_path / "m.npz").propose(["Home\nThe river was old."])) == 1
