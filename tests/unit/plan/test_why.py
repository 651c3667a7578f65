"""What `why` says of an edit, on the small world of conftest.py."""

import json
import re
from collections.abc import Callable

import pytest

from rootstock.plan.changes import Inputs
from rootstock.plan.graph import Graph, Node, find
from rootstock.plan.why import Predecessor, Recall, Why, explain

from .conftest import World

ZLIB = "base/zlib/recipe.yaml"


def recall(before: Graph) -> Recall:
    """What a store knows in which all of a plan was built."""
    known = {node.artifact: node.inputs for node in before.nodes.values()}
    return known.get


def before_of(node: Node, inputs: Inputs | None) -> Predecessor:
    return Predecessor(
        filename=node.filename, artifact=node.artifact, published=True, inputs=inputs
    )


def why(before: Graph, after: Graph, name: str) -> Why:
    """Why the first node of a name is to be built, when all of the plan before it was built."""
    had = {node.artifact for node in before.nodes.values()}
    old, node = find(before, name)[0], find(after, name)[0]
    there = before_of(old, old.inputs)
    return explain(node, after, there, recall(before), cached=node.artifact in had)


def write(name: str, text: str) -> Callable[[World], object]:
    return lambda world: world.path(name).write_text(text)


def put(name: str, old: str, new: str) -> Callable[[World], object]:
    return lambda world: world.put(name, old, new)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            write("base/zlib/build.sh", "# other\n"),
            [r"file build.sh: changed \([0-9a-f]{12} -> [0-9a-f]{12}\)"],
        ),
        (write("base/zlib/new.txt", "x"), [r"file new.txt: new \([0-9a-f]{12}\)"]),
        (lambda w: w.path("base/zlib/notes.txt").unlink(), [r"file notes.txt: gone \(.*\)"]),
        (lambda w: w.path("base/zlib/build.sh").chmod(0o755), ["file build.sh: is a program now"]),
        (put(ZLIB, "Deflate", "Inflate"), ["recipe about.summary: Deflate -> Inflate"]),
        (put(ZLIB, "test.sh", "build.sh"), [r"recipe tests\[0\].script.file: test.sh -> build.sh"]),
        (
            put(ZLIB, "60dd315c", "70dd315c"),
            ["source zlib-1.3.1.tgz sha256: 60dd315c07f6 -> 70dd315c07f6"],
        ),
        (
            put(ZLIB, "  run_exports", "  run: [tzdata]\n  run_exports"),
            [r"recipe requirements.run: \+ tzdata"],
        ),
        (
            put(ZLIB, "upper_bound='x'", "upper_bound='x.x'"),
            [
                r"recipe requirements.run_exports.weak: "
                r"\+ zlib >=1.3.1,<1.4.0a0, - zlib >=1.3.1,<2.0a0"
            ],
        ),
        (
            write("base/zlib/variants.yaml", 'c_stdlib_version: ["2.28"]\n'),
            [
                r"recipe requirements.build: "
                r"\+ sysroot_linux-64 2.28.\*, - sysroot_linux-64 2.17.\*",
                "variant c_stdlib_version: 2.17 -> 2.28",
            ],
        ),
        (lambda w: setattr(w, "image", "j"), ["image: i -> j"]),
        (lambda w: w.parts.update(level="19"), ["builder level: 9 -> 19"]),
        (
            lambda w: w.parts.update({"py-rattler-build": "0.74.0"}),
            ["builder py-rattler-build: 0.73.0 -> 0.74.0"],
        ),
    ],
)
def test_the_input_that_changed_is_named(
    world: World, edit: Callable[[World], object], said: list[str]
) -> None:
    before = world.plan()
    edit(world)
    found = why(before, world.plan(), "zlib")
    assert not found.cached
    assert len(found.lines) == len(said)
    for line, pattern in zip(found.lines, said, strict=True):
        assert re.fullmatch(pattern, line)


def test_what_did_not_change_is_reported(world: World) -> None:
    plan = world.plan()
    assert why(plan, plan, "zlib").lines == ["nothing changed: the store has it"]
    [zlib] = find(plan, "zlib")
    there = before_of(zlib, zlib.inputs)
    [line] = explain(zlib, plan, there, recall(plan), cached=False).lines
    assert line == "nothing changed, but the store no longer has it"
    assert explain(zlib, plan, None, recall(plan), cached=False).lines == ["never built"]


def test_a_change_is_followed_to_where_it_began(world: World) -> None:
    before = world.plan()
    world.path("base/openssl/own.patch").write_text("--- a\n+++ c\n")
    after = world.plan()
    [python] = why(before, after, "python").lines
    assert python.startswith("dependency openssl 3.5.7: rebuilt, because: file own.patch: changed")
    [pyroot] = why(before, after, "pyroot").lines
    assert pyroot.startswith(
        "dependency python 3.11.2: rebuilt, because of openssl 3.5.7: file own.patch: changed"
    )


def test_a_sysroot_is_named_once_although_all_was_built_with_it(world: World) -> None:
    before = world.plan()
    world.path("toolchain/sysroot/variants.yaml").write_text('c_stdlib_version: ["2.17"]\n')
    world.path("toolchain/sysroot/build.sh").write_text("# other\n")
    for recipe in ("root/root6", "analysis/numpy"):
        world.path(f"{recipe}/variants.yaml").unlink()
    middle = world.plan()
    world.path("toolchain/sysroot/build.sh").write_text("# and another\n")
    [line] = why(middle, world.plan(), "pyroot").lines
    assert line.startswith("dependency sysroot_linux-64 2.17: rebuilt, because: file build.sh")
    # The other way: the sysroot of pyroot is as it was, that of the Python in it is not.
    assert [cause.path for cause in why(before, middle, "python").causes] == [
        ("sysroot_linux-64 2.17",)
    ]


def test_the_way_to_a_cause_is_reported(world: World) -> None:
    before = world.plan()
    world.put("base/zlib/recipe.yaml", "${{ stdlib('c') }}", "sysroot_linux-64 2.17.*")
    world.path("base/zlib/build.sh").write_text("# other\n")
    world.path("base/tzdata/build.sh").write_text("# other\n")
    causes = {cause.path: cause.changes for cause in why(before, world.plan(), "pyroot").causes}
    assert set(causes) == {
        ("python 3.11.2", "zlib 1.3.1"),
        ("python 3.11.2", "tzdata 2026f"),
    }
    assert "file build.sh" in [c.input for c in causes["python 3.11.2", "zlib 1.3.1"]]


def test_what_changed_for_all_is_no_cause(world: World) -> None:
    before = world.plan()
    world.image = "j"
    assert why(before, world.plan(), "pyroot").lines == ["image: i -> j"]


def test_another_version_of_a_dependency_is_followed_too(world: World) -> None:
    before = world.plan()
    world.put(ZLIB, '"1.3.1"', '"1.3.2"')
    [line] = why(before, world.plan(), "python").lines
    assert line.startswith("dependency zlib 1.3.2: rebuilt, because: ")
    assert "recipe package.version: 1.3.1 -> 1.3.2" in line
    assert "context" not in line  # it is the same number once more


def test_a_build_number_that_the_channel_forces_is_reported(world: World) -> None:
    before = world.plan()
    [zlib] = find(before, "zlib")
    world.published[zlib.filename] = "another key"
    after = world.plan()
    [line] = why(before, after, "python").lines
    assert line == "dependency zlib 1.3.1: rebuilt, because: build number: 0 -> 1"
    assert why(before, after, "zlib").verdict.startswith("only its build number changed")


def test_inputs_that_are_gone_are_reported(world: World) -> None:
    before = world.plan()
    world.path("base/openssl/own.patch").write_text("--- a\n+++ c\n")
    after = world.plan()
    [openssl], python = find(before, "openssl"), find(before, "python")[0]
    there = before_of(openssl, None)
    [line] = explain(find(after, "openssl")[0], after, there, recall(before), cached=False).lines
    assert line == f"the store no longer has the inputs of {openssl.filename}"
    forgetful = before_of(python, python.inputs)
    [line] = explain(
        find(after, "python")[0], after, forgetful, lambda artifact: None, cached=False
    ).lines
    assert line.startswith("dependency openssl 3.5.7: ")
    assert line.endswith("its former inputs are no longer in the store")


def test_keys_of_another_form_are_not_compared(world: World) -> None:
    plan = world.plan()
    [zlib] = find(plan, "zlib")
    old = Predecessor(filename="f", artifact="old-0", published=False, inputs={"format": 1})
    assert explain(zlib, plan, old, recall(plan), cached=False).lines == [
        "form of build keys: 1 -> 2"
    ]


def test_of_a_long_text_the_place_is_shown_where_it_differs(world: World) -> None:
    text = "Deflate " * 20
    world.put(ZLIB, "Deflate", f"{text}and more")
    before = world.plan()
    world.put(ZLIB, f"{text}and more", f"{text}and less")
    [change] = why(before, world.plan(), "zlib").changes
    old, _, new = change.words.partition(" -> ")
    assert old.startswith("...") and old.endswith("and more") and new.endswith("and less")


def test_there_is_a_reason_in_one_line(world: World) -> None:
    before = world.plan()
    world.path("base/openssl/own.patch").write_text("--- a\n+++ c\n")
    world.path("base/zlib/new.txt").write_text("")
    found = why(before, world.plan(), "python")
    assert len(found.lines) == 2
    assert found.reason == f"{found.lines[0]} (and 1 more)"
    assert json.loads(json.dumps(found.as_json()))["state"] == "to build"


def test_in_brief_only_the_first_cause_is_looked_for(world: World) -> None:
    before = world.plan()
    for library in ("openssl", "zlib"):
        world.path(f"base/{library}/new.txt").write_text("")
    after = world.plan()
    old, python = find(before, "python")[0], find(after, "python")[0]
    there = before_of(old, old.inputs)
    whole, brief = (
        explain(python, after, there, recall(before), cached=False, brief=brief)
        for brief in (False, True)
    )
    assert len(whole.causes) == 2
    assert brief.causes == whole.causes[:1]


def reason_for(world: World, was: Callable[[Node], Inputs]) -> str:
    """Why python is to be built when only openssl, which it is built with, was another."""
    graph = world.plan()
    python, openssl = find(graph, "python")[0], find(graph, "openssl")[0]
    had = {**python.inputs["dependencies"], openssl.id: "older-0"}
    old = Predecessor(
        filename=python.filename,
        artifact="another-0",
        published=True,
        inputs={**python.inputs, "dependencies": had},
    )
    return explain(python, graph, old, {"older-0": was(openssl)}.get, cached=False).reason


def test_what_a_dependency_was_not_built_with_before_is_reported(world: World) -> None:
    reason = reason_for(world, lambda openssl: {**openssl.inputs, "dependencies": {}})
    assert reason.startswith("dependency openssl 3.5.7: rebuilt, because: dependency ")


def test_there_is_a_reason_also_where_nothing_says_it(world: World) -> None:
    reason = reason_for(world, lambda openssl: openssl.inputs)
    assert reason == "a dependency of its build changed"
