import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from rootstock.audit.report import Bundled
from rootstock.release import sbom
from rootstock.release.build import ReleaseInputs

from ..conftest import CELL, SOURCE, Released


@pytest.fixture
def text(released: Released) -> str:
    return (released.folder / f"{CELL.id}.cdx.json").read_text()


def test_it_is_valid_by_the_schema_of_1_6(text: str) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    wrong = text.replace('"type": "library"', '"type": "book"')
    assert validator.validate_str(wrong) is not None


def test_components_have_hash_license_purl_and_sources(text: str, released: Released) -> None:
    found = {c["name"]: c for c in json.loads(text)["components"]}
    assert set(found) == {"low", "pure", "top"}
    package = released.release.packages["low-1.0-h0_0.conda"]
    low = found["low"]
    assert low["purl"] == "pkg:conda/low@1.0?build=h0_0&subdir=linux-64&type=conda"
    assert {"alg": "SHA-256", "content": package.sha256} in low["hashes"]
    [source] = low["pedigree"]["ancestors"]
    assert source["hashes"] == [{"alg": "SHA-256", "content": SOURCE.sha256}]
    assert source["externalReferences"][0]["url"] == SOURCE.urls[0]
    [wheel] = found["top"]["pedigree"]["ancestors"]
    assert wheel["purl"] == "pkg:pypi/top@1.0"


def test_libraries_in_a_package_are_components_of_its_component(
    publish: Callable[..., Released], inputs: ReleaseInputs
) -> None:
    file = Bundled(name="libz-1.so", version="1.3", file="x.libs/libz-1.so", soname="libz.so.1",
                   sha256="a" * 64)  # fmt: skip
    inside = [Bundled(name=name, version="", file="lib/libtop.so") for name in ("lz4", "xz")]
    name = "top-1.0-h0_0.conda"
    audits = {**inputs.audits, name: replace(inputs.audits[name], bundled=(file, *inside))}
    released = publish(audits=audits)
    text = (released.folder / f"{CELL.id}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    [top] = [one for one in json.loads(text)["components"] if one["name"] == "top"]
    found = {one["name"]: one for one in top["components"]}
    assert set(found) == {"libz-1.so", "lz4", "xz"}
    whole = found["libz-1.so"]
    assert (whole["type"], whole["version"]) == ("library", "1.3")
    assert whole["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert whole["properties"] == [{"name": "rootstock:soname", "value": "libz.so.1"}]
    assert [one["location"] for one in whole["evidence"]["occurrences"]] == [file.file]
    assert found["lz4"]["evidence"] == {"occurrences": [{"location": "lib/libtop.so"}]}
    assert {"version", "hashes", "properties"} & found["lz4"].keys() == set()
    assert sbom.read(text) == {p.filename: p.sha256 for p in released.release.of(CELL.id)}


def test_dependencies_are_a_graph_from_the_cell(text: str) -> None:
    value = json.loads(text)
    names = {c["bom-ref"]: c["name"] for c in value["components"]}
    names[value["metadata"]["component"]["bom-ref"]] = CELL.id
    graph = {
        names[d["ref"]]: {names[ref] for ref in d.get("dependsOn", ())}
        for d in value["dependencies"]
    }
    assert graph == {
        CELL.id: {"low", "pure", "top"},
        "top": {"low", "pure"},
        "low": set(),
        "pure": set(),
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [("MIT AND BSD-3-Clause", "LicenseExpression"), ("as you like", "DisjunctiveLicense")],
)
def test_licenses_are_expressions_where_they_can_be(text: str, kind: str) -> None:
    assert type(sbom._license(text)).__name__ == kind


def test_it_is_read_as_it_was_written(text: str, released: Released) -> None:
    expected = {p.filename: p.sha256 for p in released.release.of(CELL.id)}
    assert sbom.read(text) == expected


@pytest.mark.parametrize(
    "wrong", ["", "[]", '{"components": 1}', '{"components": [{"name": "a", "type": "library"}]}']
)
def test_what_is_no_sbom_is_reported(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not an SBOM"):
        sbom.read(wrong)
