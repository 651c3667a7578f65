"""What a recipe with several outputs says of each one in `extra.rootstock`."""

from fnmatch import fnmatchcase
from typing import Any


def of_output(recipe: dict[str, Any], filename: str) -> dict[str, Any]:
    """Return a rendered recipe of one output with its own part of `extra.rootstock`.

    `verified` becomes a boolean where a template gave text. From `released` the output gets its
    day, and from `audit` the entries whose `package` matches its `filename`.
    """
    extra = recipe.get("extra", {})
    own = extra.get("rootstock")
    if not isinstance(own, dict):
        return recipe
    plain = dict(own)
    if own.get("verified") in ("true", "false"):
        plain["verified"] = own["verified"] == "true"
    if isinstance(dates := own.get("released"), dict):
        plain["released"] = dates.get(recipe["package"]["name"], "")
    if isinstance(waivers := own.get("audit"), list):
        plain["audit"] = _waivers_of(filename, waivers)
    return {**recipe, "extra": {**extra, "rootstock": plain}}


def _waivers_of(filename: str, waivers: list[Any]) -> list[Any]:
    """Return the waivers for a package file, without the pattern of its name.

    An entry of another form stays as it is: `audit.waivers` reports it.
    """
    chosen = []
    for waiver in waivers:
        pattern = waiver.get("package") if isinstance(waiver, dict) else None
        if not (isinstance(pattern, str) and pattern):
            chosen.append(waiver)
        elif fnmatchcase(filename, pattern):
            chosen.append({key: value for key, value in waiver.items() if key != "package"})
    return chosen
