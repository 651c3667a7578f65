"""The list of systems, and what --on chooses of it."""

from pathlib import Path

import pytest

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.smoke import systems

CHECKOUT = Checkout(Path(__file__).parents[3])


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "ci").mkdir()
    return Checkout(tmp_path)


def chosen(*asked: str) -> list[str]:
    return [one.id for one in systems.select(CHECKOUT, asked)]


def test_the_oldest_is_the_first_of_the_list_and_is_chosen_by_default() -> None:
    assert systems.load(CHECKOUT)[0] == systems.OLDEST
    assert systems.select(CHECKOUT, ()) == (systems.OLDEST,)


def test_systems_are_chosen_by_id_and_glob_in_the_order_of_the_list() -> None:
    assert chosen("debian13", "debian11", "debian13") == ["debian11", "debian13"]
    assert chosen("debian*") == ["debian11", "debian12", "debian13", "debian-testing"]
    assert chosen("all") == chosen("*") == [one.id for one in systems.load(CHECKOUT)]


def test_the_build_image_is_chosen_by_its_own_id_and_is_not_bare() -> None:
    assert chosen("build", "debian11") == ["debian11", "build"]
    assert "build" not in chosen("all")
    [building] = systems.select(CHECKOUT, ["build"])
    assert building.bare is False and systems.OLDEST.bare is True


@pytest.mark.parametrize("asked", ["debian1", "", "Debian 11", "b*"])
def test_what_is_no_system_is_refused_with_those_that_are(asked: str) -> None:
    with pytest.raises(UsageError) as said:
        systems.select(CHECKOUT, ["debian11", asked])
    assert "debian11, debian12" in said.value.remedy


def test_those_of_debian_have_an_image_that_is_locked_and_others_a_registry() -> None:
    for one in systems.load(CHECKOUT):
        if one.image:
            path = CHECKOUT.image(one.image)
            assert path.exists() and path.with_suffix(".lock").exists()
        else:  # without a host, podman asks which registry is meant
            assert "." in one.container.split("/")[0]
        assert bool(one.image) == one.id.startswith("debian")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a: {name: A}", "needs an image or a container"),
        ("a: {name: A, image: b, container: c}", "needs an image or a container"),
        ("a: {image: b}", "missing: name"),
        ("A b: {name: A, image: b}", "not the id"),
        ("build: {name: A, image: b}", "not the id"),
        ("a: {name: A, image: ../b}", "../b cannot be the image"),
        ("a: {name: A, container: --all}", "--all cannot be the container"),
        ("a: {name: A, image: 1}", "not text"),
        ("- a", "not a mapping"),
    ],
)
def test_a_wrong_entry_is_reported_with_its_line(checkout: Checkout, line: str, said: str) -> None:
    checkout.systems.write_text(f"# systems\n{line}\n")
    with pytest.raises(UsageError, match=r"systems\.yaml:2: ") as error:
        systems.load(checkout)
    assert said in error.value.message
