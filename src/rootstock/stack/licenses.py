"""Licenses: finds the SPDX expression of a wheel in its metadata, which has three forms."""

from collections.abc import Sequence

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# License names in common use, in lower case, that are not SPDX expressions.
_WRITTEN = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "gnu gpl v3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "lgplv3+": "LGPL-3.0-or-later",
    "mit license": "MIT",
    "modified bsd license": "BSD-3-Clause",
    "mpl 2.0": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "psf": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
}
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST = 100  # letters of a license's name; a longer text is the license itself


def of(expression: str, text: str, classifiers: Sequence[str]) -> str:
    """Return the SPDX expression of a license, or an empty text when it is unknown.

    `expression` is the metadata's License-Expression, `text` its License (a name, an expression, or
    the whole text), and `classifiers` are all its classifiers.
    """
    named = [one.removeprefix(_CLASSIFIER) for one in classifiers if one.startswith(_CLASSIFIER)]
    short = [text] if len(text) <= _LONGEST else []
    for word in (expression, *short, *(named if len(named) == 1 else [])):
        plain = " ".join(word.split())
        if found := spdx(plain) or spdx(_WRITTEN.get(plain.lower(), "")):
            return found
    return ""


def spdx(text: str) -> str:
    """Return an SPDX expression as SPDX spells it, or an empty text when it is none.

    >>> spdx("mit or apache-2.0"), spdx("Apache License")
    ('MIT OR Apache-2.0', '')
    """
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""
