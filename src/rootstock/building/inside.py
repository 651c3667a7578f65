"""The one program that runs within the sandbox: build one package from one job file.

It is started by the image's own Python with nothing but the standard library and the
`rattler_build` package on its path, and it must not import the rest of rootstock: what is
visible in the sandbox would otherwise depend on the whole program, and so would every
build key.

The job (JSON) holds the rendered recipe of one output with nothing left to decide
(`recipe`), the variant it was rendered with (`variant`), and whether to run the package's
own tests (`test`). The exit code is 0 when the package is in the folder `out`.
"""

import json
import sys
import traceback
from pathlib import Path
from typing import Any

from rattler_build import (
    PlatformConfig,
    RenderConfig,
    Stage0Recipe,
    ToolConfiguration,
    VariantConfig,
)
from rattler_build.progress import (
    BuildStepEvent,
    DownloadCompleteEvent,
    DownloadProgressEvent,
    DownloadStartEvent,
    LogEvent,
)

ROOM = Path("/rootstock")
# Level 1: this archive is thrown away as soon as the artifact has been made from it.
SCRATCH_FORMAT = "conda:1"


class Log:
    """Print the builder's messages as they come: the build's log file is this output."""

    def on_log(self, event: LogEvent) -> None:
        """Print one line of the log."""
        print(event.message, flush=True)

    def on_build_step(self, event: BuildStepEvent) -> None:
        """The steps are in the log."""

    def on_download_start(self, event: DownloadStartEvent) -> None:
        """Nothing is downloaded in a sandbox: the channel is a folder."""

    def on_download_progress(self, event: DownloadProgressEvent) -> None:
        """Likewise."""

    def on_download_complete(self, event: DownloadCompleteEvent) -> None:
        """Likewise."""


def build(job: dict[str, Any]) -> None:
    """Build the package that a job describes, below the folder `out`."""
    recipe = Stage0Recipe.from_dict(job["recipe"], recipe_dir=ROOM / "build/recipe")
    rendered = recipe.render(
        VariantConfig({key: [value] for key, value in job["variant"].items()}),
        RenderConfig(platform=PlatformConfig(target_platform=job["platform"])),
    )
    [output] = rendered
    output.run_build(
        ToolConfiguration(test_strategy="native" if job["test"] else "skip", keep_build=False),
        output_dir=ROOM / "build/out",
        channels=["file:///rootstock/deps"],
        package_format=SCRATCH_FORMAT,
        no_build_id=True,
        progress_callback=Log(),
    )


def main() -> int:
    """Run the job of this sandbox; the exit code is 1 when the build failed."""
    job = json.loads((ROOM / "build/job.json").read_text())
    try:
        build(job)
    except Exception as error:
        # The builder's message carries the script's own output; a trace adds nothing to it.
        print(error, flush=True)
        if not type(error).__module__.startswith("rattler_build"):
            traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
