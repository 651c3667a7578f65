"""What the documents show is true of the program."""

import ast
import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

import _docs
import _docs_links
from rootstock.channel.generation import Generation, Kind
from rootstock.core import errors
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.maintain import lint
from rootstock.plan import matrix, patches, recipe, security
from rootstock.sources import purl

CHECKOUT = Path(__file__).parents[2]


def test_the_example_recipe_can_be_rendered(tmp_path: Path) -> None:
    text = (CHECKOUT / "docs/recipes.md").read_text()
    shown, registry, *_ = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "recipe.yaml").write_text(shown)
    known = matrix.load(CHECKOUT / "ci/matrix.yaml")
    [output] = recipe.render(
        tmp_path, known.variants_of(known.cells[:1]), known.zip_keys, known.platform
    )
    assert output.filename.startswith("lz4-c-1.10.0-")
    [(sha256, place)] = yaml.safe_load(registry).items()
    assert [source["sha256"] for source in output.sources] == [sha256]
    assert purl.parse(place).filename == "lz4_1.10.0.orig.tar.gz"


def documents() -> list[Path]:
    places = ("*.md", "docs/**/*.md", ".github/**/*.md")
    return [path for place in places for path in CHECKOUT.glob(place)]


def anchors(document: Path) -> set[str]:
    """What GitHub and GitLab call the headings of a document in a link."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_links_lead_somewhere() -> None:
    for document in documents():
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text()):
            target, _, anchor = link.partition("#")
            leads_to = document.parent / target if target else document
            assert leads_to.exists(), f"{document}: {link}"
            assert not anchor or anchor in anchors(leads_to), f"{document}: {link}"


def test_files_that_are_named_are_there() -> None:
    """Paths of the checkout in code font, in the documents for who changes it."""
    named = re.compile(r"`((?:docs|scripts|src|tests|ci|findings|recipes)/[\w./-]*)[` ]")
    for document in [*CHECKOUT.glob("[CS]*.md"), *CHECKOUT.glob(".github/**/*.*")]:
        for name in named.findall(document.read_text()):
            if document.name != "CHANGELOG.md":
                assert (CHECKOUT / name).exists(), f"{document}: {name}"


def test_forms_and_settings_of_the_forge_are_yaml() -> None:
    files = [*CHECKOUT.glob(".github/*.yml"), *CHECKOUT.glob(".github/ISSUE_TEMPLATE/*")]
    assert files
    for path in files:
        assert isinstance(yaml.safe_load(path.read_text()), dict), path


def test_the_page_of_the_examples_names_each() -> None:
    folder = CHECKOUT / "docs/examples"
    named = set(re.findall(r"\]\(([^)/]+)\)", (folder / "README.md").read_text()))
    assert {path.name for path in folder.iterdir() if path.is_file()} - named == {"README.md"}


@pytest.mark.parametrize("page", _docs.PAGES)
def test_generated_parts_are_what_the_program_gives(page: str) -> None:
    text = (CHECKOUT / page).read_text()
    assert _docs.renewed(text, _docs.PAGES[page]) == text, "run: python3 scripts/docs.py --write"


def test_the_command_line_reference_has_every_option() -> None:
    """Against the help texts in the source, which the generator does not read."""
    page = (CHECKOUT / "docs/reference/cli.md").read_text()
    declared = set()
    for path in (CHECKOUT / "src/rootstock/cli").glob("*.py"):
        if path.stem != "main":
            declared |= set(re.findall(r'"(--[a-z][a-z-]+)"', path.read_text()))
    assert len(declared) > 30
    assert {word for word in declared if not re.search(rf"{word}\b", page)} == set()


def test_the_exit_codes_are_those_of_the_errors() -> None:
    page = (CHECKOUT / "docs/reference/exit-codes.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", page, re.MULTILINE)
    said = {name: int(code) for code, names in rows for name in re.findall(r"`(\w+)`", names)}
    found = {
        name: one.code
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.RootstockError)
    }
    assert said == found
    assert [int(code) for code, _ in rows] == sorted({0, *found.values()})


def test_the_architecture_has_every_folder_of_the_source() -> None:
    page = (CHECKOUT / "docs/design.md").read_text()
    said = set(re.findall(r"^\| `src/rootstock/(\w+)/` \|", page, re.MULTILINE))
    folders = {path.parent.name for path in CHECKOUT.glob("src/rootstock/*/*.py")}
    assert said == folders


def test_the_recipe_fields_are_those_of_the_schema() -> None:
    schema = json.loads((CHECKOUT / "docs/schemas/recipe.schema.json").read_text())
    page = (CHECKOUT / "docs/reference/recipe-fields.md").read_text()
    table = page.partition("## extra.rootstock")[2]
    said = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert set(said) == set(schema["$defs"]["rootstock"]["properties"])


@pytest.mark.parametrize(
    ("title", "schema"), [("report.json", "report"), ("channel.yaml", "channel")]
)
def test_the_fields_of_a_format_are_those_of_its_schema(title: str, schema: str) -> None:
    page = (CHECKOUT / "docs/reference/formats.md").read_text()
    [section] = re.findall(rf"^## {re.escape(title)}\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    said = set()
    for first in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE):
        said |= set(re.findall(r"`(\w+)`", first))
    known = json.loads((CHECKOUT / f"docs/schemas/{schema}.schema.json").read_text())
    assert said == set(known["properties"]) - {"format"}


def test_every_patch_of_root_has_its_reports() -> None:
    page = (CHECKOUT / "docs/pyroot.md").read_text()
    section = page.partition("\n## Upstream\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\S+)` \| (.*) \|$", section, re.MULTILINE)
    folder = CHECKOUT / "recipes/root/root6-wheel/patches"
    known = {
        patch.path.relative_to(folder).as_posix(): patch
        for patch in patches.of(CHECKOUT / "recipes/root")
    }
    assert [name for name, _ in rows] == sorted(known)
    for name, said in rows:
        links = re.findall(r"\[([^]]*)\]\(([^)]*)\)", said)
        for text, link in links:
            address = rf"https://github\.com/root-project/root/(issues|pull)/{text}"
            assert re.fullmatch(address, link), (name, link)
        assert links or said.startswith(("None found.", "Not for upstream.")), name
        reference = known[name].reference
        assert not reference.startswith("https:") or f"({reference})" in said, name
        assert (reference == "not for upstream") == said.startswith("Not for upstream"), name


def test_the_fields_of_a_generation_are_those_of_its_record() -> None:
    page = (CHECKOUT / "docs/reference/formats.md").read_text()
    section = page.partition("\n## generation.json\n")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    said = {name for first in firsts for name in re.findall(r"`(\w+)`", first)}
    assert said == {field.name for field in dataclasses.fields(Generation)}
    kinds = re.findall(r"`(\w+)`", section.partition("| `kind` |")[2].partition("\n")[0])
    assert set(kinds) == set(get_args(Kind))


def test_the_glossary_is_short_and_names_a_source_for_each_word() -> None:
    page = (CHECKOUT / "docs/glossary.md").read_text()
    [_, _, *rows] = [line for line in page.splitlines() if line.startswith("|")]
    assert 10 < len(rows) <= 25
    for row in rows:
        word, meaning, source = (cell.strip() for cell in row.strip("|").split("|"))
        assert word and meaning and source and "rootstock" not in source, row


def test_the_picture_has_every_stage() -> None:
    page = (CHECKOUT / "docs/design.md").read_text()
    table = page.partition("| stage | what it does |\n")[2].partition("\n\n")[0]
    stages = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)
    boxes = re.findall(r'class="name"[^>]*>(\w+)<', (CHECKOUT / "docs/flow.svg").read_text())
    assert len(stages) > 5 and [one for one in boxes if one in stages] == stages


def test_the_limits_name_each_revision_that_was_not_compared() -> None:
    page = (CHECKOUT / "docs/reference/limits.md").read_text()
    heading = "\n### Revisions of Debian that were not compared\n"
    section = page.partition(heading)[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \S+ ([\d.]+) \| ([^|]*) \| (\S+) \|", section, re.MULTILINE)
    known = security.load(Checkout(CHECKOUT).security).values()
    assert {(compared if compared[0].isdigit() else "", later) for _, compared, later in rows} == {
        (one.revision, later) for one in known for later in one.later
    }


def functions(file: str) -> set[str]:
    tree = ast.parse((CHECKOUT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_promise_of_safety_has_tests_that_exist() -> None:
    page = (CHECKOUT / "SECURITY.md").read_text()
    section = page.partition("\n## What is promised, and the tests of it\n")[2]
    [_, _, *rows] = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 15
    readme = (CHECKOUT / "README.md").read_text()
    said = " ".join(re.sub(r"\*\*|\[|\]\([^)]*\)", "", readme).split())
    for row in rows:
        promise, tests = (cell.strip() for cell in row.strip("|").split("|"))
        assert not promise.startswith('"') or promise.strip('"') in said, promise
        named = [one.strip("`").split("::") for one in tests.split(", ")]
        lacking = [name for file, name in named if name not in functions(file)]
        assert lacking == [], promise
    promised = readme.partition("\n## What is promised\n")[2].partition("\n## ")[0]
    bold = re.findall(r"^- \*\*(.*?)\*\*", promised, re.MULTILINE)
    assert bold and [one for one in bold if f'"{one}"' not in section] == []


def test_the_page_of_the_sandbox_names_tests_that_exist() -> None:
    page = (CHECKOUT / "docs/sandbox.md").read_text()
    named = {*re.findall(r"`(test_\w+)`", page)}
    files = ("tests/system/test_sandbox.py", "tests/system/test_engines.py")
    assert len(named) > 10 and named - functions(files[0]) - functions(files[1]) == set()


def test_the_readme_is_short() -> None:
    assert len((CHECKOUT / "README.md").read_text().splitlines()) <= 120


def test_the_site_lists_every_page() -> None:
    listed = re.findall(r": ([\w/-]+\.md)$", (CHECKOUT / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = [str(path.relative_to(CHECKOUT / "docs")) for path in CHECKOUT.glob("docs/**/*.md")]
    assert sorted(listed) == sorted(pages)
    home = (CHECKOUT / "docs/README.md").read_text()
    assert [page for page in listed if page != "README.md" and f"]({page})" not in home] == []


@pytest.mark.parametrize(
    ("text", "page"),
    [("--a_b [x]", r"--a\_b \[x\]"), ("`a_b` <c>", "`a_b` &lt;c>"), ("a ` b_c", r"a \` b\_c")],
)
def test_help_texts_are_shown_as_they_are(text: str, page: str) -> None:
    assert _docs._escaped(text) == page


def test_a_page_without_its_comments_is_refused() -> None:
    with pytest.raises(UsageError, match="packages"):
        _docs.renewed("# Packages\n", ["packages"])


def test_text_around_a_generated_part_stays() -> None:
    begin, end = "<!-- patches: written by scripts/docs.py -->\n", "<!-- end of patches -->"
    made = _docs.renewed(f"before\n\n{begin}| gone |\n{end}\nafter\n", ["patches"])
    assert made.startswith(f"before\n\n{begin}\n| patch |")
    assert made.endswith(f"|\n\n{end}\nafter\n")
    assert "| gone |" not in made


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.html", '<script src="https://cdn.example.org/x.js"></script>', True),
        ("a.html", "<link href=x.css rel=stylesheet><img src=flow.svg>", False),
        ("a.html", '<link rel="stylesheet" href="//fonts.example.org/css">', True),
        ("a.html", '<img alt="" src=http://example.org/a.png>', True),
        ("a.html", '<a href="https://example.org">a link may lead anywhere</a>', False),
        ("a.css", "@import url(https://fonts.example.org/a.css);", True),
        ("a.css", "a { background: url(data:image/svg+xml;utf8,x) }", False),
    ],
)
def test_files_of_other_servers_are_found(
    tmp_path: Path, name: str, text: str, found: bool
) -> None:
    (tmp_path / name).write_text(text)
    assert bool([*_docs.outside(tmp_path)]) is found


REPOSITORY = "https://git.example.org/physics/rootstock"


@pytest.mark.parametrize(
    ("page", "text", "becomes"),
    [
        ("docs/a.md", "[f](../LICENSE)", f"[f]({REPOSITORY}/blob/HEAD/LICENSE)"),
        ("docs/a.md", "[f](../README.md#use)", f"[f]({REPOSITORY}/blob/HEAD/README.md#use)"),
        ("docs/b/a.md", "[f](../../ci)", f"[f]({REPOSITORY}/tree/HEAD/ci)"),
        ("docs/b/a.md", "[f](../c.md)", "[f](../c.md)"),
        ("docs/a.md", "[f](c.md) [g](https://example.org/../x)", None),
        ("docs/a.md", "```\n[f](../LICENSE)\n```", None),
    ],
)
def test_links_out_of_the_pages_lead_to_the_repository(
    tmp_path: Path, page: str, text: str, becomes: str | None
) -> None:
    for name in ("LICENSE", "README.md"):
        (tmp_path / name).touch()
    (tmp_path / "ci").mkdir()
    assert _docs_links.rewritten(text, page, tmp_path, REPOSITORY) == (becomes or text)
    if "```" not in text and becomes and becomes != text:
        assert _docs_links.rewritten(text, page, tmp_path, "") == "f"


def test_a_dead_link_out_of_the_pages_is_left_to_mkdocs(tmp_path: Path) -> None:
    for link in ("[f](../gone)", "[f](../../elsewhere)"):
        assert _docs_links.rewritten(link, "docs/a.md", tmp_path, "") == link


def test_the_recipes_of_this_checkout_have_no_errors() -> None:
    assert [one for one in lint.lint(Checkout(CHECKOUT)) if one.serious] == []


def test_no_environment_is_named_root() -> None:
    """To conda, `root` is another name of its own base environment: it would install there."""
    texts = [CHECKOUT / "README.md", *CHECKOUT.glob("docs/**/*.md")]
    texts += [path for path in CHECKOUT.glob("src/**/*") if path.suffix in (".py", ".html")]
    named = re.compile(r"(create|install)\b[^\n]*(-n|--name)[ =](root|base|\{\{)|activate root\b")
    assert [str(path) for path in texts if named.search(path.read_text())] == []
