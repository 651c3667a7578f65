"""Scripts of a recipe: whether there is one, and whether its templates can be evaluated."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

from rootstock.plan.fault import Fault
from rootstock.plan.recipe import Output

# How py-rattler-build 0.73 tells what is wrong with a template, among other mistakes.
_BROKEN = re.compile(
    r"((?:unknown (?:filter|function|method|test)|syntax error|undefined value)[^\"]*?)"
    r" \((?:in <|template)"
)
_TEMPLATE = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_ONLY_BUILDS_KNOW = re.compile(r"\b[A-Z][A-Z0-9_]*\b")  # variables such as PREFIX


def check(output: Output) -> Iterator[Fault]:
    """The faults of an output's scripts: of its build and of its tests."""
    script = output.recipe["build"]["script"]
    keys = ("build", "script")
    yield from _there(output, script, keys)
    for test in output.recipe.get("tests", ()):
        given = test.get("script")
        if isinstance(given, Mapping):
            yield from _there(output, given, ("tests", "script"))
            given = given.get("content")
        yield from _templates(output, given, ("tests", "script"))
    if output.recipe.get("source") and not (script.get("file") or script.get("content")):
        told = f"{output.name} has sources and no script"
        yield Fault(keys, told, "Add build.sh, or write build: {script: [command, ...]}")
    yield from _templates(output, script.get("content"), keys)


def _templates(output: Output, content: object, keys: tuple[str, ...]) -> Iterator[Fault]:
    text = "\n".join(map(str, content)) if isinstance(content, list) else str(content)
    if "${{" in text and (reason := _unrenderable(text, output)):
        told = f"its template cannot be evaluated: {reason}"
        for template in _TEMPLATE.findall(text):  # which one the builder does not tell
            if _unrenderable(template, output):
                told = f"the template {template} cannot be evaluated: {reason}"
                break
        yield Fault(keys, told, "Mend the template.")


def _there(output: Output, script: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Fault]:
    name = script.get("file")
    if name is None:
        return
    inside = not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
    if inside and any((output.folder / f"{name}{end}").is_file() for end in ("", ".sh")):
        return
    told = f"the script {name} of {output.name} is not in the recipe's folder"
    yield Fault((*keys, "file"), told, "Add the file, or write script: [command, ...]", str(name))


def _unrenderable(text: str, output: Output) -> str:
    """Why the builder could not evaluate a script; empty when nothing speaks against it.

    The builder evaluates scripts when it runs them, with the variables of the environment, and
    takes what is not defined for nothing. Here the same text stands where it evaluates templates
    at once, and refuses that.
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
        except Exception as error:  # the builder's own have no common class
            found = _BROKEN.search(str(error))
            return found[1] if found else ""
    return ""
