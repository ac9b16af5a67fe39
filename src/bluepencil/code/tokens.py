"""Comments and strings of Python source, by Python's own tokenizer."""

import io
import tokenize


def comment_share(text: str) -> float:
    """Return comment tokens over all tokens, as SwallowCode counts them: 0 to 1.

    All tokens of `tokenize.generate_tokens` count, line ends and indents too. Where the tokenizer gives up,
    what came before counts.
    """
    comments = total = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            total += 1
            comments += token.type == tokenize.COMMENT
    except (tokenize.TokenError, SyntaxError):
        pass
    return comments / total if total else 0.0
