"""What the launcher asks of the package: checks before a run, and the scores after it."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlfactory import config as configuration
from mlfactory import machine_faults, tables, writable
from mlfactory.errors import UserError, shown
from mlfactory.failures import TO_GO_ON
from mlfactory.runtime import limit_threads
from mlfactory.scoreboard import backtest_line, scoreboard
from mlfactory.stages import rules_of
from mlfactory.status import about, made_lines, status_lines, way_on
from mlfactory.validate import validate


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    chosen = {
        key: value
        for key, value in (("symbols", arguments.symbols), ("horizons", arguments.horizons))
        if value
    }
    return configuration.load(arguments.configfile, overrides=chosen)


def _check(settings: dict[str, Any]) -> None:
    """Nothing: settings that could be read and completed are right."""


def _validate(settings: dict[str, Any]) -> None:
    for symbol in settings["symbols"]:
        for line in validate(settings, symbol):
            print(line, flush=True)


def _require_writable(settings: dict[str, Any]) -> None:
    """Refuse to begin a run that could not write what it makes."""
    for folder in (
        Path(".snakemake"),
        *(Path(settings["results"]) / s for s in settings["symbols"]),
    ):
        writable.require(folder)


def _audit(settings: dict[str, Any], folds: bool) -> None:
    """Whether any step of the workflow leaks, on the symbols' own files; fits too if asked."""
    from mlfactory import audited, causality

    for symbol in settings["symbols"]:
        market = audited.load(settings, symbol)
        for line in causality.audit(market):
            print(line, flush=True)
        for line in _audited_fits(market) if folds else ():
            print(line, flush=True)


def _audited_fits(market: Any) -> Iterator[str]:
    from mlfactory import noninterference

    models = configuration.load_models(market.settings["models"])
    return noninterference.audit_fits(market, models)


def _width() -> int | None:
    """Columns of the terminal; None where the output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _scores(settings: dict[str, Any]) -> None:
    """The tables of scores and the report, if there; a run may have been asked for less."""
    for symbol in settings["symbols"]:
        folder = Path(settings["results"]) / symbol
        for horizon in settings["horizons"]:
            path = folder / f"scores_h{horizon}.json"
            if path.exists():
                board = scoreboard(tables.read_json(path), symbol, horizon, width=_width())
                print(f"\n{board}")
            traded = folder / f"backtest/h{horizon}.json"
            if traded.exists():
                print(backtest_line(tables.read_json(traded), horizon) or "")
        if (folder / "report.html").exists():
            print(f"\nreport: {folder / 'report.html'}")


def _predict(settings: dict[str, Any], arguments: argparse.Namespace) -> None:
    """Predict new rows with a model that a run has fitted; say how old and how far off it is."""
    from threadpoolctl import threadpool_limits

    from mlfactory import predict

    symbol, horizon = (_only(settings, key) for key in ("symbols", "horizons"))
    model, path = arguments.model, arguments.input
    named = Path(settings["results"]) / symbol / f"predict/{model}_h{horizon}_{path.stem}.parquet"
    output = arguments.output or named
    limit_threads(settings["threads"])  # of the libraries that are not loaded yet
    with threadpool_limits(settings["threads"]):
        table, lines = predict.predict(
            settings,
            symbol=symbol,
            horizon=horizon,
            model=model,
            path=path,
            last=arguments.last,
            max_age_days=arguments.max_age_days,
            refuse_drift=arguments.refuse_drift,
        )
    predict.write(table, output)
    print("\n".join([*lines, f"written: {shown(output)}"]))


def _only(settings: dict[str, Any], key: str) -> Any:
    """The one symbol or horizon that is chosen."""
    if len(settings[key]) > 1:
        raise UserError(f"predict takes one of {key}, these are {settings[key]}; add --{key}")
    return settings[key][0]


def _status(settings: dict[str, Any]) -> None:
    """What is done and what is not, from ``snakemake --summary`` on standard input."""
    summary = sys.stdin.read()
    for line in (*status_lines(summary), *way_on(summary, os.environ[TO_GO_ON])):
        print(line)


def _made(settings: dict[str, Any]) -> None:
    """What was made and is there, where Snakemake cannot say what is missing."""
    for line in (about(settings), *made_lines(settings)):
        print(line)


_COMMANDS = {
    "check": _check,
    "validate": _validate,
    "scores": _scores,
    "status": _status,
    "made": _made,
}


def _rules(stage: str) -> None:
    """The rules of a stage, one a line."""
    print("\n".join(rules_of(stage)))


def main(words: list[str] | None = None) -> None:
    """Run a command; a user's mistake is one line on stderr and exit status 1."""
    parser = argparse.ArgumentParser(prog="mlfactory", description=__doc__)
    parser.add_argument("command", choices=(*_COMMANDS, "predict", "rules"))
    parser.add_argument("--stage")
    parser.add_argument("--symbols", nargs="+")
    parser.add_argument("--horizons", nargs="+", type=int)
    parser.add_argument("--configfile", nargs="+", type=Path, default=[])
    parser.add_argument("--targets", default="")
    parser.add_argument("--audit", action="store_true")
    parser.add_argument("--folds", action="store_true")
    parser.add_argument("--to-run", action="store_true")
    parser.add_argument("--model")
    parser.add_argument("--input", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--last", type=int)
    parser.add_argument("--max-age-days", type=int)
    parser.add_argument("--refuse-drift", action="store_true")
    arguments = parser.parse_args(words)
    try:
        if arguments.command == "rules":
            _rules(arguments.stage)
        elif arguments.command == "predict":
            _predict(_settings(arguments), arguments)
        else:
            settings = _settings(arguments)
            if arguments.command == "status":
                print(about(settings, arguments.targets))
            _COMMANDS[arguments.command](settings)
            if arguments.to_run:
                _require_writable(settings)
            if arguments.audit:
                _audit(settings, arguments.folds)
    except UserError as error:
        sys.exit(f"error: {error}")
    except MemoryError as error:
        sys.exit(f"error: {machine_faults.in_words(error)}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
