"""`scripts/words.py`: sentences that break a rule are found, others are not."""

import re
from pathlib import Path

import pytest

import words

CHECKOUT = Path(__file__).parents[2]
LONG = " ".join(["the", *["word"] * 30])
PLAIN = '''"""Compare two files: the first line is a sentence.

The second line need not begin with a capital. anaconda.org does not.

    a block of code may say tell

>>> print("told")
told
"""

def compare(first: str) -> str:
    """Return the difference; `tell` is the name of a method in code."""
    # A comment of several
    # lines.
    return f"{first} differs"  # foretold is another word
'''


PAGE = f"""# A page

It prints `tell` and [a link](docs/tell.md#told); so does ``a `tell` b``.

```sh
tell {LONG}
```

- an item with code that is indented:

  ~~~~
  told
  ```
  ~~~~

<!-- A comment may tell,
in two lines. -->

| it tells | {LONG} |
|---|---|
"""


def found(source: str) -> list[tuple[int, str, str]]:
    return [(one.line, one.sentence, one.remedy) for one in words.faults(source)]


def found_in_page(page: str) -> list[tuple[int, str, str]]:
    return [(one.line, one.sentence, one.remedy) for one in words.page_faults(page)]


def test_a_plain_file_has_no_fault() -> None:
    assert found(PLAIN) == []


@pytest.mark.parametrize("word", ["told", "tells", "tell", "Tells"])
@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""The log WORD of it."""', 1),
        ('"""One.\n\nTwo. The log WORD of it."""', 1),
        ("x = 1\n# The log WORD of it.\n", 2),
        ("x = 1  # The log WORD of it.\n", 1),
        ("x = 1\ny = 'The log WORD of it.'\n", 2),
        ("x = 1\ny = f'{x}: The log WORD of it.'\n", 2),
    ],
)
def test_a_vague_word_is_found(source: str, line: int, word: str) -> None:
    [(place, sentence, remedy)] = found(source.replace("WORD", word))
    assert place == line
    assert sentence.endswith(f"The log {word} of it.") and f'"{word}"' in remedy


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("told = 1", "told"),
        ("def tell_all() -> None: ...", "tell_all"),
        ("def say(lines_told: str) -> None: ...", "lines_told"),
        ("class Told: ...", "Told"),
        ("self._told = 1", "_told"),
        ("tells_of_it: int = 1", "tells_of_it"),
    ],
)
def test_a_vague_name_is_found(source: str, name: str) -> None:
    assert found(source) == [(1, name, "name what it holds or does")]


def test_a_name_that_is_only_used_is_not_a_fault() -> None:
    assert found("position = file.tell()") == []


@pytest.mark.parametrize(
    "source",
    [f'"""One.\n\n{LONG}."""', f'x = "{LONG}."', f'x = f"{LONG[:-4]}{{y}}."'],
    ids=["docstring", "message", "message with a value"],
)
def test_a_long_sentence_is_found(source: str) -> None:
    [(line, _, remedy)] = found(source)
    assert line == 1 and remedy.startswith("31 words: split it")


@pytest.mark.parametrize(
    "source",
    [
        f'"""One.\n\n{LONG[:-5]}."""',
        f'"""One.\n\nShort. {LONG[:-5]}. uv is short."""',
        f'"""One.\n\n- {LONG[:-10]}\n- {LONG[:-10]}\n"""',
        f"x = 1  # {LONG}",
        f'x = "{"name " * 40}"',
    ],
    ids=["30 words", "three sentences", "a list", "a comment", "names"],
)
def test_a_short_sentence_is_no_fault(source: str) -> None:
    assert found(source) == []


@pytest.mark.parametrize(
    ("docstring", "remedy"),
    [
        ("compare two files.", "begin the first line with a capital"),
        ("Compare two files", "write a first line that is a sentence, with a full stop"),
        ("Compare two files, one\n    of them new.", "write a first line that is a sentence"),
    ],
)
def test_the_first_line_is_a_sentence(docstring: str, remedy: str) -> None:
    [(line, sentence, advice)] = found(f'x = 1\ndef f() -> None:\n    """{docstring}"""')
    assert line == 3 and docstring.startswith(sentence) and advice.startswith(remedy)


def test_a_plain_page_has_no_fault() -> None:
    assert found_in_page(PAGE) == []


@pytest.mark.parametrize(
    ("page", "line", "sentence"),
    [
        ("# It tells\n", 1, "It tells"),
        ("One.\n\nThe log tells.\n", 3, "The log tells."),
        ("One. Two\nlines. It\ntells all.\n", 2, "It tells all."),
        ("One.\n- two\n- It tells.\n", 3, "It tells."),
        ("1. One,\n   two.\n2. It **tells**.", 3, "It **tells**."),
        ("> It tells.", 1, "It tells."),
        ("[It tells](a.md) all.", 1, "[It tells](a.md) all."),
        ("The `a\nb`. It tells `c`.", 2, "It tells `c`."),
        ("```\ncode\n```\n\nIt tells.\n", 5, "It tells."),
        ("<!-- a\nb -->\nIt tells.\n", 3, "It tells."),
        ("| a |\n|---|\n| b |\n\nIt tells.\n", 5, "It tells."),
    ],
)
def test_a_vague_word_of_a_page_is_found(page: str, line: int, sentence: str) -> None:
    [(place, shown, remedy)] = found_in_page(page)
    assert (place, shown) == (line, sentence) and '"tells"' in remedy


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (f"{LONG}.\n", 1),
        (f"One.\n\nTwo.\n{LONG.replace(' ', chr(10))}.\n", 4),
        (f"- one\n- {LONG}", 2),
        (f"{LONG[:-4]}`a b c`.", 1),
        (f"{LONG[:-4]}[word](a.md).", 1),
    ],
    ids=["a paragraph", "several lines", "an item", "code is a word", "a link's target is none"],
)
def test_a_long_sentence_of_a_page_is_found(page: str, line: int) -> None:
    [(place, _, remedy)] = found_in_page(page)
    assert place == line and remedy.startswith("31 words: split it")


@pytest.mark.parametrize(
    "page",
    [
        f"{LONG[:-5]}.\n{LONG[:-5]}!\n{LONG[:-5]}?",
        f"**{LONG[:-5]}.** {LONG[:-5]}. ({LONG[:-5]}.) {LONG[:-5]}.",
        f"# {LONG[:-5]}\n{LONG[:-5]}\n\n{LONG[:-5]}",
        f"{LONG[:-5]}\n- {LONG[:-5]}\n  1. {LONG[:-5]}",
        f"{LONG[:-10]} `{'code ' * 9}`.",
    ],
    ids=["sentences", "in bold or brackets", "a heading", "a list", "code"],
)
def test_a_short_sentence_of_a_page_is_no_fault(page: str) -> None:
    assert found_in_page(page) == []


@pytest.mark.parametrize(
    ("name", "faulty", "plain"),
    [
        ("file.py", "x = 1\n# It tells all.\n", "x = 1\n"),
        ("page.md", "# A page\nIt tells all.\n", "# A page\n"),
        ("flow.yml", "name: a\n# It tells all.\n", "name: `tell`\n"),
    ],
)
def test_a_fault_is_printed_with_its_place(
    name: str,
    faulty: str,
    plain: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(words, "CHECKOUT", tmp_path)
    file = tmp_path / name
    file.write_text(faulty)
    assert words.main([str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(f"{name}:2: (# )?It tells all.", lines[0]) and "prints" in lines[1]
    file.write_text(plain)
    assert words.main([str(file)]) == 0 and not capsys.readouterr().out


@pytest.mark.parametrize("name", words.EXCEPTIONS)
def test_an_exception_is_a_file(name: str) -> None:
    assert (CHECKOUT / name).is_file()
