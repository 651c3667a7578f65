"""Smoke tests on several systems, with a small package; the nightly tests do so with ROOT."""

import json
import os
from pathlib import Path

import pytest

from rootstock.core import process
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image import debian
from rootstock.image.engines.choose import BUILDERS, why_not
from rootstock.image.engines.container import image_tag

from .conftest import CHECKOUT, COMMAND, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")
BOTH = ("--on", "debian11", "--on", "debian12")
# Every check is well where the system is the one that was asked for, and else has a reason.
ON = """#!/bin/sh
[ "${2##*/}" = _inside.py ] || exit 0
shift 3
for check; do
    sed -n 's/^PRETTY_NAME=//p' /etc/os-release >"${check%%,*}.log"
    case $(cat /etc/os-release) in
    *WANTED*) : >"${check%%,*}.log" ;;
    esac
    echo "${check%%,*} 0 0.01"
done
"""


def test_a_set_is_tried_on_each_system_and_published_with_what_was_found(
    bench: Bench, tmp_path: Path
) -> None:
    kept = tmp_path / "data/systems.json"
    record = bench.json("build", *CELL, *BOTH, "--record", str(kept))
    said = [(one["system"], one["glibc"], one["passed"]) for one in record["smoke"]]
    assert said == [("Debian 11", "2.31", True), ("Debian 12", "2.36", True)]
    release = json.loads((bench.channel / "releases/0001/release.json").read_text())
    [cell] = release["cells"].values()
    assert (cell["smoke"]["system"], cell["smoke"]["glibc"]) == ("Debian 11", "2.31")
    further = [one for one in cell["smoke"]["checks"] if "Debian 12, glibc 2.36" in one["name"]]
    assert [one["passed"] for one in further] == [True]
    tested = json.loads(kept.read_text())["tested"]
    assert [(one["system"], one["failed"]) for one in tested] == [
        ("Debian 11", 0),
        ("Debian 12", 0),
    ]
    assert all(one["passed"] >= 4 for one in tested)


def test_what_fails_on_one_of_them_is_not_published(bench: Bench, tmp_path: Path) -> None:
    kept = tmp_path / "systems.json"
    bench.recipe("python", python_sh=ON.replace("WANTED", "bullseye"))
    done = bench.run("build", *CELL, *BOTH, "--json", "--record", str(kept))
    assert done.returncode == 1, done.stderr
    record = json.loads(done.stdout)
    assert [one["passed"] for one in record["smoke"]] == [True, False]
    assert [cell["state"] for cell in record["cells"]] == ["failed"]
    assert "Debian 12 (glibc 2.36)" in record["error"] and "bookworm" in record["error"]
    assert bench.packages() == set()
    tested = {one["system"]: one["failed"] for one in json.loads(kept.read_text())["tested"]}
    assert tested["Debian 11"] == 0 < tested["Debian 12"]
    # Alone, the one that is well passes; the package is not built again.
    only = bench.json("smoke", *CELL, "--on", "debian11")
    assert [one["system"] for one in only["smoke"]] == ["Debian 11"]


def test_a_system_that_nobody_knows_is_refused_before_anything(bench: Bench) -> None:
    done = bench.run("smoke", *CELL, "--on", "debian1")
    assert done.returncode == 2
    assert "debian11, debian12" in done.stderr
    assert not list((bench.home / "artifacts").glob("*"))


def test_a_container_image_is_a_system(bench: Bench) -> None:
    """With an image that podman or docker have: nothing is pulled."""
    engines = [one for one in BUILDERS if not why_not(one)]
    if not engines:
        pytest.skip("neither podman nor docker works on this machine")
    store = locate()
    store.prepare()
    root = debian.ensure(CHECKOUT / "ci/images/debian12.yaml", store, silent).root
    engines[0].prepare(root)
    reference = image_tag(root)
    with (bench.checkout / "ci/systems.yaml").open("a") as file:
        file.write(f'boxed: {{name: A box, container: "{reference}"}}\n')
        file.write('nowhere: {name: Nowhere, container: "localhost:1/nothing:1"}\n')
    record = bench.json("smoke", *CELL, "--on", "boxed")
    assert [(one["system"], one["glibc"]) for one in record["smoke"]] == [("A box", "2.36")]
    done = bench.run("smoke", *CELL, "--on", "nowhere")
    assert done.returncode == 3, done.stderr
    assert "did not pull localhost:1/nothing:1" in done.stderr


def test_without_podman_and_docker_such_a_system_is_reported(bench: Bench, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("podman", "docker"):
        (programs / name).write_text("#!/bin/sh\necho not today\nexit 1\n")
        (programs / name).chmod(0o755)
    env = {**bench.env, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = process.run(bench.argv("smoke", *CELL, "--on", "almalinux8"), env=env)
    assert done.code == 4, done.output
    assert "podman: " in done.output and "--on 'debian*'" in done.output


def test_an_image_is_locked_by_its_name_and_no_other(bench: Bench) -> None:
    """Another package in the description of one image is in its lock only."""
    folder = bench.checkout / "ci/images"
    before = {path.name: path.read_bytes() for path in folder.glob("*.lock")}
    description = folder / "debian12.yaml"
    description.write_text(description.read_text() + "  - hostname\n")
    options = ("--checkout", str(bench.checkout))
    done = process.run([*COMMAND, "image", "debian12", "--lock", *options], env=bench.env)
    assert done.code == 0, done.output
    after = {path.name: path.read_bytes() for path in folder.glob("*.lock")}
    assert {name for name in after if after[name] != before[name]} == {"debian12.lock"}
    assert b"\nhostname " in after["debian12.lock"]
    done = process.run([*COMMAND, "image", "debian1", *options], env=bench.env)
    assert done.code == 2 and "debian12" in done.output
