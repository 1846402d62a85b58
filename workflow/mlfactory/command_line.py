"""The launcher's command line: its options, and hints at what was meant. Standard library only."""

import argparse
import difflib
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mlfactory.stages import STAGES

ROOT = Path(__file__).parents[2]
"""The folder of the Snakefile."""

_SYMBOL = "[A-Z0-9]+"


def fail(message: str) -> NoReturn:
    """End the process with one line on stderr and status 1."""
    sys.exit(f"error: {message}")


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""


def symbols(text: str) -> list[str]:
    """Symbols by comma or space; names are checked before they become part of a path."""
    names = [name for name in re.split(r"[,\s]+", text) if name]
    for name in names:
        if not re.fullmatch(_SYMBOL, name):
            capitals = re.fullmatch(_SYMBOL, name.upper())
            hint = f"; did you mean {name.upper()}?" if capitals else ", such as MES"
            raise argparse.ArgumentTypeError(
                f"{name!r} is not a symbol: capital letters and digits only{hint}"
            )
    return names


def whole(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def horizons(text: str) -> list[int]:
    """Whole numbers by comma or space."""
    return [whole(name) for name in re.split(r"[,\s]+", text) if name]


def existing(text: str) -> Path:
    """The full path of a file that is there."""
    path = Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return path


def profile(text: str) -> Path:
    """The full path of a profile: a folder of profiles/ by name, or any other folder by path."""
    folders = {path.parent.name: path.parent for path in ROOT.glob("profiles/*/profile.yaml")}
    folder = Path(text).expanduser().resolve() if "/" in text else folders.get(text)
    if folder is None or not (folder / "profile.yaml").is_file():
        hint = _meant(text, folders) or f"there are {', '.join(sorted(folders))}"
        raise argparse.ArgumentTypeError(
            f"{text!r} is no folder of profiles/, nor the path of one with a profile.yaml; {hint}"
        )
    return folder


def check_targets(words: Sequence[str]) -> None:
    """Refuse a name that is no target; a file has a slash, an option's value may be anything."""
    known = re.findall(r"^rule (\w+):", (ROOT / "Snakefile").read_text(), re.MULTILINE)
    for word in itertools.takewhile(lambda word: not word.startswith("-"), words):
        if word in known or "/" in word:
            continue
        if re.fullmatch(_SYMBOL, word):
            fail(f"{word} is no target; the contract is chosen by --symbols {word}")
        fail(f"{word} is no target; {_meant(word, known) or 'there are ' + ', '.join(known)}")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the help page of the command that was typed."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is."""
        fail(f"{message}{'' if message.endswith('?') else ';'} see {self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what this command does not know, while it is known which command it is."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._not_known(unknown))
        return options, unknown

    def _not_known(self, words: Sequence[str]) -> str:
        """The first unknown option, or else the first stray word, and what may be meant."""
        named = [word.partition("=")[0] for word in words if word.startswith("-")]
        if not named:
            return self._stray(words[0])
        hint = _meant(named[0], self._option_string_actions)
        if not hint and _takes_any(self):
            hint = "options of Snakemake stand after --"
        return f"unknown option {named[0]}{f'; {hint}' if hint else ''}"

    def _stray(self, word: str) -> str:
        if "--symbols" in self._option_string_actions and re.fullmatch(_SYMBOL, word.upper()):
            return f"{word} is no option; the contract is chosen by --symbols {word.upper()}"
        return f"{word} is no option"


def _choice(parser: argparse.ArgumentParser) -> None:
    """The options that choose what is run."""
    parser.add_argument(
        *("--symbols", "--symbol"),
        nargs="+",
        type=symbols,
        default=[],
        help="contracts of config/contracts.yaml, such as MES; default: symbols of the config",
    )
    parser.add_argument(
        *("--horizons", "--horizon"),
        nargs="+",
        type=horizons,
        default=[],
        help="label horizons in bars, such as 5,20; default: horizons of the config",
    )
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=existing,
        default=[],
        help="overlays over config/config.yaml, later ones winning",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="config/quick.yaml: one horizon, three cheap models, three folds; in results/quick",
    )


def _of_predict(parser: argparse.ArgumentParser) -> None:
    """What is predicted, by which model, and when it is refused."""
    parser.add_argument("--model", required=True, help="a configured model or ensemble")
    parser.add_argument(
        "--input",
        required=True,
        type=existing,
        help="raw rows as in data/raw, from the features' warm-up on",
    )
    parser.add_argument(
        "--output",
        type=lambda text: Path(text).resolve(),
        help="parquet or csv; default: predict/MODEL_hHORIZON_INPUT.parquet in the results",
    )
    parser.add_argument(
        "--last", type=whole, help="only so many bars, the last ones; default: all that can be"
    )
    parser.add_argument(
        "--max-age-days",
        type=whole,
        help="refuse a model whose training rows end longer before the last bar",
    )
    parser.add_argument(
        "--refuse-drift",
        action="store_true",
        help="refuse rows farther from the training rows than any stretch of these",
    )


def _add_options(commands: Mapping[str, argparse.ArgumentParser]) -> None:
    commands["rerun"].add_argument("stage", help=f"what to make again: {', '.join(STAGES)}")
    for name in ("run", "rerun", "status", "validate", "predict"):
        _choice(commands[name])
    _of_predict(commands["predict"])
    commands["validate"].add_argument(
        "--audit", action="store_true", help="also look for leaks in every step, on your own file"
    )
    commands["validate"].add_argument(
        "--folds",
        action="store_true",
        help="with --audit: also in the fits of every configured model, each fitted four times",
    )
    for name in ("run", "rerun"):
        commands[name].add_argument(
            "--dry-run", action="store_true", help="only say what would be done"
        )
    for name in ("demo", "run", "rerun"):
        commands[name].add_argument(
            "--cores", type=whole, help="jobs at once; default: all cores, or as the profile says"
        )
        commands[name].add_argument(
            "--profile",
            type=profile,
            help="where jobs run: slurm or gpu, see docs/cluster.md; default: this machine",
        )
    for name in ("demo", "run", "rerun", "status"):
        commands[name].add_argument(
            "snakemake",
            nargs="*",
            default=[],
            help="named targets, such as report, or files; after --: options of Snakemake",
        )
    commands["test"].add_argument("pytest", nargs="*", help="after --: to pytest")


def parse(
    functions: Sequence[Callable[..., None]], description: str, words: Sequence[str]
) -> argparse.Namespace:
    """The options that the words stand for; a mistake ends the process with one line.

    Parameters
    ----------
    functions
        One for each command; its name is the command, the first line of its docstring the help.
    description
        What the launcher does.
    words
        What was typed after its name.
    """
    parser = Parser(prog="./pipeline", description=description)
    parser.add_argument("--version", action="version", version=version(), help="show it and end")
    added = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands = {}
    for function in functions:
        text = (function.__doc__ or "").splitlines()[0]
        commands[function.__name__] = added.add_parser(
            function.__name__, help=text, description=text
        )
        commands[function.__name__].set_defaults(function=function)
    _add_options(commands)
    parser.set_defaults(cores=1, profile=None, forced=[], snakemake=[])
    if words and not words[0].startswith("-") and words[0] not in commands:
        hint = _meant(words[0], commands) or f"there are {', '.join(commands)};"
        fail(f"{words[0]} is no command; {hint} see ./pipeline --help")
    own, of_snakemake = _parted(words, commands)
    options = parser.parse_args(own)
    options.snakemake = [*options.snakemake, *of_snakemake]
    if hasattr(options, "symbols"):
        options.symbols = [name for names in options.symbols for name in names]
        options.horizons = [horizon for some in options.horizons for horizon in some]
    check_targets(options.snakemake)
    return options


def _parted(
    words: Sequence[str], commands: Mapping[str, argparse.ArgumentParser]
) -> tuple[Sequence[str], Sequence[str]]:
    """Words before -- and after it, where the command takes any for Snakemake.

    argparse by itself refuses -- where a target and then an option stand before it.
    """
    takes = words and words[0] in commands and _takes_any(commands[words[0]])
    if not takes or "--" not in words:
        return words, []
    cut = list(words).index("--")
    return words[:cut], words[cut + 1 :]


def _takes_any(parser: argparse.ArgumentParser) -> bool:
    """Whether targets and options of Snakemake may follow."""
    return any(action.dest == "snakemake" for action in parser._actions)


def version() -> str:
    """The version that pyproject.toml names."""
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(r'^name = "(.+)"\nversion = "(.+)"$', text, re.MULTILINE)
    return f"{found[1]} {found[2]}" if found else "unknown"
