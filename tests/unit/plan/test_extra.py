from typing import Any

from rootstock.plan.extra import of_output

FILENAME = "libgraft-1.0-h_0.conda"


def chosen(**own: Any) -> Any:
    recipe = {"package": {"name": "libgraft"}, "extra": {"other": 1, "rootstock": own}}
    made = of_output(recipe, FILENAME)
    assert made["extra"]["other"] == 1
    return made["extra"]["rootstock"]


def test_a_recipe_without_settings_stays_as_it_is() -> None:
    recipe = {"package": {"name": "libgraft"}, "extra": {"recipe-maintainers": ["a"]}}
    assert of_output(recipe, FILENAME) == recipe


def test_text_of_a_template_becomes_a_boolean() -> None:
    assert chosen(verified="true") == {"verified": True}
    assert chosen(verified="false") == {"verified": False}
    assert chosen(verified=["libgraft-1*"]) == {"verified": ["libgraft-1*"]}


def test_an_output_has_its_own_day() -> None:
    assert chosen(released={"graft": "2024-08-13", "libgraft": "2024-08-14"}) == {
        "released": "2024-08-14"
    }
    assert chosen(released={"graft": "2024-08-13"}) == {"released": ""}
    assert chosen(released="2024-08-13") == {"released": "2024-08-13"}


def test_a_waiver_may_be_of_one_package_only() -> None:
    common = {"rule": "rpath", "file": "bin/*", "why": "It finds its own."}
    own = {"rule": "undeclared", "file": "*", "why": "Its user brings it."}
    for_it, for_another = {**own, "package": "libgraft-1.*"}, {**own, "package": "graft-*"}
    assert chosen(audit=[common, for_it, for_another]) == {"audit": [common, own]}


def test_a_waiver_of_another_form_is_left_to_the_audit() -> None:
    malformed = [{"rule": "rpath", "package": ""}, {"rule": "rpath", "package": 1}, "rpath"]
    assert chosen(audit=malformed) == {"audit": malformed}
