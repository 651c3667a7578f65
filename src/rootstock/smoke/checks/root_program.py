"""The program `root` runs a macro, prints its value, and fails when the macro fails."""

import subprocess
import sys
from pathlib import Path

ROOT_PROGRAM = f"{sys.prefix}/bin/root"
MACRO = Path(__file__).with_name("macro.C")


def root(*arguments: str) -> tuple[int, str, str]:
    """Run the program; return its exit code, standard output and standard error."""
    result = subprocess.run(
        [ROOT_PROGRAM, "-b", "-q", "-l", *arguments], capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout.strip(), result.stderr.strip()


code, output, errors = root(f"{MACRO}(2)")
assert output.splitlines() == [f"Processing {MACRO}(2)...", "sum 55", "(int) 110"], (output, errors)
# The value of a macro becomes the exit code of the program.
assert (code, errors) == (110, ""), (code, errors)

code, output, errors = root("-e", "TMath::Nint(41.6)")
assert (code, output, errors) == (42, "(int) 42", ""), (code, output, errors)

Path("broken.C").write_text("void broken() { no such thing; }\n")
code, output, errors = root("broken.C")
assert code and "error: " in errors, (code, output, errors)
