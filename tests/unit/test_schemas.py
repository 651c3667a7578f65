"""`docs/schemas/`: each refuses what the program refuses, and takes what it takes.

A right document is changed in every place: a field is left out, added, or has another value.
The reader and the schema are asked about each, and have to agree.
"""

import copy
import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from rootstock.acceptance import record as acceptance_record
from rootstock.acceptance import report as acceptance
from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.numbers import Number
from rootstock.audit import report as audit
from rootstock.audit import waivers
from rootstock.audit.duplicates import Bound, Duplicate
from rootstock.audit.inspection import Inspection
from rootstock.channel.layout import SETTINGS
from rootstock.channel.reader import Channel
from rootstock.channel.settings import Settings
from rootstock.core.audit_rules import RULES, WAIVABLE
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.environment.creation import Installed
from rootstock.image import description
from rootstock.plan import checks
from rootstock.plan.recipe import render
from rootstock.product.root import PRODUCT
from rootstock.run import record
from rootstock.smoke import report as smoke
from rootstock.smoke import systems
from rootstock.suites import results

CHECKOUT = Path(__file__).parents[2]
SCHEMAS = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text())
    for path in (CHECKOUT / "docs/schemas").glob("*.schema.json")
}
VALUES: tuple[Any, ...] = (None, True, 1, 1.5, "", "x", [], ["x"], [1], {}, {"x": "x"})


class Loader(yaml.SafeLoader):
    """As rattler-build and editors read YAML: a day is text."""


Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def faults(name: str, document: object) -> list[str]:
    schema = SCHEMAS[name]
    checked = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in checked.iter_errors(document)]


def changes(document: Any, values: tuple[Any, ...] = VALUES) -> Iterator[Any]:
    """The document with one place changed, for every place in it but the whole."""
    if isinstance(document, dict):
        yield {**document, "unknown": "x"}
        for key in document:
            yield {other: value for other, value in document.items() if other != key}
    keys: Any = document if isinstance(document, dict) else range(len(document))
    for key in keys:
        nested = document[key]
        deeper = changes(nested, values) if isinstance(nested, dict | list) else ()
        for value in (*values, *deeper):
            changed = copy.copy(document)
            changed[key] = value
            yield changed


def refused(read: Callable[[Any], object], document: object) -> bool:
    try:
        read(document)
    except (ValueError, UsageError):
        return True
    return False


def agree(name: str, read: Callable[[Any], object], good: object) -> None:
    """Whether schema and reader are of one mind on a document and all its changes."""
    assert not refused(read, good)
    assert faults(name, good) == []
    counted = {True: 0, False: 0}
    for changed in changes(good):
        no = refused(read, changed)
        assert bool(faults(name, changed)) == no, changed
        counted[no] += 1
    assert counted[True] > 10  # a reader that takes anything agrees with a schema that does


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_describes_each_field(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    objects = [SCHEMAS[name], *SCHEMAS[name].get("$defs", {}).values()]
    for one in objects:
        for field, said in one.get("properties", {}).items():
            # What is in a field with fields of its own, those say.
            assert said.get("description") or "$ref" in said or "properties" in said, field


# ci/images


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "ci/images").glob("*.yaml")), ids=lambda one: one.stem
)
def test_the_images_of_the_checkout_are_of_their_schema(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    assert faults("image", document) == []
    description.check(document)
    first = path.read_text().partition("\n")[0]
    assert (path.parent / first.partition("$schema=")[2]).resolve().is_file()


def test_an_image_is_what_its_schema_says() -> None:
    agree("image", description.check, {"suite": "sid", "closure": False, "packages": ["g++", "m4"]})
    for wrong in ({"packages": ["m4", "m4"]}, {"packages": ["M4"]}, {"suite": "a b"}):
        document = {"suite": "sid", "closure": True, "packages": ["m4"], **wrong}
        assert refused(description.check, document)
        assert faults("image", document)


# ci/systems.yaml


def known_systems(folder: Path, document: object) -> tuple[systems.SystemEntry, ...]:
    checkout = Checkout(folder)
    checkout.systems.parent.mkdir(exist_ok=True)
    checkout.systems.write_text(json.dumps(document))  # JSON is YAML
    return systems.load(checkout)


def test_the_systems_are_what_their_schema_says(tmp_path: Path) -> None:
    assert faults("systems", yaml.safe_load(Checkout(CHECKOUT).systems.read_text())) == []
    one = {"debian12": {"name": "Debian 12", "image": "debian12"}}
    other = {"box": {"name": "A box", "container": "localhost:1/box@sha256:0"}}
    for good in (one, other, {**one, **other}):
        agree("systems", partial(known_systems, tmp_path), good)
    for wrong in ({"build": one["debian12"]}, {"A": one["debian12"]}, {"x": {"name": "X"}}):
        assert refused(partial(known_systems, tmp_path), wrong)
        assert faults("systems", wrong)


# channel.yaml


def settings(folder: Path, document: object) -> Settings:
    (folder / SETTINGS).write_text(yaml.safe_dump(document))
    return Channel.at(folder).settings()


def test_a_channel_says_what_its_schema_says(tmp_path: Path) -> None:
    good = {"title": "Ours", "about": "Ask Ada.", "url": "https://example.org/root"}
    agree("channel", partial(settings, tmp_path), good)
    assert faults("channel", yaml.safe_load("# nothing\n")) == []


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("", True),
        ("http://example.org", True),
        ("HTTPS://example.org:8080/a/b@c/", True),
        ("https://[::1]/a", True),
        ("https://", False),
        ("https:///a", False),
        ("example.org/a", False),
        ("ftp://example.org", False),
        ("file:///a", False),
        ("https://example.org/a b", False),
        ("https://example.org/?a", False),
        ("https://example.org/#a", False),
        ("https://me@example.org/", False),
        ("https://me:word@example.org/", False),
        ("https://example.org:port/", False),
    ],
)
def test_an_address_that_readers_cannot_use_is_refused(
    tmp_path: Path, url: str, good: bool
) -> None:
    assert refused(partial(settings, tmp_path), {"url": url}) is not good
    assert bool(faults("channel", {"url": url})) is not good


# extra.rootstock

RECIPE = """\
package: {name: scion, version: "1.0"}
build: {script: [make], string: h_0}
tests: [{script: ["true"]}]
about: {license: MIT, summary: A scion}
extra:
  rootstock: OWN
"""
OWN = {
    "origin": "source",
    "scope": "channel",
    "verified": ["scion-1*"],
    "released": "2024-08-13",
    "audit": [{"rule": "rpath", "file": "bin/*", "why": "It finds its own."}],
}


def plan(folder: Path, own: object) -> None:
    """Read a recipe as lint and the audit do; raises `ValueError` for what they have to say."""
    (folder / "recipe.yaml").write_text(RECIPE.replace("OWN", json.dumps(own)))
    [output] = render(folder, {}, (), "linux-64")
    if shown := checks.findings([output]):
        raise ValueError(shown[0].message)
    _, malformed = waivers.read(output.recipe)
    if malformed:
        raise ValueError(malformed[0].message)


def in_recipe(own: object) -> object:
    return yaml.load(RECIPE.replace("OWN", json.dumps(own)), Loader)


def test_a_recipe_says_rootstock_what_its_schema_says(tmp_path: Path) -> None:
    for changed in (OWN, *changes(OWN)):
        no = refused(partial(plan, tmp_path), changed)
        assert bool(faults("recipe", in_recipe(changed))) == no, changed


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        *(("origin", word, True) for word in checks.ORIGINS),
        *(("scope", word, True) for word in checks.SCOPES),
        ("origin", "conda", False),
        ("scope", "chanel", False),
        ("verified", True, True),
        ("verified", "${{ 1 == 1 }}", True),
        ("verified", "yes", False),
        ("released", "${{ '2024-08-13' }}", True),
        ("released", {"scion": "2024-08-13"}, True),
        ("released", "1989-12-31", False),
        ("released", "2024-02-30", False),
        ("released", "2024-8-13", False),
        ("released", "20240813", False),
        *(("audit", [{"rule": rule, "file": "a", "why": "b"}], True) for rule in WAIVABLE),
        ("audit", [{"rule": "waiver", "file": "a", "why": "b"}], False),
        ("audit", [{"rule": "rpath", "file": "a", "why": " "}], False),
        ("audit", [{"rule": "rpath", "file": "", "why": "b"}], False),
        ("audit", [{"rule": "rpath", "file": "a", "why": "b", "package": "s*"}], True),
        ("audit", [{"rule": "rpath", "file": "a", "why": "b", "package": ""}], False),
        ("audit", [{"rule": "rpath", "file": "a", "why": "b", "package": 1}], False),
    ],
)
def test_a_value_is_taken_by_both_or_by_none(
    tmp_path: Path, key: str, value: object, good: bool
) -> None:
    own = {**OWN, key: value}
    assert refused(partial(plan, tmp_path), own) is not good
    assert bool(faults("recipe", in_recipe(own))) is not good


def test_the_recipes_of_the_checkout_are_of_their_schema() -> None:
    recipes = sorted(CHECKOUT.glob("recipes/*/*/recipe.yaml"))
    assert recipes
    for path in recipes:
        document = yaml.load(path.read_text(), Loader)
        assert document["extra"]["rootstock"], path
        assert faults("recipe", document) == [], path


# report.json

# The schema's name for each class of the report, and what `as_json` adds to its fields.
REPORTED: Mapping[str, tuple[type, tuple[str, ...]]] = {
    "": (record.RunRecord, ("format",)),
    "cell": (record.CellRecord, ()),
    "node": (record.NodeRecord, ()),
    "audit": (audit.AuditReport, ("passed",)),
    "finding": (audit.Finding, ()),
    "bundled": (audit.Bundled, ()),
    "smoke": (smoke.SmokeReport, ("passed",)),
    "check": (smoke.CheckResult, ()),
    "installed": (Installed, ()),
    "acceptance": (acceptance.AcceptanceReport, ("passed",)),
    "accepted": (acceptance.AcceptanceResult, ()),
    "difference": (ChangedNumber, ()),
    "suites": (results.SuitesReport, ("passed",)),
    "suite": (results.SuiteResult, ()),
    "test": (results.Reason, ()),
}
TYPES: Mapping[Any, Any] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Number: "number",
    Number | None: ["number", "null"],
}
# What older reports do not have, by the part of a report: the first two are not in 0.1.0.
LATER = {
    "": ("acceptance", "suites"),
    "acceptance": ("compared",),
    "audit": ("bundled",),
}


def expected(kind: Any) -> tuple[str, object]:
    """The keyword of a schema for a field of some type, and its value."""
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return "enum", [*typing.get_args(kind)]
    if origin is tuple:
        return "type", "array"
    return "type", TYPES.get(kind, "object")


@pytest.mark.parametrize("name", REPORTED)
def test_a_report_has_the_fields_that_its_schema_says(name: str) -> None:
    kind, added = REPORTED[name]
    schema = SCHEMAS["report"]["$defs"][name] if name else SCHEMAS["report"]
    hints = typing.get_type_hints(kind)
    own = [field.name for field in fields(kind) if field.name != "axes"]
    axes = PRODUCT.fields if kind is record.CellRecord else ()  # each is a field of its own
    assert schema["properties"].keys() == {*own, *axes, *added}
    assert schema["additionalProperties"] is False
    optional = set(LATER.get(name, ()))
    assert set(schema["required"]) == {*own, *axes, *added} - optional
    for field in own:
        keyword, value = expected(hints[field])
        assert schema["properties"][field][keyword] == value, field
        [item, *_] = typing.get_args(hints[field]) or [None]
        of = schema["properties"][field].get("items")
        if of and item in TYPES:
            assert of == {"type": TYPES[item]}
        elif of and item and not isinstance(item, types.GenericAlias):
            named = of["$ref"].rpartition("/")[2]
            assert typing.get_origin(item) or REPORTED[named][0] is item


def example(kind: Any) -> Any:
    """A value of a type, with one item in each list."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return args[-1]
    if origin is tuple:
        return (example(args[0]),)
    if origin is types.UnionType:
        return 1.5
    if origin:  # a mapping of stages or numbers; those of audit and smoke are put there by the test
        return {"build": 1.5}
    if kind in TYPES:
        return kind(1)
    if kind is record.CellRecord:
        axes = dict.fromkeys(PRODUCT.fields, "1")
        return kind(id="1", axes=axes, state="failed", files=("1",))
    hints = typing.get_type_hints(kind)
    assert all(field.default is MISSING or field.name in hints for field in fields(kind))
    return kind(**{field.name: example(hints[field.name]) for field in fields(kind)})


def test_what_is_written_is_of_the_schema(tmp_path: Path) -> None:
    run = example(record.RunRecord)
    stages = {
        "audit": (example(audit.AuditReport).as_json(),),
        "smoke": (example(smoke.SmokeReport).as_json(),),
        "acceptance": (example(acceptance.AcceptanceReport).as_json(),),
        "suites": (example(results.SuitesReport).as_json(),),
    }
    written = record.write(type(run)(**{**vars(run), **stages}), tmp_path)
    document = json.loads(written.read_text())
    assert faults("report", document) == []
    # A field more or less is refused, but for stages and numbers, of which there may be none.
    without, older, alone = (copy.deepcopy(document) for _ in range(3))
    without["acceptance"][0]["tests"][0]["numbers"] = {}
    del older["acceptance"][0]["compared"]
    del alone["audit"][0]["bundled"]
    assert [changed for changed in changes(document, ()) if not faults("report", changed)] == [
        *({key: value for key, value in document.items() if key != later} for later in LATER[""]),
        alone,
        older,
        without,
        {**document, "stages": {}},
    ]


# CELL.acceptance.json

ACCEPTANCE = {
    "format": 1,
    "cell": "root6.40.00-cp311",
    "compared_with": 1,
    "tests": {
        "oak": {
            "title": "Rings of an oak",
            "sha256": "ab" * 32,
            "numbers": {"rings": 13},
            "accepted": [{"number": "age", "before": 1.5, "now": None, "allowed": 0, "why": "x"}],
        }
    },
    "not_run": {"elm": "not in the environment: pandas"},
}


def test_the_numbers_of_a_release_are_of_their_schema() -> None:
    agree("acceptance", lambda value: acceptance_record.parse(json.dumps(value)), ACCEPTANCE)
    for wrong in ({"": 1}, {" ": 1}, {"a\nb": 1}):
        tests = {"oak": {**ACCEPTANCE["tests"]["oak"], "numbers": wrong}}  # type: ignore[index]
        document = {**ACCEPTANCE, "tests": tests}
        assert faults("acceptance", document)
        with pytest.raises(ValueError, match=r"has no name|is not a line"):
            acceptance_record.parse(json.dumps(document))


# what `rootstock audit FILE... --json` prints


BOUND = Bound(file="c", to="a", own="b", symbols=1, example="ZSTD_free", unique=False)
DUPLICATE = Duplicate(
    name="ZSTD", libraries=("a", "b"), symbols=2, unique=0, example="ZSTD_copy", bound=(BOUND,)
)


def test_an_audit_of_any_package_is_of_its_schema() -> None:
    schema = SCHEMAS["audit"]["$defs"]
    assert schema["finding"]["properties"]["rule"]["enum"] == [*RULES]
    assert schema["audited"]["properties"].keys() == {
        *(field.name for field in fields(Inspection)),
        "passed",
    }
    finding = audit.Finding(rule="rpath", file="a", message="b")
    made = Inspection(
        name="a.whl", kind="wheel", declared="2.28", proven="2.27", prover="a: b@GLIBC_2.27",
        elf_files=1, files={"a": {"glibc": "2.27", "symbol": "b@GLIBC_2.27"}},
        needs=("libz.so.1",), findings=(finding,), seconds=0.1, duplicates=(DUPLICATE,),
        unused={"b": ["libc"]},
    )  # fmt: skip
    document = json.loads(json.dumps({"audited": [made.as_json()]}))
    assert faults("audit", document) == []
    # A field more or less is refused, but for mappings, which may be empty.
    assert [changed for changed in changes(document, ()) if not faults("audit", changed)] == [
        {"audited": [{**document["audited"][0], key: {}}]} for key in ("files", "unused")
    ]
