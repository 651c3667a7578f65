"""`scripts/release_notes.py`: a tag, the program and the changes have to agree."""

from pathlib import Path

import pytest

import release_notes
from rootstock import __version__

CHECKOUT = Path(__file__).parents[2]
PROGRAM = '"""Builds."""\n\n__version__ = "0.2.0"\n'
CHANGES = """\
# Changes

About versions.

## Unreleased

## 0.2.0 (2026-12-01)

### Added
- One thing.

### Fixed
- Another: `## 0.1.9 (no heading)`.

## 0.1.0 (2026-11-23)

The first.
"""


def test_the_section_of_a_version_is_given_alone() -> None:
    said = release_notes.notes("v0.2.0", PROGRAM, CHANGES)
    assert said.startswith("### Added\n- One thing.\n")
    assert said.endswith("`## 0.1.9 (no heading)`.")


def test_the_last_section_goes_to_the_end() -> None:
    assert release_notes.sections(CHANGES)["0.1.0"] == ("2026-11-23", "The first.")
    assert [*release_notes.sections(CHANGES)] == ["Unreleased", "0.2.0", "0.1.0"]


def test_changes_need_no_empty_part() -> None:
    without = CHANGES.replace("## Unreleased\n\n", "")
    assert release_notes.notes("v0.2.0", PROGRAM, without) == release_notes.notes(
        "v0.2.0", PROGRAM, CHANGES
    )


@pytest.mark.parametrize(
    "tag", ["0.2.0", "v0.2", "v0.2.0rc1", "v0.2.0\n", "release", "v0.2.0/x", ""]
)
def test_what_is_no_tag_of_a_version_is_refused(tag: str) -> None:
    with pytest.raises(release_notes.Refused, match="is not like v"):
        release_notes.notes(tag, PROGRAM, CHANGES)


@pytest.mark.parametrize(
    ("program", "old", "new", "said"),
    [
        (PROGRAM.replace("0.2.0", "0.2.0.dev0"), "", "", "the program has 0.2.0.dev0"),
        ("", "", "", "the program has no version"),
        (PROGRAM, "## Unreleased\n", "## Unreleased\n- More.\n", "under Unreleased"),
        (PROGRAM, "## 0.2.0 (", "## 0.3.0 (", "is not that of 0.2.0"),
        (PROGRAM, "## 0.1.0", "## 0.2.0", "two sections of 0.2.0"),
        (PROGRAM, "(2026-12-01)", "(soon)", "no day"),
        (PROGRAM, " (2026-12-01)", "", "no day"),
        (
            PROGRAM,
            CHANGES[CHANGES.index("### Added") : CHANGES.index("## 0.1.0")],
            "",
            "no text for 0.2.0",
        ),
    ],
)
def test_what_does_not_agree_is_refused(program: str, old: str, new: str, said: str) -> None:
    assert old in CHANGES
    with pytest.raises(release_notes.Refused, match=said):
        release_notes.notes("v0.2.0", program, CHANGES.replace(old, new, 1) if old else CHANGES)


def test_a_newer_version_hides_no_older_one() -> None:
    with pytest.raises(release_notes.Refused, match=r"is not that of 0\.1\.0"):
        release_notes.notes("v0.1.0", PROGRAM.replace("0.2.0", "0.1.0"), CHANGES)


def test_this_checkout_is_a_release_or_on_the_way_to_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Either its version has the first section, or there is one for what is to come."""
    found = release_notes.sections((CHECKOUT / "CHANGELOG.md").read_text())
    names = [*found]
    assert all(found[name].text for name in names if name != release_notes.UNRELEASED)
    if ".dev" in __version__:
        assert names[0] == release_notes.UNRELEASED
        assert __version__.partition(".dev")[0] not in names
        assert release_notes.main([f"v{__version__}"]) == 2
        assert "error: the tag" in capsys.readouterr().err
    else:
        assert release_notes.main([f"v{__version__}"]) == 0
        assert found[__version__].text in capsys.readouterr().out
