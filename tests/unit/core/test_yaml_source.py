from pathlib import Path

import pytest

from rootstock.core import yaml_source
from rootstock.core.errors import UsageError


def write(folder: Path, content: bytes) -> Path:
    path = folder / "some.yaml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "at", "said"),
    [
        (b"a: 1\nb: \xff\n", ":2:", "not UTF-8"),
        (b"a:\n\tb: 1\n", ":2:", "not YAML"),
        (b"a: [1\n", "", "not YAML"),
        (b"a: 1\nb: " + b"[" * 200 + b"]" * 200, ":2:", "nested deeper"),
        (b"a:\n  " + b"- " * 200 + b"x\n", ":2:", "nested deeper"),
        (b"---\na: 1\n---\nb: 2\n", ":3:", "a second YAML document"),
        (b"a: 1\n...\n---\n", ":3:", "a second YAML document"),
        (b"# " + b"x" * 1_000_000, "", "longer than 1 MB"),
        (b"", ":1:", "empty"),
        (b"# nothing\n", ":1:", "empty"),
    ],
)
def test_what_is_no_yaml_is_reported(tmp_path: Path, content: bytes, at: str, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(UsageError, match=said) as caught:
        yaml_source.read(path)
    assert caught.value.message.startswith(f"{path}{at}")


def test_what_cannot_be_read_is_reported(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match=f"{path} cannot be read"):
            yaml_source.read(path)


def test_scripts_may_have_brackets(tmp_path: Path) -> None:
    text = "script: |\n" + '  if [[ -n "${x[1]}" ]]; then echo "[["; fi\n' * 50
    assert yaml_source.read(write(tmp_path, text.encode())).entries().keys() == {"script"}


def test_one_document_may_be_marked(tmp_path: Path) -> None:
    text = b"---\ntext: |\n  ---\n  more\n...\n"
    assert yaml_source.read(write(tmp_path, text)).entries().keys() == {"text"}


def test_a_line_is_found_through_lists_and_conditions(tmp_path: Path) -> None:
    text = """\
source:
  - if: unix
    then:
      url: one
  - else:
      - url: two
run:
  - zlib
  - python
"""
    top = yaml_source.read(write(tmp_path, text.encode())).node
    assert yaml_source.line_of(top, "source", "url") == 4
    assert yaml_source.line_of(top, "source", "url", value="two") == 6
    assert yaml_source.line_of(top, "source", "url", value="three") == 4
    assert yaml_source.line_of(top, "run", "python") == 9
    assert yaml_source.line_of(top, "run", "numpy") == 0
    assert yaml_source.line_of(top, "build", "number") == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: \"${{ env.get('A') }}\"", 2),
        ("a: \"${{ (env)['get']('A') }}\"", 1),
        ("a: ${{ env }}", 1),
        ('a: "${{ \\x65nv.get(1) }}"', 1),
        ("a:\n- if: env.exists('A')\n  then: b", 2),
        ("a: env.get", 0),
        ("a: ${{ my_env.x ~ x.env }} env", 0),
        ("a: ${{ PREFIX ~ '/env.d' }}", 0),
        ("a: [env", 0),
    ],
)
def test_a_name_in_a_template_is_found_however_it_is_written(text: str, line: int) -> None:
    assert yaml_source.line_of_word(text, "env", ("if",)) == line
