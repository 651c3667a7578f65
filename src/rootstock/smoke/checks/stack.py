"""Every Python package of the environment imports with ROOT, before it and after it.

Each one's requirements are installed in a fitting version, and no file belongs to two of them.

A user has a home folder, and so has this check. Some modules need variables on every machine: the
packages of the sets have files with them.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

# Imports modules in one process and collects their errors; its end must succeed as well.
IMPORT = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
failed = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = repr(error)
import ROOT
assert ROOT.TH1D("h", "", 2, 0, 1).GetNbinsX() == 2
print(json.dumps(failed))
"""
# Modules for programs of their own kind only: pip says that it is no library.
NOT_IMPORTED = {"pip", "ROOT", "cppyy", "cppyy_backend"}


def modules(one: Distribution) -> Iterator[str]:
    """Yield the top-level modules and packages that a distribution has in site-packages."""
    for file in one.files or ():
        top = file.parts[0]
        if top in ("..", "__pycache__") or top.startswith("_") or top.endswith(".dist-info"):
            continue
        if len(file.parts) == 2 and file.name == "__init__.py":
            yield top
        elif len(file.parts) == 1 and file.suffix in (".py", ".so"):
            yield file.name.partition(".")[0]


every = list(distributions())
assert every, "the environment has no Python packages"
owners = defaultdict(set)
for one in every:
    for file in one.files or ():
        owners[str(file)].add(one.metadata["Name"])
twice = {file: names for file, names in owners.items() if len(names) > 1}
assert not twice, twice
names = sorted({name for one in every for name in modules(one)} - NOT_IMPORTED)
environment = {**os.environ, "HOME": str(Path("home").absolute())}
Path("home").mkdir()
for settings in Path(sys.prefix, "share/rootstock/sets").glob("*.json"):
    environment |= json.loads(settings.read_text())["check_env"]
for order in (["ROOT", *names], [*names, "ROOT"]):
    done = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT, json.dumps(order)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    failed = json.loads(done.stdout.splitlines()[-1])
    assert not failed, failed
done = subprocess.run(
    [sys.executable, "-I", "-m", "pip", "check"], capture_output=True, text=True, check=False
)
assert done.returncode == 0, done.stdout
