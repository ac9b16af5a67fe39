"""What a model thinks aloud before its answer."""

import re

_THINKING = re.compile(r"\s*<think>.*?</think>", re.DOTALL)


def after_thinking(answer: str) -> str | None:
    """Return an answer without the <think> element it begins with; None where that has no end."""
    if not answer.lstrip().startswith("<think>"):
        return answer
    thinking = _THINKING.match(answer)
    return answer[thinking.end() :] if thinking is not None else None
