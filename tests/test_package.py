"""Promises about the package as a whole: names, weight, and what importing it costs."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import bluepencil

ROOT = Path(__file__).parents[1]
HEAVY = {"numpy", "pyarrow", "fsspec", "click", "msgspec", "torch", "aiohttp", "selectolax"}
BASE_MEGABYTES = 250


def test_the_public_names_are_sorted_and_there() -> None:
    assert bluepencil.__all__ == sorted(bluepencil.__all__)
    assert bluepencil._HOMES.keys() == set(bluepencil.__all__)
    for name in bluepencil.__all__:
        assert getattr(bluepencil, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        bluepencil.nonsense  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, bluepencil, bluepencil.programs; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


def test_help_loads_no_arrow() -> None:
    code = "import sys\nfrom bluepencil.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pyarrow"} & {name.partition(".")[0] for name in done.stdout.split()}


def closure(name: str, found: dict[str, metadata.Distribution]) -> dict[str, metadata.Distribution]:
    """Return the distributions that a plain install of `name` brings, without extras."""
    if name not in found:
        found[name] = distribution = metadata.distribution(name)
        for requirement in distribution.requires or ():
            if (
                "extra ==" not in requirement
                and "sys_platform" not in requirement
                and "platform_system" not in requirement
            ):
                closure(re.split(r"[\s<>=!~;\[(]", requirement, maxsplit=1)[0], found)
    return found


def test_the_base_install_is_small() -> None:
    size = sum(p.stat().st_size for p in (ROOT / "src").rglob("*") if p.is_file() and p.suffix != ".pyc")
    for name, distribution in closure("bluepencil", {}).items():
        if name != "bluepencil":
            places = (distribution.locate_file(file) for file in distribution.files or ())
            size += sum(Path(str(place)).stat().st_size for place in places if Path(str(place)).is_file())
    assert 50e6 < size < BASE_MEGABYTES * 1e6, f"{size / 1e6:.0f} MB"


def readme_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def test_the_results_of_the_readme_are_those_on_record() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "results.py", "--check"], check=False)
    assert done.returncode == 0, "run: python docs/results.py"


def test_the_python_of_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = readme_blocks("python")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_commands_of_the_readme_exist() -> None:
    from bluepencil.cli import cli

    commands = re.findall(r"^bluepencil (\S+)(.*)$", "\n".join(readme_blocks("sh")), re.MULTILINE)
    assert len(commands) >= 4
    for name, rest in commands:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None, name
        if hasattr(command, "commands"):
            command = command.commands[rest.split()[0]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) <= known, (name, rest)
