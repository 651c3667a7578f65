"""Write the parts of pages that the program generates, and build the site of docs/ with mkdocs.

A page has its generated part between two comments, so that people write the rest of it. mkdocs
comes from ci/tools/docs.lock and is installed into the store, as every client program is.
"""

import argparse
import inspect
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from rootstock.audit import catalogue
from rootstock.cli import ending
from rootstock.cli import main as command_line
from rootstock.cli.common import CHECKOUT, say
from rootstock.core import process, signals, store, streams, tokens
from rootstock.core.checkout import Checkout
from rootstock.core.errors import (
    InterruptedByUser,
    RootstockError,
    UsageError,
    raising_no_space,
    raising_unwritable,
)
from rootstock.core.store import Store
from rootstock.maintain import inventory
from rootstock.report import tested
from rootstock.report.terminal import Terminal
from rootstock.smoke import systems
from rootstock.sources import tools

LOCK = "ci/tools/docs.lock"
TESTED = "docs/data/systems.json"  # rootstock smoke --record writes it
# The pages with a generated part, and what is in it: the names of _PARTS.
PAGES: Mapping[str, tuple[str, ...]] = {
    "docs/reference/cli.md": ("commands",),
    "docs/reference/packages.md": ("packages", "patches"),
    "docs/reference/audit-rules.md": ("rules",),
    "docs/reference/systems.md": ("systems",),
    "README.md": ("systems run",),
}
_SITE = "site"
_SECONDS = 300.0  # the site was built in 3 s on a machine with two cores
_TAIL = 30  # lines of what mkdocs printed, where it crashed
_EPILOG = """\
examples:
  python3 scripts/docs.py            build the site into site/
  python3 scripts/docs.py --write    write the generated parts of the pages again

exit codes:
  0 done, 1 mkdocs found a mistake (a dead link, for example), 2 usage, 3 the package registry
  did not answer, 4 the machine lacks something, 130 interrupted
"""


class SiteFailed(RootstockError):
    """A page, a link or the configuration of mkdocs has a mistake."""


def commands() -> str:
    """The command line as Markdown: a section per command, from what `--help` shows."""
    group: Any = typer.main.get_command(command_line._application())
    panels: dict[str, list[str]] = {}
    for name, command in group.commands.items():
        panels.setdefault(str(command.rich_help_panel), []).append(name)
    rows, parts = [], []
    for panel, names in panels.items():
        parts.append(f"## {panel}\n")
        for name in names:
            does = _first(group.commands[name])
            rows.append(f"| {panel} | [`{name}`](#rootstock-{name}) | {does} |")
            parts.append(_section(name, group.commands[name]))
    return "\n".join(["| | command | what it does |", "|---|---|---|", *rows, "", *parts])


def _first(command: Any) -> str:
    """The sentence that says what a command does."""
    return _cell(inspect.cleandoc(command.help).split("\n\n")[0])


def _section(name: str, command: Any) -> str:
    """A command: what it does, how it is called, an example of each use, its options."""
    context = command.context_class(command, info_name=f"rootstock {name}", terminal_width=100)
    usage = command.get_usage(context).removeprefix("Usage: ")
    about, _, examples = re.sub(
        r"\nExample: +", "\nExamples:\n", inspect.cleandoc(command.help)
    ).partition("\nExamples:\n")
    lines = [f"### rootstock {name}", "", _escaped(about.strip()), "", "```text", usage, "```", ""]
    shown = [line.strip() for line in examples.splitlines() if line.strip()]
    if shown:
        lines += ["Examples:", "", "```sh", *shown, "```", ""]
    records = [one.get_help_record(context) for one in command.params]
    rows = [f"| {_code(record[0])} | {_cell(record[1])} |" for record in records if record]
    return "\n".join([*lines, "| argument or option | |", "|---|---|", *rows, ""])


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _cell(text: str) -> str:
    """A text in the cell of a table: in one line, and without what is Markdown."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """A text without what is Markdown, but for its code in backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part[:1] == "`" else _escaped_prose(part) for part in parts)


def _escaped_prose(text: str) -> str:
    return re.sub(r"([\\`*_|\[\]])", r"\\\1", text).replace("<", "&lt;")


def packages() -> str:
    """The table of what the recipes make."""
    return inventory.as_markdown(inventory.take(Checkout(CHECKOUT)))


def patches() -> str:
    """The table of the recipes' patches."""
    checkout = Checkout(CHECKOUT)
    return inventory.patches_as_markdown(inventory.take_patches(checkout), checkout)


def systems_run() -> str:
    """The table of the systems that the smoke tests ran on."""
    return tested.as_markdown(tested.read(CHECKOUT / TESTED), systems.load(Checkout(CHECKOUT)))


def systems_known() -> str:
    """That table, and the systems that no test ever ran on."""
    results, known = tested.read(CHECKOUT / TESTED), systems.load(Checkout(CHECKOUT))
    never = [f"{one.name} (`{one.id}`)" for one in tested.never_run(results, known)]
    return f"{systems_run()}\n\nNever run: {', '.join(never) or 'none'}."


_PARTS = {
    "commands": commands,
    "packages": packages,
    "patches": patches,
    "rules": catalogue.as_markdown,
    "systems": systems_known,
    "systems run": systems_run,
}


def renewed(text: str, names: Sequence[str]) -> str:
    """The text of a page with its generated parts as the program has them now.

    Raises `UsageError` for a page that has lost the comments around such a part.
    """
    for name in names:
        begin, end = f"<!-- {name}: written by scripts/docs.py -->\n", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise UsageError(
                f"a page has not the two comments around its part {name}", f"{begin}{end}"
            )
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{_PARTS[name]().rstrip()}\n\n{end}{after}"
    return text


def write() -> list[str]:
    """Write the generated parts again; the pages that this changed.

    Raises `UsageError` where the checkout may not be written, `NoSpace` where the disk is full.
    """
    changed = []
    for page, names in PAGES.items():
        place = CHECKOUT / page
        old = place.read_text()
        if (new := renewed(old, names)) != old:
            with raising_unwritable(place):
                place.write_text(new)
            changed.append(page)
    return changed


def outside(site: Path) -> Iterator[str]:
    """What a built site would load from elsewhere: scripts, styles, images and fonts."""
    loaded = re.compile(
        r"<(?:script|img|iframe|source|audio|video|embed)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^\s\"'>]+"
        r"|<link\b[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|dns-prefetch|icon)\b[^>]*"
        r"\bhref=[\"']?(?:https?:)?//[^\s\"'>]+"
    )
    for page in sorted(site.rglob("*.html")):
        for found in loaded.findall(page.read_text()):
            yield f"{page.relative_to(site)}: {found}"
    imported = re.compile(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^\s\"')]+")
    for sheet in sorted(site.rglob("*.css")):
        for found in imported.findall(sheet.read_text()):
            yield f"{sheet.relative_to(site)}: {found}"


def build(place: Store, terminal: Terminal, site: Path) -> None:
    """Build the site into the folder `site`, in the place of what is there.

    Raises `SiteFailed` with mkdocs' lines for a dead link, and for a page that loads anything
    from another server; `SourceError` when mkdocs cannot be fetched.
    """
    environment = tools.ensure(CHECKOUT / LOCK, place, terminal)
    with raising_no_space(site), place.scratch("docs") as scratch:
        made = scratch / "site"
        argv = [*tools.python(environment), "-m", "mkdocs", "--no-color", "build", "--strict"]
        argv += ["--config-file", str(CHECKOUT / "mkdocs.yml"), "--site-dir", str(made)]
        # Otherwise the theme prints a notice about a coming version of mkdocs at every start.
        env = {**os.environ, "NO_MKDOCS_2_WARNING": "true"}
        done = process.run(argv, env=env, cwd=CHECKOUT, timeout=_SECONDS)
        if done.code:
            faults = re.findall(r"^(?:WARNING|ERROR) +- +(.*)", done.output, re.MULTILINE)
            lines = "\n".join(f"    {line}" for line in faults or done.output.splitlines()[-_TAIL:])
            raise SiteFailed(f"mkdocs built no site:\n{lines}", "Correct the pages that it names.")
        if found := [*outside(made)]:
            lines = "\n".join(f"    {line}" for line in found)
            raise SiteFailed(
                f"pages would load files of other servers:\n{lines}", "Copy the files into docs/."
            )
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(made, site)


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(
        prog="scripts/docs.py",
        description="Build the documentation site.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--write", action="store_true", help="write the generated parts of pages; build nothing"
    )
    made.add_argument(
        "--site", type=Path, default=CHECKOUT / _SITE, metavar="DIR", help="where (./site)"
    )
    return made


def run(argv: Sequence[str]) -> None:
    """Do what the words of a command line ask for; raises `RootstockError`, `SystemExit`."""
    asked = parser().parse_args(argv)
    ending.require_folder()
    if asked.write:
        say([*write()] or ["Nothing changes."])
        return
    with Terminal() as terminal:
        build(store.locate(), terminal, asked.site)
    say([f"{asked.site}/index.html"])


def main() -> None:
    """Run the command and end the process with an exit code of the command line's contract."""
    streams.ready()
    signals.handle(_interrupt)
    tokens.take()
    failed = None
    try:
        run(sys.argv[1:])
    except SystemExit as error:  # argparse has said what it is about
        sys.exit(error.code)
    except BaseException as error:
        failed = ending.failure(error)
    process.end_all()
    sys.exit(ending.finish(failed, as_json=False))


def _interrupt(number: int, frame: object) -> None:
    process.end_all()
    raise InterruptedByUser("interrupted")


if __name__ == "__main__":
    main()
