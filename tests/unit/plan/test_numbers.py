import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootstock.plan.numbers import before, file_name, free, has_place, numbered


@pytest.mark.parametrize(
    ("build", "second"),
    [
        ("h1a2b_0", "h1a2b_1"),
        ("0_cp311", "1_cp311"),
        ("h0_0_cp311", "h0_1_cp311"),
        ("py_0", "py_1"),
    ],
)
def test_a_number_goes_where_conda_forge_has_it(build: str, second: str) -> None:
    assert has_place(build)
    assert numbered(build, 1) == second


@pytest.mark.parametrize("build", ["generic", "h4616a5c_3", "0", "h0", "py310"])
def test_a_build_string_may_have_no_place_for_it(build: str) -> None:
    assert not has_place(build)


@pytest.mark.parametrize("build", ["generic", "h4616a5c_3"])
def test_the_search_ends_also_without_a_place(build: str) -> None:
    published = {f"a-1-{build}.conda": "other"}
    with pytest.raises(ValueError, match="no place for a build number"):
        free("a", "1", build, "key", published)
    assert free("a", "1", build, "other", published) == 0


@given(taken=st.dictionaries(st.integers(0, 9), st.sampled_from(["mine", "other"])))
def test_a_number_is_free_or_the_packages_own(taken: dict[int, str]) -> None:
    published = {file_name("a", "1", "h_0", number): key for number, key in taken.items()}
    number = free("a", "1", "h_0", "mine", published)
    assert taken.get(number, "mine") == "mine"
    assert all(taken[smaller] == "other" for smaller in range(number))


@pytest.mark.parametrize("build", ["h1a2b_0", "0_cp311", "h0_0_cp311", "py_0"])
@given(number=st.integers(0, 40))
def test_the_smaller_numbers_of_a_build(build: str, number: int) -> None:
    assert before(numbered(build, number)) == [numbered(build, n) for n in range(number)]


@pytest.mark.parametrize("build", ["generic", "h0", "py310", "h0_20240131", "h0_" + "9" * 50])
def test_what_has_no_build_number_has_no_smaller_one(build: str) -> None:
    assert before(build) == []
