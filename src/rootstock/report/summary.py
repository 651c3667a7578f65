"""Formats the result of a run, and how to use it, as lines for people."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.report import with_what
from rootstock.core.formatting import columns, counted, duration, size
from rootstock.product.model import Product
from rootstock.run.record import NodeRecord, RunRecord

_SHOWN = 20  # tests of a package that the summary shows
SHORT_HASH = 16  # digits of a sha256 where space is short


def summary_lines(record: RunRecord, width: int | None = None) -> list[str]:
    """Return the table of the built packages, the states of the cells, and the sums.

    Hashes are shortened if `width` columns do not suffice for them.
    """
    lines: list[str] = []
    shown = [node for node in record.nodes if node.state in ("built", "failed")]
    if shown:
        rows = [_row(node) for node in sorted(shown, key=lambda n: (n.package, n.version))]
        table = columns([("package", "size", "time", "sha256"), *rows], right=(1, 2))
        if width and max(map(len, table)) > width:
            short = [(*row[:3], row[3][:SHORT_HASH]) for row in rows]
            table = columns([("package", "size", "time", "sha256"), *short], right=(1, 2))
        lines += [*table, ""]
    lines += columns([(cell.id, cell.state) for cell in record.cells]) if record.cells else []
    states = [node.state for node in record.nodes]
    counts = ", ".join(
        f"{states.count(state)} {state}"
        for state in ("built", "kept", "failed", "skipped")
        if state in states
    )
    total = size(sum(node.size for node in record.nodes if node.scope == "channel"))
    took = duration(record.seconds)
    packages = counted(len(states), "package")
    lines.append(f"{packages} ({counts or 'none'}), {total}, in {took}")
    for report in record.acceptance:
        lines += ["", *acceptance_lines(report)]
    for report in record.suites:
        lines += ["", *suites_lines(report)]
    return lines


def acceptance_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the table of a cell's acceptance tests, and a line about each accepted number.

    Failures are shown with the run's error.
    """
    release = report["release"]
    other = with_what(release, report["cell"], report["compared"])
    before = f"compared with {other}" if release else "the first"
    rows = [
        (one["name"], one["outcome"], counted(len(one["numbers"]), "number"), one["reason"])
        for one in report["tests"]
    ]
    lines = [f"Acceptance tests, in {report['cell']} on {report['system']}, {before}:"]
    lines += [f"  {line}" for line in columns(rows)]
    for one in report["tests"]:
        accepted = [ChangedNumber(**found) for found in one["differences"] if found["why"]]
        lines += [f"  {one['name']}: {difference}" for difference in accepted]
    return lines


def suites_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the table of a cell's packages' own tests, and lines about single tests.

    Failures are shown with the run's error.
    """
    head = ("package", "version", "passed", "failed", "expected", "skipped", "errors", "time", "")
    rows = [
        (
            one["package"],
            one["version"],
            *(str(one[key]) for key in ("passed", "failed", "expected", "skipped", "errors")),
            duration(one["seconds"]),
            "" if one["state"] == "passed" else one["state"],
        )
        for one in report["suites"]
    ]
    lines = [f"Their own tests, in {report['cell']} on {report['system']}:"]
    lines += columns([head, *rows], right=range(2, 8))
    texts = {
        "foreseen": "fails, as expected",
        "mended": "passes, but was expected to fail",
        "unseen": "was expected to fail, but is not among the tests",
    }
    for key, words in texts.items():
        for one in report["suites"]:
            for test in one[key][:_SHOWN]:
                lines.append(f"  {words}: {test['test']}: {test['reason']}")
            if (more := len(one[key]) - _SHOWN) > 0:
                lines.append(f"  {words}: {more} more of {one['package']}, all in the report")
    return lines


def _row(node: NodeRecord) -> tuple[str, str, str, str]:
    return (
        node.filename or f"{node.package}-{node.version}",
        size(node.size) if node.size else "",
        duration(node.seconds) if node.state == "built" else node.state,
        node.sha256,
    )


def install_lines(channel: Path, product: Product, release: int = 0) -> list[str]:
    """Return how a user gets an environment with a product from the channel's folder.

    With a `release`, also the path of its locks.
    """
    folder = channel.absolute()
    prefix = f"./{product.package}-env"
    locks = folder / f"releases/{release:04d}"
    again = [
        "To reproduce this environment exactly:",
        f"  rootstock env --lock, and a lock of {locks}",
    ]
    return [
        "To use it, with conda, mamba or micromamba:",
        f"  conda create -n analysis --override-channels -c {folder.as_uri()} {product.package}",
        "  conda activate analysis",
        "or without:",
        f"  .venv/bin/rootstock env {prefix} {product.package} --channel "
        f"{shlex.quote(str(folder))}",
        f"  {prefix}/{product.trial}",
        *(again if release else []),
    ]
