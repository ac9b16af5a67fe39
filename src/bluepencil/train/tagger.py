"""Trains a tagger on pages and what should stay of them: `train(pairs, out)`. Needs the extra `train`.

The sites are split into folds. One network over lines is trained without each fold, and together they are the
tagger; what each says of its own fold, which it has not seen, calibrates the probabilities, sets the
thresholds and gives the figures of the card. The network over tokens is trained without the first fold in the
same way. Not covered: what only a replacement or an insertion could mend.
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bluepencil.errors import InputError
from bluepencil.evaluate.edits import Page, evaluate
from bluepencil.evaluate.report import OVERALL
from bluepencil.programs import Policy, execute
from bluepencil.refiners.tagger_decide import STEPS, STRENGTHS, Thresholds, decide
from bluepencil.refiners.tagger_features import Vocabulary
from bluepencil.refiners.tagger_model import FORMAT, Model, pack
from bluepencil.refiners.tagger_network import bag_means, build, packed_table
from bluepencil.refiners.tagger_tokens import Array, tokenize
from bluepencil.train.tagger_batches import make_vocabulary, plain_glued_batches
from bluepencil.train.tagger_calibrate import WHOLE, choose, fit_levels, precision_curve, to_bytes
from bluepencil.train.tagger_fit import fit_lines, fit_spans
from bluepencil.train.tagger_options import TaggerOptions
from bluepencil.train.tagger_pages import TrainingPage, fold_of, make_pages

DEFAULTS = TaggerOptions()

SPAN_LOSS: Mapping[str, float] = {"light": 0.001, "normal": 0.003, "strong": 0.008}
"""Share of the tokens that should stay that spans may take, per strength, on lines with much glued noise."""


@dataclass(frozen=True, slots=True)
class _Unseen:
    """Lines of pages that the network did not see: scores, labels, words, and whether a person labelled."""

    scores: Array
    labels: Array
    weights: Array
    trusted: Array


def train(
    pairs: Sequence[Path],
    out: Path,
    options: TaggerOptions = DEFAULTS,
    report: Callable[[str], None] = lambda line: None,
    notes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train on the rows of JSON line files, write the model to `out` and its card beside it (`.json`).

    A row has `raw` and one of `gold`, `line_keep`, `noise_spans`; see `tagger_pages.make_page`. The same
    rows, options and machine give the same file. `notes` goes into the card as it is. Returns the card.
    Raises InputError for rows that cannot be used or are too few, MissingExtraError without torch.
    """
    pages = make_pages(_rows(pairs), options.trusted)
    folds = [fold_of(page.site, options.folds) for page in pages]
    if len(set(folds)) < options.folds:
        raise InputError(f"the pages come from too few sites for {options.folds} folds")
    report(f"{len(pages)} pages of {len({page.site for page in pages})} sites")
    vocabulary = make_vocabulary(pages, options)
    report(f"{int(vocabulary.rows.max())} items in the vocabulary")
    networks, unseen = _fit_folds(pages, folds, vocabulary, options, report)
    levels, cuts, figures = _settle(unseen, options)
    spans = _fit_span_network(pages, folds, vocabulary, options, report)
    span_levels, span_cuts = spans[1:] if spans else (levels, dict.fromkeys(cuts, 0))
    thresholds = {name: Thresholds(cuts[name], span_cuts[name], WHOLE) for name in cuts}
    model = pack(vocabulary, networks, spans[0] if spans else None, levels, span_levels, thresholds)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as target:
        np.savez_compressed(target, allow_pickle=False, **model)
    held_out = _held_out_scores(pages, folds, vocabulary, networks, levels, thresholds)
    card = {
        "format": FORMAT,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "inputs": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in pairs},
        "pages": dict(Counter(page.source for page in pages)),
        "sites": len({page.site for page in pages}),
        "options": asdict(options),
        "strengths": figures,
        "thresholds": {name: asdict(value) for name, value in thresholds.items()},
        "cross_validation": held_out,
        **(notes or {}),
    }
    out.with_suffix(".json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return card


def _rows(pairs: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for path in pairs:
        try:
            opener = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rt", encoding="utf-8") as source:
                for number, line in enumerate(source, start=1):
                    row = json.loads(line)
                    yield {"source": path.name.split(".")[0], "id": f"{path.name}:{number}", **row}
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read training rows from {path}: {error}") from error


def _fit_folds(
    pages: Sequence[TrainingPage],
    folds: Sequence[int],
    vocabulary: Vocabulary,
    options: TaggerOptions,
    report: Callable[[str], None],
) -> tuple[list[dict[str, Array]], _Unseen]:
    """Return the network of each fold, and what each says of the pages of its fold."""
    networks, unseen = [], []
    for fold in range(options.folds):
        seen = [page for page, number in zip(pages, folds, strict=True) if number != fold]
        report(f"lines, without fold {fold + 1} of {options.folds}: {len(seen)} pages")
        network = fit_lines(seen, vocabulary, options, options.seed + fold, report)
        networks.append(network)
        held = [page for page, number in zip(pages, folds, strict=True) if number == fold]
        unseen.append(_unseen(held, _fold_model(vocabulary, network), options.folds))
    return networks, _Unseen(
        *(np.concatenate([getattr(part, name) for part in unseen]) for name in _Unseen.__dataclass_fields__)
    )


def _fold_model(vocabulary: Vocabulary, network: Mapping[str, Array]) -> Model:
    arrays = {f"lines/{key}": value for key, value in network.items()}
    none = np.zeros(0, np.int64)
    table = packed_table([arrays["lines/table"]])
    return Model("", vocabulary, (build(arrays, "lines"),), table, None, table, none, none, {})


def _unseen(pages: Sequence[TrainingPage], model: Model, copies: int) -> _Unseen:
    """Return what a network says of the lines of whole pages and of their articles alone.

    Scores are multiplied by the number of networks that will be added up.
    """
    scores, labels, weights, trusted = [], [], [], []
    for page in pages:
        stay = np.flatnonzero(page.keep > 0.5)
        windows = [slice(None)]
        if len(stay):
            windows.append(slice(max(0, int(stay[0]) - 3), int(stay[-1]) + 4))
        for window in windows:
            tokens = tokenize(["\n".join(page.lines[window])])
            if len(tokens.numbers):
                scores.append(copies * model.line_scores(tokens))
                labels.append(np.maximum(page.keep[window][tokens.numbers], 0))
                weights.append(page.weight[window][tokens.numbers] ** 2)
                trusted.append(np.full(len(tokens.numbers), page.trusted))
    return _Unseen(*(np.concatenate(part) for part in (scores, labels, weights, trusted)))


def _settle(unseen: _Unseen, options: TaggerOptions) -> tuple[Array, dict[str, int], dict[str, Any]]:
    """Return levels, thresholds and what they reach on the unseen pages."""
    chosen = unseen.trusted if unseen.trusted.any() else np.ones(len(unseen.scores), bool)
    levels = fit_levels(unseen.scores[chosen], unseen.labels[chosen], unseen.weights[chosen])
    stays = to_bytes(unseen.scores, levels)
    labels, weights = unseen.labels[chosen], unseen.weights[chosen]
    wanted = dict(zip(STRENGTHS, options.precision, strict=True))
    cuts = choose(stays[chosen], labels, weights, wanted)
    figures = {}
    for name, cut in cuts.items():
        figures[name] = {"wanted": wanted[name], "threshold": cut / STEPS}
        for kind, part in {"trusted": chosen, "all": np.ones(len(stays), bool)}.items():
            precision, recall = precision_curve(stays[part], unseen.labels[part], unseen.weights[part])
            figures[name][f"precision_{kind}"] = round(float(precision[cut]), 4)
            figures[name][f"noise_removed_{kind}"] = round(float(recall[cut]), 4)
    return levels, cuts, figures


def _fit_span_network(
    pages: Sequence[TrainingPage],
    folds: Sequence[int],
    vocabulary: Vocabulary,
    options: TaggerOptions,
    report: Callable[[str], None],
) -> tuple[dict[str, Array], Array, dict[str, int]] | None:
    """Return network, levels and thresholds for spans inside lines; None with `span_epochs` 0."""
    if not options.span_epochs:
        return None
    seen = [page for page, fold in zip(pages, folds, strict=True) if fold]
    held = [page for page, fold in zip(pages, folds, strict=True) if not fold]
    report(f"spans, without fold 1: {len(seen)} pages")
    arrays = fit_spans(seen, vocabulary, options, options.seed, report)
    network = build({f"spans/{key}": value for key, value in arrays.items()}, "spans")
    batches = list(plain_glued_batches(held, vocabulary, options.pages_per_batch, Random(options.seed)))
    if not batches:
        return None
    table = packed_table([arrays["table"]])
    scores = np.concatenate(
        [
            network.scores(bag_means(table, part.items, part.item_starts), part.numbers, part.sequences)
            for part in batches
        ]
    )
    labels = np.concatenate([part.labels for part in batches])
    if scores[labels < 0.5].mean() >= scores[labels > 0.5].mean():
        report("spans: too little to learn from, so lines are judged as a whole only")
        return None
    levels = fit_levels(scores, labels, np.ones(len(labels)))
    stays = to_bytes(scores, levels)
    kept = np.sort(stays[labels > 0.5])
    cuts = {name: min(STEPS // 2, int(kept[int(loss * len(kept))])) for name, loss in SPAN_LOSS.items()}
    for name, cut in cuts.items():
        gone = stays < cut
        report(
            f"spans {name}: {cut / STEPS:.2f}, {gone[labels < 0.5].mean():.3f} of glued noise goes, "
            f"{gone[labels > 0.5].mean():.4f} of the rest"
        )
    return arrays, levels, cuts


def _held_out_scores(
    pages: Sequence[TrainingPage],
    folds: Sequence[int],
    vocabulary: Vocabulary,
    networks: Sequence[Mapping[str, Array]],
    levels: Array,
    thresholds: Mapping[str, Thresholds],
) -> dict[str, Any]:
    """Return word-F1 per source and strength, each page refined by the one network that has not seen it.

    Spans are not applied: their network has seen most of these pages.
    """
    models = [_fold_model(vocabulary, network) for network in networks]
    found: dict[str, list[Page]] = {name: [] for name in thresholds}
    for page, fold in zip(pages, folds, strict=True):
        scores = models[fold].bytes_of(page.text, levels, len(networks))
        for name, limits in thresholds.items():
            program = decide(page.text, scores, (), limits)
            output = execute(program, page.text, Policy(max_deleted_share=1.0)).text
            found[name].append(Page(page.id, page.source, page.text, output, page.gold))
    results: dict[str, Any] = {}
    for name, outputs in found.items():
        report = evaluate(outputs)
        for source, score in [*report.sources.items(), (OVERALL, report.overall)]:
            results.setdefault(source, {"n": score.n, "f1_do_nothing": round(score.f1_do_nothing, 4)})
            results[source][name] = {
                "f1": round(score.f1, 4),
                "interval": [round(x, 4) for x in score.interval],
            }
    return results
