"""A program that the tests start, kill and start again: asks for every line of a file and writes the answers.

python asking.py ADDRESS CACHE INPUT OUTPUT [name=value ...]
"""

import json
import sys
from pathlib import Path

from bluepencil.llm import Answer, Budget, Client, ClientOptions, Request


def main(address: str, cache: str, source: str, target: str, *values: str) -> None:
    given = {name: json.loads(value) for name, value in (pair.split("=") for pair in values)}
    if "budget" in given:
        given["budget"] = Budget(tokens=given["budget"])
    options = ClientOptions(
        server=address, model="m", cache=cache, backoff_s=0.01, backoff_max_s=0.05, **given
    )
    lines = Path(source).read_text().splitlines()
    with Client(options) as client, Path(target + ".tmp").open("w") as file:
        for number, outcome in client.ask(Request(prompt=line) for line in lines):
            said = outcome.text if isinstance(outcome, Answer) else outcome.reason.value
            file.write(f"{number} {said} {outcome.tokens_in} {outcome.tokens_out}\n")
        tokens = client.usage.tokens_in + client.usage.tokens_out
        sys.stdout.write(json.dumps({"sent": client.usage.sent, "tokens": tokens}))
    Path(target + ".tmp").rename(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
