"""Checks a rewritten mathematical text against its source.

Every check gives a code to count by; every measure goes into the notes, whatever the verdict. What the checks
see and what they cannot see is said in docs/math.md, with figures.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from bluepencil.documents import Document
from bluepencil.rewriting.math_answers import missing_answers, numeric, stated_answers
from bluepencil.rewriting.math_arithmetic import Holds, wrong_annotations
from bluepencil.rewriting.math_checks import MathChecks, MathReason
from bluepencil.rewriting.math_compare import Comparer, math_verify_version
from bluepencil.rewriting.math_contexts import changed
from bluepencil.rewriting.math_derivation import lost_results, strangers
from bluepencil.rewriting.math_ending import unfinished
from bluepencil.rewriting.math_language import changed_language
from bluepencil.rewriting.math_latex import blanked, find_formulas
from bluepencil.rewriting.math_numbers import Numbers, kept_share
from bluepencil.rewriting.math_question import QUESTION_FIELDS, formula_share, question_of
from bluepencil.rewriting.math_relations import lost_relations
from bluepencil.rewriting.math_repetition import repetition
from bluepencil.rewriting.math_talk import echoes, talk
from bluepencil.rewriting.verdict import Rejection, Verdict

# A page with more answers than these is a collection; the first ones have to do.
MAX_ANSWERS = 16
_SHOWN = 3
_ANNOTATION = re.compile(r"<<[^<>\n]*>>")


@dataclass(frozen=True, slots=True)
class MathVerifier:
    """The verifier of rewritten mathematics."""

    checks: MathChecks = field(default_factory=MathChecks)

    @property
    def name(self) -> str:
        """Names the verifier in the record of a run."""
        return "math"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of documents that are read where they exist."""
        return (*QUESTION_FIELDS, "answer")

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides the verdict; answers depend on the version of what compares them."""
        version = math_verify_version() if self.checks.answer_seconds else None
        return {**self.checks.describe(), "math_verify": version}

    def check_all(self, rewrites: Sequence[tuple[str, str, Document]]) -> list[Verdict]:
        """Return one verdict per (before, after, document), in order."""
        return [self.check(*one) for one in rewrites]

    def check(self, before: str, after: str, document: Document) -> Verdict:
        """Return the verdict on one rewrite."""
        return _Check(self.checks, before, after, document).verdict()


class _Check:
    """One verdict in the making."""

    def __init__(self, checks: MathChecks, before: str, after: str, document: Document) -> None:
        self.checks = checks
        self.before, self.after, self.document = before, after, document
        self.old, self.new = Numbers(before), Numbers(after)
        self.notes: dict[str, Any] = {}

    def verdict(self) -> Verdict:
        """Run the checks; the weightiest come first."""
        rejections = [
            *self._whole(),
            *self._said(),
            *self._answers(),
            *self._arithmetic(),
            *self._numbers(),
            *self._steps(),
            *self._question(),
            *self._form(),
        ]
        return Verdict(tuple(rejections), self.notes)

    def _whole(self) -> Iterator[Rejection]:
        """Length, end and repetition."""
        checks, length = self.checks, len(self.after.strip())
        least = max(checks.shortest, round(checks.shortest_share * len(self.before)))
        most = round(checks.longest_times * len(self.before)) + checks.longest_extra
        if length < least:
            yield Rejection(MathReason.TOO_SHORT, f"{length} characters of at least {least}")
        if length > most:
            yield Rejection(MathReason.TOO_LONG, f"{length} characters of at most {most}")
        if checks.repetition and (run := repetition(self.before, self.after)):
            yield Rejection(MathReason.REPETITIVE, f"comes again at once: {run!r}")
        if checks.finished and (why := unfinished(self.after, self.before)):
            yield Rejection(MathReason.UNFINISHED, why)

    def _said(self) -> Iterator[Rejection]:
        if self.checks.talk:
            for kind, words in talk(self.before, self.after)[:_SHOWN]:
                yield Rejection(MathReason.TALK, f"{kind}: {words}")
        if self.checks.instructions:
            echoed = echoes(self.checks.instructions, self.before, self.after)
            if echoed:
                yield Rejection(MathReason.ECHO, f"the prompt's words: {echoed}")

    def _answers(self) -> Iterator[Rejection]:
        wanted = self._wanted_answers()
        stated = stated_answers(self.after)
        self.notes["answers"] = len(wanted)
        if not self.checks.answer or not wanted:
            return
        comparer = Comparer(self.checks.answer_seconds) if self.checks.answer_seconds else None
        if not stated and not self.checks.answer_marked:
            missing = [one for one in wanted if not _stands_at_end(one, self.after)]
        else:
            missing = missing_answers(wanted, stated[-MAX_ANSWERS:], comparer)
        other = missing_answers(stated[-MAX_ANSWERS:], wanted, comparer)
        if missing and other:
            yield Rejection(MathReason.ANSWER_CHANGED, f"{other[-1]!r} in the place of {missing[-1]!r}")
        elif missing:
            yield Rejection(MathReason.ANSWER_MISSING, f"the answer {missing[-1]!r} is no longer stated")
        elif other:
            yield Rejection(MathReason.ANSWER_CHANGED, f"the answer {other[-1]!r} is not in the source")

    def _wanted_answers(self) -> list[str]:
        given = self.document.fields.get("answer")
        if isinstance(given, str | int | float) and str(given).strip() and not isinstance(given, bool):
            return [str(given).strip()]
        return list(dict.fromkeys(stated_answers(self.before)[-MAX_ANSWERS:]))

    def _arithmetic(self) -> Iterator[Rejection]:
        wrong = [one.shown for one in self.new.equations if one.holds is Holds.NO]
        wrong += wrong_annotations(self.after)
        self.notes["steps_computed"] = sum(one.is_step for one in self.new.equations)
        self.notes["steps_wrong"] = len(wrong)
        if self.checks.arithmetic and wrong:
            yield Rejection(MathReason.ARITHMETIC, "; ".join(wrong[:_SHOWN]))

    def _numbers(self) -> Iterator[Rejection]:
        altered = changed(self.old, self.new)
        unfounded = strangers(self.old, self.new)
        self.notes |= {"numbers_changed": len(altered), "numbers_unfounded": len(unfounded)}
        if len(altered) > self.checks.changed_numbers:
            shown = "; ".join(f"{old} became {new}" for old, new in altered[:_SHOWN])
            yield Rejection(MathReason.NUMBER_CHANGED, shown)
        if len(unfounded) > self.checks.unfounded_numbers:
            shown = ", ".join(map(_plain, unfounded[:_SHOWN]))
            yield Rejection(MathReason.NUMBER_UNFOUNDED, f"neither in the source nor derived: {shown}")

    def _steps(self) -> Iterator[Rejection]:
        answers = [value for one in stated_answers(self.after) for value in numeric(one)]
        lost = lost_results(self.old, self.new, [abs(one) for one in answers if isinstance(one, Fraction)])
        self.notes["steps_lost"] = len(lost)
        if len(lost) > self.checks.lost_steps:
            shown = ", ".join(map(_plain, lost[:_SHOWN]))
            yield Rejection(MathReason.STEP_LOST, f"derived in the source, and no longer: {shown}")
        if self.checks.source_equations and len(self.before) <= self.checks.solution_length:
            yield from self._equations()

    def _equations(self) -> Iterator[Rejection]:
        """What is written with an equals sign, if the source is a solution."""
        if not self._wanted_answers():
            return
        lost, number = lost_relations(self.old, self.new)
        self.notes["equations_lost"] = len(lost)
        if len(lost) > (1 - self.checks.source_equations) * number:
            around = " ".join(self.before[max(0, lost[0] - 40) : lost[0] + 40].split())
            detail = f"{len(lost)} of {number} equations of the source are gone, such as: {around}"
            yield Rejection(MathReason.STEP_LOST, detail)

    def _question(self) -> Iterator[Rejection]:
        question = question_of(self.before, self.document)
        if question is None:
            return
        numbers = kept_share(Numbers(question), self.old, self.new)
        formulas = formula_share(question, self.after)
        self.notes |= {"question_numbers": round(numbers, 3), "question_formulas": round(formulas, 3)}
        if numbers < self.checks.question_numbers or formulas < self.checks.question_formulas:
            detail = f"{numbers:.0%} of the question's numbers and {formulas:.0%} of its formulas are left"
            yield Rejection(MathReason.QUESTION_LOST, detail)

    def _form(self) -> Iterator[Rejection]:
        """LaTeX and language."""
        old, new = (find_formulas(blanked(_ANNOTATION.sub("", text))) for text in (self.before, self.after))
        faults = new.faults
        # "$5" beside "$x$" is money only if the source writes money so.
        if not faults and new.has_dollars and len(new.alone) > len(old.alone):
            faults = new.alone
        self.notes["latex_faults"] = len(faults)
        if self.checks.latex and faults:
            yield Rejection(MathReason.LATEX, faults[0])
        languages = changed_language(self.before, self.after) if self.checks.language else None
        if languages is not None:
            yield Rejection(MathReason.LANGUAGE, f"{languages[0]} became {languages[1]}")


def _stands_at_end(answer: str, after: str) -> bool:
    """Say whether an answer stands in the last lines of a text that states it in words of its own."""
    end = after.rstrip()[-300:]
    if answer.strip() in end:
        return True
    values = [one for one in numeric(answer) if isinstance(one, Fraction)]
    return any(abs(one) in Numbers(end).values for one in values)


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
