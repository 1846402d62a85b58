"""What a source file says and imports, remembered by its bytes from one start to the next."""

import ast
import contextlib
import hashlib
import json
import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REMEMBERED = Path(".snakemake/mlfactory/code")
"""A file for each source text that was ever read here, named by its hash; may be deleted."""


@dataclass(frozen=True)
class Code:
    """A source file: a hash of its structure, and the dotted names that it imports."""

    structure: str
    imports: frozenset[str]


class _NoText(ast.NodeTransformer):
    """Takes out what is only text: docstrings, also of attributes."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


@cache
def code_of(path: Path) -> Code:
    """The code of a file; comments, docstrings and layout do not count.

    Parsing the whole package takes most of a second, so what was found is kept in `REMEMBERED`.
    """
    source = path.read_bytes()
    remembered = REMEMBERED / hashlib.sha256(_reader() + source).hexdigest()[:32]
    try:
        found = json.loads(remembered.read_text())
        return Code(found["structure"], frozenset(found["imports"]))
    except (OSError, ValueError, KeyError, TypeError):
        read = _read(source)
    with contextlib.suppress(OSError):  # a folder that cannot be written to: read again next time
        _remember(read, remembered)
    return read


def _read(source: bytes) -> Code:
    tree = _NoText().visit(ast.parse(source))
    structure = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return Code(structure, frozenset(_imports(tree)))


def _remember(found: Code, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    content = {"structure": found.structure, "imports": sorted(found.imports)}
    unfinished.write_text(json.dumps(content))
    unfinished.replace(path)


@cache
def _reader() -> bytes:
    """What the result depends on besides the source: how it is read."""
    return platform.python_version().encode() + Path(__file__).read_bytes()


def _imports(tree: ast.AST) -> set[str]:
    """Names of what is imported anywhere, at its top or inside a function; no relative ones."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
