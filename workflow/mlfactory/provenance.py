"""Which code a rule runs: a hash that changes when, and only when, that code does."""

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

PACKAGE = __package__ or "mlfactory"
ROOT = Path(__file__).parents[2]

_LOCK_NAMES = {"sklearn": "scikit-learn", "talib": "TA-Lib", "pywt": "PyWavelets", "yaml": "PyYAML"}


def _source_path(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin) if spec is not None and spec.origin else None


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@cache
def _parsed(module: str) -> ast.Module:
    path = _source_path(module)
    return ast.parse(path.read_text() if path else "")


@cache
def imported(module: str) -> frozenset[str]:
    """The package's own modules that a module imports anywhere in its source, directly."""
    return frozenset(_imports(_parsed(module)) - {module})


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in below if name.startswith(PACKAGE) and _is_module(name)}
            found.add(node.module)
    return {module for module in found if module.split(".")[0] == PACKAGE}


def closure(modules: tuple[str, ...]) -> list[str]:
    """The modules and all of the package that they import, transitively; sorted."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imported(module)
    return sorted(seen)


class _NoText(ast.NodeTransformer):
    """Takes out what is only text: docstrings, also of attributes."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def _structure(tree: ast.Module) -> str:
    """The code without comments, blank lines and docstrings."""
    return ast.dump(_NoText().visit(ast.parse(ast.unparse(tree))))


@cache
def pins() -> dict[str, str]:
    """The lock's version of each library, by its name in lower case."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.strip().lower(): version.strip() for name, version in pairs}


def _libraries(tree: ast.Module) -> set[str]:
    """The libraries that a module imports, by their names in the lock."""
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.split(".")[0])
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
    tree = ast.parse(Path(script).read_text())
    every = closure((*_imports(tree), *modules))
    trees = [tree, *map(_parsed, every)]
    libraries = sorted(set().union(*map(_libraries, trees)))
    digest = hashlib.sha256()
    for part in map(_structure, trees):
        digest.update(part.encode())
    digest.update("".join(f"{name}=={pins()[name]}\n" for name in libraries).encode())
    return digest.hexdigest()[:16]
