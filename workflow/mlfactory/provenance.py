"""Which code a rule runs: a hash that changes when, and only when, that code does."""

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

PACKAGE = __package__ or "mlfactory"


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
    found: set[str] = set()
    for node in ast.walk(_parsed(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in below if name.startswith(PACKAGE) and _is_module(name)}
            found.add(node.module)
    return frozenset(m for m in found if m.split(".")[0] == PACKAGE and m != module)


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


def _without_docstrings(tree: ast.Module) -> str:
    """The code's structure: comments, blank lines and docstrings do not count."""
    tree = ast.parse(ast.unparse(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                node.body = body[1:]
    return ast.dump(tree)


@cache
def source_hash(*modules: str) -> str:
    """Hash of the code of these modules and of all of the package that they import.

    Parameters
    ----------
    modules
        Full names. Modules that are only imported by name at run time, such as a model's, must be
        named; relative imports are not followed.

    Returns
    -------
    16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for module in closure(modules):
        digest.update(f"{module}\n{_without_docstrings(_parsed(module))}\n".encode())
    return digest.hexdigest()[:16]
