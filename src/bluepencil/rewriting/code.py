"""The two steps that rewrite code: by style (SGCR), then into examples that stand on their own (SCOR).

The method is SwallowCode's (arXiv 2505.02881); the wording of the prompts, `prompts/sgcr.md` and
`prompts/scor.md`, is our own. The two stay separate, as one prompt for both drifted.
"""

from typing import Any, Literal

from bluepencil.llm import ClientOptions
from bluepencil.rewriting.answers_code import CodeSection
from bluepencil.rewriting.step import Rewrite, RewriteOptions
from bluepencil.rewriting.verdict import Verifier

SGCR_CODE = ("Improved code", "Code", "Rewritten code", "Refactored code", "Final code")
SCOR_CODE = ("Code", "Improved code", "Optimized code", "Rewritten code", "Final code")
Kind = Literal["sgcr", "scor"]


def sgcr(
    client: ClientOptions,
    *,
    language: str = "python",
    verifier: Verifier | Literal["default"] | None = "default",
    **options: Any,
) -> Rewrite:
    """Return the step of style-guided rewriting.

    `language` is one of `bluepencil.code.languages.NAMES`, or any other name that models know it by.
    `verifier` is by default what `code_verifier` returns. `options` are fields of `RewriteOptions`.
    """
    parser = CodeSection(SGCR_CODE, ("Evaluation", "Suggestions"), language, score="Evaluation")
    # From the paper: 836 tokens in, 548 out; evaluation and suggestions come on top.
    lengths = {"answer_ratio": 0.7, "answer_extra": 250}
    return _step("sgcr", client, parser, verifier, {**lengths, **options})


def scor(
    client: ClientOptions,
    *,
    language: str = "python",
    verifier: Verifier | Literal["default"] | None = "default",
    **options: Any,
) -> Rewrite:
    """Return the step of self-contained optimization; the parameters are those of `sgcr`."""
    parser = CodeSection(SCOR_CODE, ("Plan",), language)
    # From the paper: 548 tokens in, 835 out; the plan comes on top.
    lengths = {"answer_ratio": 1.5, "answer_extra": 100}
    return _step("scor", client, parser, verifier, {**lengths, **options})


def code_verifier(kind: Kind, language: str = "python") -> Verifier | None:
    """Return what checks rewrites by default: the full checks for Python, for other languages their grammar.

    None for a language without a grammar here; then length and repetition are all that is checked.
    """
    from bluepencil.code.languages import NAMES

    if language == "python":
        from bluepencil.rewriting.verify import CodeChecks, CodeVerifier

        return CodeVerifier(CodeChecks.sgcr() if kind == "sgcr" else CodeChecks.scor())
    if language in NAMES:
        from bluepencil.rewriting.code_syntax import SyntaxVerifier

        return SyntaxVerifier(language)
    return None


def _step(
    kind: Kind,
    client: ClientOptions,
    parser: CodeSection,
    verifier: Verifier | Literal["default"] | None,
    options: dict[str, Any],
) -> Rewrite:
    given = {"prompt": kind, "values": {"language": parser.language}, **options}
    chosen = code_verifier(kind, parser.language) if verifier == "default" else verifier
    return Rewrite(kind, RewriteOptions(client=client, **given), parser, chosen)
