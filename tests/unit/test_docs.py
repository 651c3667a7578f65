"""What the documents show is true of the program."""

import re
from pathlib import Path

import yaml

from rootstock.core.checkout import Checkout
from rootstock.maintain import inventory, lint
from rootstock.plan import matrix, recipe
from rootstock.sources import purl

CHECKOUT = Path(__file__).parents[2]


def test_the_example_recipe_can_be_rendered(tmp_path: Path) -> None:
    text = (CHECKOUT / "docs/recipes.md").read_text()
    shown, registry = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
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


def test_the_table_of_packages_is_that_of_the_recipes() -> None:
    table = inventory.as_markdown(inventory.take(Checkout(CHECKOUT)))
    assert table in (CHECKOUT / "README.md").read_text(), "run: rootstock recipes --markdown"


def test_the_table_of_patches_is_that_of_the_recipes() -> None:
    table = inventory.patches_as_markdown(
        inventory.take_patches(Checkout(CHECKOUT)), Checkout(CHECKOUT)
    )
    assert table in (CHECKOUT / "README.md").read_text(), "rootstock recipes --patches --markdown"


def test_the_recipes_of_this_checkout_have_no_errors() -> None:
    assert [one for one in lint.lint(Checkout(CHECKOUT)) if one.serious] == []


def test_no_environment_is_named_root() -> None:
    """To conda, `root` is another name of its own base environment: it would install there."""
    texts = [CHECKOUT / "README.md", *CHECKOUT.glob("docs/*.md")]
    texts += [path for path in CHECKOUT.glob("src/**/*") if path.suffix in (".py", ".html")]
    named = re.compile(r"(create|install)\b[^\n]*(-n|--name)[ =](root|base|\{\{)|activate root\b")
    assert [str(path) for path in texts if named.search(path.read_text())] == []
