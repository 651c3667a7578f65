"""CI's files: the workflow is run by act, the rest is read by the parsers of those who run it.

act runs the real workflow in a small checkout, on this machine instead of a fresh one. Of the
actions that it names there are small stand-ins in actions/: nothing is fetched.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rootstock.core.store import locate

from .conftest import CHECKOUT, MATRIX, Bench

pytestmark = pytest.mark.system
BIN = Path(sys.executable).parent
STAND_INS = Path(__file__).with_name("actions")
ONE = "root6.40.00-cp311-linux_x86_64"
OTHER = "root6.40.00-cp313-linux_x86_64"
WITHOUT_OTHER = (
    "ci/matrix.yaml",
    MATRIX.replace(', pythons: ["3.11", "3.13"]}', ', pythons: ["3.11"]}'),
)
GIT = ("git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")


@dataclass(frozen=True)
class Repository:
    """A bench whose checkout is a git repository."""

    bench: Bench

    def git(self, *words: str) -> str:
        done = subprocess.run(
            [*GIT, *words], cwd=self.bench.checkout, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, name: str = "", text: str = "") -> str:
        """Write a file, commit all there is, and return the revision."""
        if name:
            (self.bench.checkout / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Something")
        return self.git("rev-parse", "HEAD")

    def affected(self, since: str, *words: str) -> list[str]:
        listed = self.bench.json("build", "--list", "--since", since, *words)
        return [cell["id"] for cell in listed["cells"]]


@pytest.fixture
def repository(bench: Bench) -> Repository:
    need("git")
    made = Repository(bench)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit()
    return made


# What is affected


def test_nothing_is_affected_by_what_is_in_no_key(repository: Repository) -> None:
    before = repository.commit("README.md", "One\n")
    repository.commit("README.md", "Two\n")
    done = repository.bench.run("build", "--list", "--since", before)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"0 of 2 cells affected since {before}" in done.stderr


def test_a_recipe_affects_the_cells_that_it_is_for(repository: Repository) -> None:
    before = repository.git("rev-parse", "HEAD")
    repository.bench.recipe("root", root_txt="another\n")  # which need not be committed
    assert repository.affected(before) == [ONE, OTHER]
    assert repository.affected(before, "--py", "3.13") == [OTHER]


def test_a_cell_that_was_not_there_is_affected_and_the_others_are_not(
    repository: Repository,
) -> None:
    before = repository.commit(*WITHOUT_OTHER)
    repository.commit("ci/matrix.yaml", MATRIX)
    assert repository.affected(before) == [OTHER]


def test_a_cells_key_is_that_of_the_cell_alone(repository: Repository) -> None:
    listed = repository.bench.json("build", "--list")["cells"]
    assert [cell["id"] for cell in listed] == [ONE, OTHER]
    assert len({cell["key"] for cell in listed}) == 2
    for cell in listed:
        [alone] = repository.bench.json("build", "--list", "--only", cell["id"])["cells"]
        assert alone == cell


def test_a_program_with_other_keys_affects_every_cell(repository: Repository) -> None:
    # As the program of a revision counts, the checkout has one.
    checkout = repository.bench.checkout
    shutil.copytree(
        CHECKOUT / "src", checkout / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    normalise = checkout / "src/rootstock/building/normalise.py"
    here = repository.commit()
    assert repository.affected(here) == []
    normalise.write_text(normalise.read_text() + "# otherwise\n")
    (checkout / "src/rootstock/core/errors.py").write_text("no = program\n")
    changed = repository.commit()
    (checkout / "src/rootstock/core/errors.py").write_bytes(
        (CHECKOUT / "src/rootstock/core/errors.py").read_bytes()
    )
    other = repository.commit()
    assert repository.affected(other) == [ONE, OTHER]
    # The program of that revision does not even start.
    done = repository.bench.run("build", "--list", "--since", changed)
    assert done.stdout.split() == [ONE, OTHER]
    assert "every cell counts" in done.stderr


def test_another_builder_affects_every_cell(repository: Repository) -> None:
    before = repository.commit("requirements.lock", "py-rattler-build==0.1\n")
    repository.commit("requirements.lock", "py-rattler-build==0.2\n")
    assert repository.affected(before) == [ONE, OTHER]
    assert repository.affected("HEAD") == []


@pytest.mark.parametrize("words", [("no-such",), ("--all",), ("HEAD:ci",)])
def test_what_is_no_revision_ends_with_2(repository: Repository, words: tuple[str, ...]) -> None:
    done = repository.bench.run("build", "--list", f"--since={words[0]}")
    assert done.returncode == 2
    assert f"{words[0]} is not a revision" in done.stderr


def test_a_checkout_without_git_ends_with_2(bench: Bench) -> None:
    need("git")
    done = bench.run("build", "--list", "--since", "HEAD")
    assert done.returncode == 2
    assert "not a git repository" in done.stderr


def test_since_without_list_ends_with_2(bench: Bench) -> None:
    done = bench.run("build", "--since", "HEAD")
    assert done.returncode == 2
    assert "--list" in done.stderr


# The results


def test_the_results_have_every_build_audit_and_check(bench: Bench, tmp_path: Path) -> None:
    results = tmp_path / "new/results.xml"
    record = bench.json("smoke", "--py", "3.11", "--junit", str(results))
    [suite] = ElementTree.parse(results).getroot()
    assert suite.get("name") == ONE
    assert int(suite.attrib["failures"]) == int(suite.attrib["errors"]) == 0
    cases = {(case.attrib["classname"].rpartition(".")[2], case.get("name")) for case in suite}
    [smoke] = record["smoke"]
    assert cases == {
        *(("build", node["filename"]) for node in record["nodes"]),
        *(("audit", report["filename"]) for report in record["audit"]),
        *(("smoke", f"{check['name']} on {smoke['system']}") for check in smoke["checks"]),
    }


def test_results_that_cannot_be_written_end_with_2(bench: Bench, tmp_path: Path) -> None:
    done = bench.run("audit", "--py", "3.11", "--junit", str(tmp_path))
    assert done.returncode == 2
    assert f"--junit {tmp_path}" in done.stderr


# The workflow


@dataclass(frozen=True)
class Ran:
    """A workflow that was run: exit code, all that was logged, folders of the stand-ins."""

    code: int
    log: list[dict[str, Any]]
    cache: Path
    artifacts: Path

    def text(self, job: str = "") -> str:
        return "\n".join(line["msg"] for line in self.log if line.get("jobID", "").startswith(job))

    @property
    def gate(self) -> str:
        [result] = [
            line["jobResult"]
            for line in self.log
            if line.get("jobID") == "gate" and "jobResult" in line
        ]
        return str(result)

    @property
    def legs(self) -> list[str]:
        cells = {
            line["matrix"]["cell"]["id"]
            for line in self.log
            if line.get("jobID") == "build" and line.get("matrix")
        }
        return sorted(cells)


@dataclass(frozen=True)
class Act:
    """The program act, on a small checkout with the real workflow, program and entry in it."""

    repository: Repository
    folder: Path

    def run(self, event: str, about: object, *words: str, workflow: str = "build") -> Ran:
        (self.folder / "event.json").write_text(json.dumps(about))
        cache, artifacts = self.folder / "cache", self.folder / "artifacts"
        for place in (cache, artifacts):
            place.mkdir(exist_ok=True)
        env = {
            "VENV": BIN.parent,
            "SHARED": locate().root,
            "CACHE": cache,
            "ARTIFACTS": artifacts,
        }
        path = Path(f".github/workflows/{workflow}.yml")
        uses = set(re.findall(r"uses: (\S+)", (CHECKOUT / path).read_text()))
        options = [f"--env={name}={value}" for name, value in env.items()]
        for use in uses:
            name = use.partition("@")[0].removeprefix("actions/")
            options.append(f"--local-repository={use}={STAND_INS / name}")
        done = subprocess.run(
            [
                *(BIN / "act", event, "--json", "--eventpath", self.folder / "event.json"),
                *("--workflows", path, "-P", "ubuntu-latest=-self-hosted"),
                *("--action-cache-path", self.folder / "act", "--no-cache-server"),
                *("--action-offline-mode", *options, *words),
            ],
            cwd=self.repository.bench.checkout,
            env={**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        lines = (done.stdout + done.stderr).splitlines()
        log = [json.loads(line) for line in lines if line.startswith("{")]
        return Ran(done.returncode, log, cache, artifacts)


@pytest.fixture
def act(repository: Repository, tmp_path: Path) -> Act:
    need("node", "bash")
    checkout = repository.bench.checkout
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("src", "scripts", ".github"):
        shutil.copytree(CHECKOUT / name, checkout / name, ignore=ignore)
    for name in ("requirements.lock", "requirements-dev.lock", ".gitignore"):
        shutil.copyfile(CHECKOUT / name, checkout / name)
    repository.commit()
    return Act(repository, tmp_path)


def test_one_affected_cell_is_built_and_kept_for_the_next_run(act: Act) -> None:
    before = act.repository.commit(*WITHOUT_OTHER)
    act.repository.commit("ci/matrix.yaml", MATRIX)
    ran = act.run("push", {"before": before})
    assert ran.code == 0, ran.text()
    assert ran.legs == [OTHER]
    assert ran.gate == "success"
    [cell] = act.repository.bench.json("build", "--list", "--py", "3.13")["cells"]
    assert [kept.name for kept in ran.cache.iterdir()] == [f"rootstock-{OTHER}-{cell['key']}"]
    # The same cell, asked for by hand: what was built is not built again.
    inputs = {"root": "6", "py": "3.13"}
    again = act.run("workflow_dispatch", {"inputs": inputs})
    assert again.code == 0, again.text()
    assert again.legs == [OTHER]
    assert "0 to build" in again.text("build")


def test_a_change_that_touches_nothing_passes_without_a_leg(act: Act) -> None:
    before = act.repository.commit("README.md", "One\n")
    act.repository.commit("README.md", "Two\n")
    ran = act.run("push", {"before": before})
    assert ran.code == 0, ran.text()
    assert ran.legs == []
    assert ran.gate == "success"


def test_a_broken_recipe_fails_the_gate_and_leaves_its_log(act: Act) -> None:
    before = act.repository.git("rev-parse", "HEAD")
    act.repository.bench.recipe("root", make_sh="echo the graft did not take\nexit 3\n")
    act.repository.commit()
    ran = act.run("pull_request", {"pull_request": {"number": 7, "base": {"sha": before}}})
    assert ran.code != 0
    assert ran.legs == [ONE, OTHER]
    assert ran.gate == "failure"
    for cell in (ONE, OTHER):
        left = ran.artifacts / f"report-{cell}"
        [log] = left.glob("runs/*/root-*.log")
        assert "the graft did not take" in log.read_text()
        suite = ElementTree.parse(left / "results.xml").find(f"testsuite[@name='{cell}']")
        assert suite is not None and suite.get("failures") == "1"


def test_a_recipe_that_cannot_be_read_fails_the_gate(act: Act) -> None:
    before = act.repository.git("rev-parse", "HEAD")
    act.repository.bench.recipe("root", recipe_yaml="package: [\n")
    act.repository.commit()
    ran = act.run("push", {"before": before})
    assert ran.code != 0
    assert ran.legs == []
    assert ran.gate == "failure"


def test_a_branch_with_nothing_before_it_is_built_whole(act: Act) -> None:
    ran = act.run("push", {"before": "0" * 40}, "--job", "plan")
    assert ran.code == 0, ran.text()
    assert ONE in ran.text("plan") and OTHER in ran.text("plan")


# The workflow of a release

GH = """#!/bin/sh
for word; do echo "$word"; done > "$ARTIFACTS/asked"
"""
PASSES = "def test_nothing() -> None: ...\n"


@pytest.fixture
def releasing(act: Act) -> Act:
    """A checkout of which version 9.8.7 can be released, with tests that take no time."""
    checkout = act.repository.bench.checkout
    for name in ("README.md", "LICENSE", "pyproject.toml", "ci/tools/build.lock"):
        (checkout / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(CHECKOUT / name, checkout / name)
    (checkout / "tests/unit").mkdir(parents=True)
    for name in ("tests/test_style.py", "tests/unit/test_units.py"):
        (checkout / name).write_text(PASSES)
    (checkout / "src/rootstock/__init__.py").write_text('__version__ = "9.8.7"\n')
    act.repository.commit("CHANGELOG.md", "# Changes\n\n## 9.8.7 (2026-12-01)\n\nIt is new.\n")
    program = act.folder / "bin/gh"
    program.parent.mkdir()
    program.write_text(GH)
    program.chmod(0o755)
    return act


def test_a_tag_becomes_a_release(releasing: Act) -> None:
    event = {"ref": "refs/tags/v9.8.7", "repository": {"fork": False}}
    ran = releasing.run("push", event, workflow="release")
    assert ran.code == 0, ran.text()
    assert "2 passed" in ran.text("build")
    assert ONE in ran.text("build")  # the wheel, installed, has listed the checkout's cells
    made = {path.name for path in (ran.artifacts / "release").iterdir()}
    assert made == {"rootstock-9.8.7.tar.gz", "rootstock-9.8.7-py3-none-any.whl", "notes.md"}
    assert (ran.artifacts / "release/notes.md").read_text() == "It is new.\n"
    command, what, tag, *rest = (ran.artifacts / "asked").read_text().splitlines()
    assert (command, what, tag) == ("release", "create", "v9.8.7")
    assert "release/rootstock-9.8.7.tar.gz" in rest
    assert "release/rootstock-9.8.7-py3-none-any.whl" in rest


@pytest.mark.parametrize(
    ("tag", "fork", "code"), [("v9.8.8", False, 1), ("v9.8.7", True, 0)], ids=["other", "fork"]
)
def test_another_tag_and_a_fork_release_nothing(
    releasing: Act, tag: str, fork: bool, code: int
) -> None:
    event = {"ref": f"refs/tags/{tag}", "repository": {"fork": fork}}
    ran = releasing.run("push", event, workflow="release")
    assert ran.code == code, ran.text()
    assert not (ran.artifacts / "asked").exists()
    assert not (ran.artifacts / "release").exists()
    assert ("the tag has version 9.8.8, but the program has 9.8.7" in ran.text("build")) is bool(
        code
    )


# The workflow of the documentation


@pytest.fixture
def documented(act: Act) -> Act:
    """A checkout with a small site: the real configuration, without the list of pages."""
    checkout = act.repository.bench.checkout
    (checkout / "ci/tools").mkdir()
    shutil.copyfile(CHECKOUT / "ci/tools/docs.lock", checkout / "ci/tools/docs.lock")
    settings, nav, _ = (CHECKOUT / "mkdocs.yml").read_text().partition("\nnav:\n")
    assert nav
    (checkout / "mkdocs.yml").write_text(settings)
    (checkout / "docs").mkdir()
    act.repository.commit("docs/index.md", "# Small\n\n[A recipe](../recipes/small/root)\n")
    return act


@pytest.mark.parametrize(
    ("event", "fork", "published"),
    [("push", False, True), ("push", True, False), ("pull_request", False, False)],
    ids=["push", "fork", "pull request"],
)
def test_the_site_is_built_always_and_published_from_main(
    documented: Act, event: str, fork: bool, published: bool
) -> None:
    about = {"ref": "refs/heads/main", "repository": {"fork": fork}}
    home = f"--env=ROOTSTOCK_HOME={locate().root}"
    ran = documented.run(event, about, home, workflow="docs")
    assert ran.code == 0, ran.text()
    built = (ran.artifacts / "github-pages/index.html").read_text()
    assert "/blob/" not in built and "/tree/HEAD/recipes/small/root" in built
    assert (ran.artifacts / "published").exists() is published


def test_a_dead_link_publishes_nothing(documented: Act) -> None:
    documented.repository.commit("docs/index.md", "# Small\n\n[gone](gone.md)\n")
    home = f"--env=ROOTSTOCK_HOME={locate().root}"
    about = {"ref": "refs/heads/main", "repository": {"fork": False}}
    ran = documented.run("push", about, home, workflow="docs")
    assert ran.code == 1
    assert "'gone.md'" in ran.text("build")
    assert [*ran.artifacts.iterdir()] == []
