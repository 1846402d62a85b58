"""What a run is made of: file, configuration, libraries, and the code that each rule runs."""

import hashlib
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from mlfactory.files import sha256
from mlfactory.source_code import Code, code_of

PACKAGE = __package__ or "mlfactory"
ROOT = Path(__file__).parents[2]

_LOCK_NAMES = {"sklearn": "scikit-learn", "talib": "TA-Lib", "pywt": "PyWavelets", "yaml": "PyYAML"}


@cache
def _source_path(module: str) -> Path | None:
    """The file of one of the package's modules, by its name; None when it is no module.

    Asking the import system would import every parent of the module, and its libraries with it.
    """
    parts = module.split(".")
    spec = importlib.util.find_spec(PACKAGE)
    if parts[0] != PACKAGE or spec is None or spec.origin is None:
        return None
    stem = Path(spec.origin).parent.joinpath(*parts[1:])
    found = (path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file())
    return next(found, None)


def _modules(source: Code) -> set[str]:
    """The package's own modules that the code imports, directly."""
    return {name for name in source.imports if _source_path(name)}


def closure(modules: tuple[str, ...]) -> list[str]:
    """The modules and all of the package that they import, transitively; sorted."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = _source_path(module)
        if path and module not in seen:
            seen.add(module)
            waiting += _modules(code_of(path))
    return sorted(seen)


@cache
def pins() -> dict[str, str]:
    """The lock's version of each library, by its name in lower case."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.strip().lower(): version.strip() for name, version in pairs}


def _libraries(source: Code) -> set[str]:
    """The libraries that the code imports, by their names in the lock."""
    roots = {name.split(".")[0] for name in source.imports}
    return {_LOCK_NAMES.get(root, root).lower() for root in roots} & pins().keys()


@cache
def script_hash(script: str, *modules: str) -> str:
    """Hash of a script's code, of all of the package that it imports, and of these modules.

    Libraries count with their version in requirements.lock.

    Parameters
    ----------
    script
        The script's path.
    modules
        Full names of modules that are only imported by name at run time, such as a model's;
        relative imports are not followed.

    Returns
    -------
    16 hexadecimal digits.
    """
    own = code_of(Path(script))
    paths = map(_source_path, closure((*_modules(own), *modules)))
    codes = [own, *(code_of(path) for path in paths if path)]
    digest = hashlib.sha256("".join(source.structure for source in codes).encode())
    for name in sorted(set().union(*map(_libraries, codes))):
        digest.update(f"{name}=={pins()[name]}\n".encode())
    return digest.hexdigest()[:16]


def _text_hash(content: Any) -> str:
    """Hash of what is in a mapping, in whatever order; 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def run_manifest(
    symbol: str, *, raw: Path, settings: dict[str, Any], code: dict[str, str]
) -> dict[str, Any]:
    """The content of ``manifest.json``: equal where two runs are made of the same.

    Parameters
    ----------
    symbol
        The contract.
    raw
        Its raw file.
    settings
        The configuration as far as it is of this symbol.
    code
        The hash of each step's code and libraries.

    Returns
    -------
    Name, bytes and hash of the raw file; configuration, code by step and locked libraries, each
    with a hash of the whole. No times of day: equal runs have equal files.
    """
    return {
        "symbol": symbol,
        "raw": {"file": raw.name, "bytes": raw.stat().st_size, "sha256": sha256(raw)},
        "config": {"sha256": _text_hash(settings), "content": settings},
        "code": {"sha256": _text_hash(code), "steps": code},
        "lock": {"sha256": sha256(ROOT / "requirements.lock"), "libraries": pins()},
    }
