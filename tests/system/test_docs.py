"""The documentation site, built by the command that people use."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .conftest import CHECKOUT

pytestmark = pytest.mark.system
REPOSITORY = "https://git.example.org/physics/rootstock"


def build(site: Path, checkout: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", str(checkout / "scripts/_docs.py"), "--site", str(site)]
    env = {**os.environ, "ROOTSTOCK_REPOSITORY": REPOSITORY}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


class Page(HTMLParser):
    """The names of a page that a link may end with, and where its own links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.names.add(value)
            if name in ("href", "src") and value:
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = build(folder)
    if done.returncode == 3:
        pytest.skip(f"the package registry does not answer: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder}/index.html\n"
    return folder


def test_every_link_and_anchor_of_the_site_leads_somewhere(site: Path) -> None:
    pages = {path: Page(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) > 20
    for path, page in pages.items():
        if path.name == "404.html":  # a server gives it at any path, so its links begin with /
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_relative_to(site), f"{path}: {link}"
            assert target.exists(), f"{path}: {link}"
            if parts.fragment and target in pages and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].names, f"{path}: {link}"


def test_files_that_are_no_page_are_named_by_the_repository(site: Path) -> None:
    text = (site / "ci.html").read_text()
    assert f"{REPOSITORY}/blob/HEAD/.github/workflows/build.yml" in text


def test_search_finds_every_page(site: Path) -> None:
    index = (site / "search/search_index.json").read_text()
    for page in CHECKOUT.glob("docs/**/*.md"):
        [title] = re.findall(r"\A# (.*)", page.read_text())
        assert title.split(":")[0] in index, page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[gone](gone.md)\n[gone](design.md#gone)\n[gone](../gone)\n",
            ("'gone.md'", "'#gone'", "'../gone'"),
        ),
        ("![gone](https://example.org/gone.png)\n", ("https://example.org/gone.png",)),
    ],
)
def test_each_mistake_of_a_page_fails_the_build(
    site: Path, tmp_path: Path, text: str, said: tuple[str, ...]
) -> None:
    """In a copy of the checkout that has what the command and the site are made of."""
    copy = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("docs", "scripts", "src", "ci", "recipes", ".github", "tests", "findings"):
        if name == "docs":
            shutil.copytree(CHECKOUT / name, copy / name, ignore=ignored)
        else:
            (copy / name).symlink_to(CHECKOUT / name)
    for path in CHECKOUT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            (copy / path.name).symlink_to(path)
    page = copy / "docs/glossary.md"
    page.write_text(f"{page.read_text()}\n{text}")
    program = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[1:3]; import _docs; "
        "_docs.CHECKOUT = Path(sys.argv[3]); sys.argv[1:] = ['--site', sys.argv[4]]; _docs.main()"
    )
    words = [str(CHECKOUT / "scripts"), str(CHECKOUT / "src"), str(copy), str(tmp_path / "site")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert [one for one in said if one not in done.stderr] == []
    assert not (tmp_path / "site").exists()
