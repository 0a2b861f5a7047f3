"""The layer picture of the house, and the check that holds every import to it.

An import anywhere in a file counts: at the top, inside a function, under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "ssmtp_compat"

# From the bottom to the top. What stands on one line never imports each other.
LINES: tuple[tuple[str, ...], ...] = (
    ("catalog",),
    ("errors", "octets"),
    ("pki", "smtp", "message", "net", "events"),
    ("smime", "tls", "tunnel", "spool"),
    ("settings",),
    ("operations",),
    ("client",),
    ("handles",),
    ("procedural", "php"),
    ("",),  # the package's own __init__, which re-exports the faces
    ("cli", "porting"),
    ("__main__",),
)
HEIGHT = {name: height for height, line in enumerate(LINES) for name in line}
FREE_FOR_ALL = "_version"

THIRD_PARTY = {
    # The demo of cli makes throwaway certificates, and reads the result without this library's own code.
    "cryptography": {"pki", "smime", "tls", "cli"},
    "asn1crypto": {"pki", "smime", "cli"},
    "aiosmtpd": {"cli"},
    "OpenSSL": {"tls"},
    "service_identity": {"tls"},
    "certifi": {"tls"},
    "h11": {"tunnel", "tls"},
    "idna": {"message"},
    "spnego": {"smtp.auth"},
    "pkcs11": {"pki"},
    "tree_sitter": {"porting"},
    "tree_sitter_php": {"porting"},
    "rich": {"cli"},
}

# Bytes in, bytes out: these packages have neither a connection nor a clock.
PURE = {"smtp", "message", "smime", "pki"}
IMPURE_MODULES = {"asyncio", "http", "select", "selectors", "smtplib", "socket", "socketserver", "ssl", "time"}


def violations(root: Path) -> list[str]:
    """Every import under ``root``, the package's directory, that breaks a rule: ``file:line: what is wrong``."""
    found = []
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        importer = "" if place == Path("__init__.py") else place.parts[0].removesuffix(".py")
        if importer == FREE_FOR_ALL:
            continue
        if importer not in HEIGHT:
            found.append(f"{place}:1: {importer} stands on no line of the layer picture")
            continue
        for line, target in _imports(path, root):
            if complaint := _judge(importer, target, place):
                found.append(f"{place}:{line}: {complaint}")
    return found


def _judge(importer: str, target: tuple[str, ...], place: Path) -> str:
    name = importer or "__init__"
    if target[0] == PACKAGE:
        imported = target[1] if len(target) > 1 else ""
        if imported in {importer, FREE_FOR_ALL}:
            return ""
        if imported not in HEIGHT:
            return f"{name} imports {imported}, which stands on no line of the layer picture"
        if HEIGHT[imported] < HEIGHT[importer]:
            return ""
        direction = "sideways" if HEIGHT[imported] == HEIGHT[importer] else "upward"
        return f"{name} imports {imported or '__init__'}: {direction}"
    if target[0] in sys.stdlib_module_names:
        if importer in PURE and target[0] in IMPURE_MODULES:
            return f"{name} imports {target[0]}, but has to stay free of connections and clocks"
        return ""
    allowed = THIRD_PARTY.get(target[0])
    if allowed is None:
        return f"{name} imports {target[0]}, which is no dependency of this project"
    parents = {".".join(place.with_suffix("").parts[:depth]) for depth in range(1, len(place.parts) + 1)}
    return "" if parents & allowed else f"{name} imports {target[0]}, which belongs in {', '.join(sorted(allowed))}"


def _imports(path: Path, root: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and absolute dotted name, as a tuple, of each module that the file imports."""
    package = (PACKAGE, *path.parent.relative_to(root).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = (*above, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                yield node.lineno, _module_of(base, alias.name, root)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            name = node.args[0] if node.args else None
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                raise ValueError(f"{path}:{node.lineno}: an import whose target cannot be read")  # noqa: TRY004
            yield node.lineno, tuple(name.value.split("."))


def _module_of(base: tuple[str, ...], name: str, root: Path) -> tuple[str, ...]:
    """``from base import name``: the submodule of that name where the package itself is asked, else ``base``."""
    if base == (PACKAGE,) and ((root / name).is_dir() or (root / f"{name}.py").is_file()):
        return (PACKAGE, name)
    return base


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
