"""Check that docstrings, comments, messages and pages are easy to read.

    python3 scripts/words.py FILE...

It needs Python 3.10 or newer, and prints a line for each sentence that breaks a rule. The rules are
those of CONTRIBUTING.md that a program can check. A FILE is a Python file, a page (`.md`), or
another text, in which it finds only vague words.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
LONGEST = 30  # words of a sentence
# Files that need not follow the rules, and why.
EXCEPTIONS = {
    "src/rootstock/building/inside.py": "its bytes are part of every build key",
    "src/rootstock/building/normalise.py": "its bytes are part of every build key",
    "scripts/words.py": "it names the words",
    "tests/unit/test_words.py": "it has sentences that break the rules",
}

_VAGUE = re.compile(r"\b(told|tells?)\b", re.IGNORECASE)
_INSTEAD = "use the exact verb, such as says, prints, reports, returns or shows"
_CODE = re.compile(r"`[^`]*`")
_SENTENCE = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)[*)]*\s+")
_PROSE = re.compile(r"\b(an?|the|is|are|not)\b")  # lists of names have none of these
_FENCE = re.compile(r"```.*?```", re.DOTALL)
# The parts of a page that are no prose: fenced code, comments and rows of tables.
_NO_PROSE = re.compile(
    r"^ *(```+|~~~+).*?^ *\1`* *$|<!--.*?-->|^ *\|.*?$", re.DOTALL | re.MULTILINE
)
# A heading, an item of a list or a quotation begins with this, and a new sentence with it.
_MARK = re.compile(r" *(?:#+|[-*+>]|\d+\.) +")
# Code in a line and the target of a link: each is one word, or a part of one.
_ONE_WORD = re.compile(r"(`+)[^`].*?(?<!`)\1(?!`)|(?<=\])\([^)]*\)", re.DOTALL)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_VALUE = "{}"  # stands for a value in a message


class Text(NamedTuple):
    """A docstring, a comment, a message or a name, and the line on which it begins."""

    line: int
    kind: str
    text: str


class Fault(NamedTuple):
    """A sentence that breaks a rule, and what to do."""

    line: int
    sentence: str
    remedy: str


def texts(source: str) -> Iterator[Text]:
    """Yield all texts of a Python file that people read; raises `SyntaxError`."""
    tree = ast.parse(source)
    yield from _comments(source)
    inner: set[ast.AST] = set()  # parts of a text that is yielded as a whole
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and (found := ast.get_docstring(node)) is not None:
            inner.update(ast.iter_child_nodes(node.body[0]))
            yield Text(node.body[0].lineno, "docstring", found)
        yield from (Text(line, "name", name) for line, name in _names(node))
        if isinstance(node, ast.JoinedStr):
            inner.update(node.values)
            parts = [
                str(one.value) if isinstance(one, ast.Constant) else _VALUE for one in node.values
            ]
            yield Text(node.lineno, "message", "".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield Text(node.lineno, "message", node.value)


def _names(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.lineno, node.name
    elif isinstance(node, ast.arg):
        yield node.lineno, node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.lineno, node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.lineno, node.attr


def _comments(source: str) -> Iterator[Text]:
    """Yield comments; lines of their own that follow each other are one comment."""
    begun, last, lines = 0, -1, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        (line, _), text = token.start, token.string.lstrip("#").strip()
        own = not token.line[: token.start[1]].strip()
        if own and lines and line == last + 1:
            lines.append(text)
        else:
            if lines:
                yield Text(begun, "comment", "\n".join(lines))
            begun, lines = line, [text]
        last = line if own else -1
    if lines:
        yield Text(begun, "comment", "\n".join(lines))


def sentences(text: Text) -> list[str]:
    """Split a text into sentences; code blocks and examples are left out."""
    plain = text.text
    if text.kind == "docstring":
        parts = re.split(r"\n\s*\n|\n(?=- )", _FENCE.sub("", plain))
        paragraphs = [part for part in parts if not part.startswith((">>> ", " " * 4))]
    else:
        paragraphs = plain.split("\n") if text.kind == "message" else [plain]
    return [
        " ".join(sentence.split())
        for paragraph in paragraphs
        for sentence in _SENTENCE.split(paragraph)
        if sentence.strip()
    ]


def faults(source: str) -> list[Fault]:
    """Return all faults of a Python file, by line."""
    found = []
    for text in texts(source):
        if text.kind == "name":
            # A stream has a method `tell`: Python's io says so.
            if text.text != "tell" and {"told", "tell", "tells"} & {*text.text.lower().split("_")}:
                found.append(Fault(text.line, text.text, "name what it holds or does"))
            continue
        if text.kind == "docstring":
            found += _first_line(text)
        for sentence in sentences(text):
            words = _CODE.sub("code", sentence)
            found += _vague(text.line, sentence, words)
            if text.kind != "comment":
                found += _long(text.line, sentence, words)
    return sorted(found)


def _vague(line: int, sentence: str, words: str) -> Iterator[Fault]:
    if bad := _VAGUE.search(words):
        yield Fault(line, sentence, f'instead of "{bad[0]}", {_INSTEAD}')


def _long(line: int, sentence: str, words: str) -> Iterator[Fault]:
    count = len(words.split())
    if count > LONGEST and _PROSE.search(words):
        remedy = f"{count} words: split it into sentences of at most {LONGEST}"
        yield Fault(line, sentence, remedy)


def _first_line(text: Text) -> Iterator[Fault]:
    first = text.text.partition("\n")[0]
    if not (first[:1].isupper() or first[:1] in "`@"):
        yield Fault(text.line, first, "begin the first line with a capital")
    if not first.endswith("."):
        yield Fault(text.line, first, "write a first line that is a sentence, with a full stop")


def blocks(page: str) -> Iterator[Text]:
    """Yield the headings, paragraphs and items of lists of a page, without code and tables."""
    begun, lines, heading = 0, list[str](), False
    prose = _NO_PROSE.sub(lambda found: "\n" * found[0].count("\n"), page)
    for number, line in enumerate([*prose.split("\n"), ""], 1):
        mark = _MARK.match(line)
        if lines and (mark or heading or not line.strip()):
            yield Text(begun, "page", "\n".join(lines))
            lines = []
        if line.strip():
            begun = begun if lines else number
            lines.append(line[mark.end() :] if mark else line)
        heading = line.startswith("#")


def page_faults(page: str) -> list[Fault]:
    """Return all faults of a page in Markdown, by line."""
    found = list[Fault]()
    for block in blocks(page):
        # As long as the text, so that a sentence has the same place in both.
        words = _ONE_WORD.sub(lambda part: "x" * len(part[0]), block.text)
        begin = 0
        for end in (*(space.end() for space in _SENTENCE.finditer(words)), len(words)):
            line = block.line + block.text.count("\n", 0, begin)
            sentence = " ".join(block.text[begin:end].split())
            found += _vague(line, sentence, words[begin:end])
            found += _long(line, sentence, words[begin:end])
            begin = end
    return sorted(found)


def line_faults(text: str) -> list[Fault]:
    """Return the lines of any text that have a vague word."""
    return [
        fault
        for number, line in enumerate(text.splitlines(), 1)
        for fault in _vague(number, line.strip(), _CODE.sub("code", line))
    ]


def main(files: list[str]) -> int:
    """Print the faults of files; return the exit code: 1 if there are any."""
    code = 0
    for file in files:
        name = Path(file).resolve().relative_to(CHECKOUT).as_posix()
        if name in EXCEPTIONS:
            continue
        find = _FIND.get(Path(name).suffix, line_faults)
        for fault in find(Path(file).read_text(encoding="utf-8")):
            code = 1
            print(f"{name}:{fault.line}: {fault.sentence}\n    {fault.remedy}")
    return code


_FIND = {".md": page_faults, ".py": faults}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
