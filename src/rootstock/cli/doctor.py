"""The command that examines this machine."""

from rootstock.cli.common import Json, print_json, say
from rootstock.core.errors import MachineError
from rootstock.core.formatting import columns
from rootstock.core.store import locate
from rootstock.maintain.doctor import examine


def doctor(as_json: Json = False) -> None:
    """Show what rootstock needs and this machine has, and what to do about the rest.

    Example:  rootstock doctor
    """
    findings = examine(locate())
    if as_json:
        print_json({"findings": findings})
    else:
        say(columns([(f.state, f.what, f.found) for f in findings]))
    lacking = [finding for finding in findings if finding.state == "lacks"]
    if lacking:
        remedies = "\n".join(finding.remedy for finding in lacking)
        raise MachineError("this machine cannot build: see above", remedies)


COMMANDS = {"doctor": doctor}
