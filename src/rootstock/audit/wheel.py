"""What a wheel says of itself: what else it needs, and its license.

The format is that of the core metadata, with the fields of PEP 639 for the license.
"""

from collections.abc import Iterator
from email.message import Message
from email.parser import Parser

from rootstock.audit.report import Finding, some
from rootstock.audit.unpacked import UnpackedPackage
from rootstock.core.names import plain
from rootstock.stack import licenses
from rootstock.stack.wheel import LICENSE_FILE

_FOLDER, _FILE = ".dist-info", "METADATA"
_CLASSIFIER = "License ::"
_UNKNOWN = "UNKNOWN"  # which older setuptools wrote where nothing was said


def is_metadata(name: str) -> bool:
    """Whether a path may be that of a wheel's metadata."""
    folder, _, file = name.partition("/")
    return file == _FILE and folder.endswith(_FOLDER)


def is_alone(package: UnpackedPackage) -> bool:
    """Whether a wheel needs no other, except for its extras."""
    requires = _metadata(package).get_all("Requires-Dist", [])
    return all("extra" in one.partition(";")[2] for one in requires)


def license_info(package: UnpackedPackage) -> Iterator[Finding]:
    """Yield a finding for a license without name or text."""
    metadata, folder = _metadata(package), _folder(package)
    file = plain(f"{folder}/{_FILE}")
    expression = metadata.get("License-Expression", "")
    if expression and not licenses.spdx(expression):
        message = f"has License-Expression {plain(expression)}, which is none of SPDX; correct it."
        yield Finding(rule="licence", file=file, message=message)
    if not (expression or _names_license(metadata)):
        message = "names no license; add the license to the project's metadata."
        yield Finding(rule="licence", file=file, message=message)
    # Metadata before 2.4 have the files beside METADATA, later ones in a folder of their own.
    folders = (f"{folder}/licenses", folder)
    named = metadata.get_all("License-File", [])
    lacks = [
        one for one in named if not any(f"{place}/{one}" in package.files for place in folders)
    ]
    if lacks:
        message = f"names the license files {plain(some(lacks))}, which the wheel lacks; add them."
        yield Finding(rule="licence", file=file, message=message)
    elif not named and not any(_is_text(name, folder) for name in package.files):
        message = "has no license text; add license-files to the project's metadata."
        yield Finding(rule="licence", file=plain(folder), message=message)


def _names_license(metadata: Message) -> bool:
    classifiers = metadata.get_all("Classifier", [])
    return metadata.get("License", _UNKNOWN).strip() not in ("", _UNKNOWN) or any(
        one.startswith(_CLASSIFIER) for one in classifiers
    )


def _is_text(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/") and bool(LICENSE_FILE.search(name.rpartition("/")[2]))


def _folder(package: UnpackedPackage) -> str:
    """Return the folder of the metadata, which every wheel has one of."""
    found = (name.partition("/")[0] for name in sorted(package.files) if name.count("/") == 1)
    return next((name for name in found if name.endswith(_FOLDER)), f"*{_FOLDER}")


def _metadata(package: UnpackedPackage) -> Message:
    path = package.files.get(f"{_folder(package)}/{_FILE}")
    return Parser().parsestr(path.read_text(errors="replace") if path else "", headersonly=True)
