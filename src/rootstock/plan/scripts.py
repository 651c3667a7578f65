"""Checks a recipe's scripts: that they exist, and that their templates can be evaluated."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

from rootstock.plan.fault import Fault
from rootstock.plan.recipe import Output

# How py-rattler-build 0.73 reports a wrong template, among other mistakes.
_BROKEN = re.compile(
    r"((?:unknown (?:filter|function|method|test)|syntax error|undefined value)[^\"]*?)"
    r" \((?:in <|template)"
)
_TEMPLATE = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_ONLY_BUILDS_KNOW = re.compile(r"\b[A-Z][A-Z0-9_]*\b")  # variables such as PREFIX


def check(output: Output) -> Iterator[Fault]:
    """Yield the faults of an output's scripts, for its build and for its tests."""
    script = output.recipe["build"]["script"]
    keys = ("build", "script")
    yield from _exists(output, script, keys)
    for test in output.recipe.get("tests", ()):
        given = test.get("script")
        if isinstance(given, Mapping):
            yield from _exists(output, given, ("tests", "script"))
            given = given.get("content")
        yield from _templates(output, given, ("tests", "script"))
    if output.recipe.get("source") and not (script.get("file") or script.get("content")):
        message = f"{output.name} has sources and no script"
        yield Fault(keys, message, "Add build.sh, or write build: {script: [command, ...]}")
    yield from _templates(output, script.get("content"), keys)


def _templates(output: Output, content: object, keys: tuple[str, ...]) -> Iterator[Fault]:
    text = "\n".join(map(str, content)) if isinstance(content, list) else str(content)
    if "${{" in text and (reason := _unrenderable(text, output)):
        message = f"its template cannot be evaluated: {reason}"
        for template in _TEMPLATE.findall(text):  # the builder does not say which one
            if _unrenderable(template, output):
                message = f"the template {template} cannot be evaluated: {reason}"
                break
        yield Fault(keys, message, "Correct the template.")


def _exists(output: Output, script: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Fault]:
    name = script.get("file")
    if name is None:
        return
    inside = not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
    if inside and any((output.folder / f"{name}{end}").is_file() for end in ("", ".sh")):
        return
    message = f"the script {name} of {output.name} is not in the recipe's folder"
    yield Fault(
        (*keys, "file"), message, "Add the file, or write script: [command, ...]", str(name)
    )


def _unrenderable(text: str, output: Output) -> str:
    """Return why the builder could not evaluate a script, or an empty text.

    The builder evaluates scripts when it runs them, with the variables of the environment, and
    takes undefined names as empty. Here the same text is in a place where the builder evaluates
    templates at once, and refuses undefined names.
    """
    values: dict[str, Any] = dict.fromkeys(_ONLY_BUILDS_KNOW.findall(text), "known")
    values |= {str(key): str(value) for key, value in (output.recipe.get("context") or {}).items()}
    trial = {"package": {"name": "trial", "version": "0"}, "about": {"description": text}}
    variants = VariantConfig({key: [value] for key, value in output.variant.items()})
    platform = PlatformConfig(target_platform=output.subdir if output.subdir != "noarch" else None)
    with TemporaryDirectory() as folder:
        recipe = Stage0Recipe.from_dict(trial, recipe_dir=Path(folder))
        try:
            recipe.render(variants, RenderConfig(platform=platform, extra_context=values))
        except Exception as error:  # the builder's errors have no common class
            found = _BROKEN.search(str(error))
            return found[1] if found else ""
    return ""
