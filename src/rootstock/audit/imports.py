"""Reads what Python modules import when they are imported: nothing of them runs.

Only imports that begin a line count. Whatever is within try, if or a function is optional. Files
are searched, and parsed only to be sure: an environment has thousands. Texts in triple quotes are
left out.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_TEXT = re.compile(rb"(?s)\"\"\".*?\"\"\"|'''.*?'''")
_FROM = re.compile(rb"(?m)^from[ \t]+(\.*)([\w.]*)[ \t]+import\b[ \t]*(\([^)]*\)|[^\n]*)")
_IMPORT = re.compile(rb"(?m)^import[ \t]+([\w., \t]+)")
_WORD = re.compile(rb"[A-Za-z_]\w*")
# Where modules are in a package: those that are installed into any Python have only the latter.
_MODULE = re.compile(
    r"(?:lib/python3\.\d+/(?:site-packages/|lib-dynload/)?|site-packages/)"
    r"([\w/]+?)(?:\.py|\.[\w.-]*so)"
)
_INIT = "__init__"


def modules(files: Iterable[str]) -> dict[str, str]:
    """Return the modules among files, by their full name: `a.b` is in a/b.py or a/b/__init__.py.

    >>> modules(["lib/python3.11/site-packages/a/__init__.py", "site-packages/b.py", "c.py"])
    {'a': 'lib/python3.11/site-packages/a/__init__.py', 'b': 'site-packages/b.py'}
    """
    found = {}
    for file in files:
        if named := _MODULE.fullmatch(file):
            found[named[1].removesuffix(f"/{_INIT}").replace("/", ".")] = file
    return found


def wanted(own: Mapping[str, str], paths: Mapping[str, Path]) -> dict[str, list[str]]:
    """Return what the modules of a package import of others: top-level names, each with modules.

    `own` are its modules, `paths` where their files are. It follows imports from the top-level
    modules: what these do not import is optional.
    """
    tops = {name.partition(".")[0] for name in own}
    todo = [name for name in own if "." not in name]
    seen = {*todo}
    found: dict[str, list[str]] = defaultdict(list)
    for name in todo:
        file = own[name]
        if not file.endswith(".py") or file not in paths:
            continue
        for other in imported(paths[file].read_bytes(), name, file.endswith(f"/{_INIT}.py")):
            if other.partition(".")[0] not in tops:
                found[other.partition(".")[0]].append(name)
            new = [module for module in _parts(other) if module in own and module not in seen]
            seen.update(new)
            todo += new
    return found


def imported(code: bytes, name: str, is_package: bool = False) -> Iterator[str]:
    r"""Yield the full names that a module imports; `from a import b` may mean `a` or `a.b`.

    >>> [*imported(b"import a, b.c as d\nfrom .e import f\ntry:\n    import g", "x.y")]
    ['a', 'b.c', 'x.e.f']
    """
    code = _TEXT.sub(b"", code)
    for line in _IMPORT.finditer(code):
        for one in line[1].split(b","):
            yield one.strip().partition(b" ")[0].decode()
    for dots, module, names in _FROM.findall(code):
        above = name.split(".") if is_package else name.split(".")[:-1]
        base = above[: len(above) - len(dots) + 1] if dots else []
        start = ".".join([*base, *filter(None, [module.decode()])])
        words = map(_WORD.search, re.sub(rb"#[^\n]*", b"", names).split(b","))
        found = [f"{start}.{word[0].decode()}" for word in words if word]
        yield from found or [start]


def surely(code: bytes, top: str) -> bool:
    """Whether a module imports a top-level name: it is parsed, so a text cannot mislead."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):  # of another version of Python, or no code
        return False
    names = {
        *(alias.name for node in body if isinstance(node, ast.Import) for alias in node.names),
        *(str(n.module) for n in body if isinstance(n, ast.ImportFrom) and not n.level),
    }
    return top in {name.partition(".")[0] for name in names}


def _parts(name: str) -> Iterator[str]:
    """Yield the modules that an import of a module imports.

    >>> [*_parts("a.b.c")]
    ['a', 'a.b', 'a.b.c']
    """
    words = name.split(".")
    return (".".join(words[: at + 1]) for at in range(len(words)))
