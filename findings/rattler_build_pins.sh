#!/usr/bin/env bash
# A package can be outside of its own pin.
#
# pin_subpackage with upper_bound='x.x' in the recipe of version 1.2rc1 becomes ">=1.2rc1,<1.2a2"
# in the package's run_exports (py-rattler-build 0.73.0). No version satisfies that: 1.2a2 is older
# than 1.2rc1. So nothing that is built with the package can be installed. upper_bound='x' gives
# "<2.0a0", which has the package in it.
#
# Seen:
#   x.x: >=1.2rc1,<1.2a2 has 1.2rc1 in it: False
#   x: >=1.2rc1,<2.0a0 has 1.2rc1 in it: True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install py-rattler-build==0.73.0 py-rattler==0.28.0
cat > "$work/pins.py" <<'PY'
import os
import sys
from pathlib import Path

from rattler import MatchSpec, PackageRecord
from rattler.package import BuildString, RunExportsJson
from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

folder = Path(sys.argv[1])
itself = PackageRecord("pinned", "1.2rc1", BuildString("h0_0"), 0, "linux-64")
for bound in ("x.x", "x"):
    pin = "${{ pin_subpackage('pinned', upper_bound='%s') }}" % bound
    recipe = Stage0Recipe.from_dict(
        {
            "package": {"name": "pinned", "version": "1.2rc1"},
            "build": {"script": "true"},
            "requirements": {"run_exports": [pin]},
        },
        recipe_dir=folder,
    )
    platform = PlatformConfig(target_platform="linux-64")
    [output] = recipe.render(VariantConfig({}), RenderConfig(platform=platform))
    built = output.run_build(output_dir=folder / bound, channels=[], no_build_id=True)
    [spec] = RunExportsJson.from_package_archive(Path(built.packages[0])).weak
    inside = MatchSpec(spec).matches(itself)
    print(f"{bound}: {spec.removeprefix('pinned ')} has 1.2rc1 in it: {inside}", flush=True)
os._exit(0)  # py-rattler may crash while the interpreter ends
PY
found=$("$work/venv/bin/python" "$work/pins.py" "$work" 2>/dev/null)
echo "$found"
test "$found" = "x.x: >=1.2rc1,<1.2a2 has 1.2rc1 in it: False
x: >=1.2rc1,<2.0a0 has 1.2rc1 in it: True"
