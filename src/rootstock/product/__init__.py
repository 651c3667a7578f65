"""Products: the software that a channel is for, with its axes, checks and words.

A second product is a second module here, which a checkout names in its matrix. Some things of
ROOT's are elsewhere:

- the options --root and --py: cli/common.py
- the characters that a path of an environment must not have: core/names.py
- the minimum glibc of packages made from wheels: plan/wheels.py
- the product of a release that names none: channel/release_model.py
"""

from importlib import import_module

from rootstock.core import names
from rootstock.product.model import Product

DEFAULT = "root"


def named(name: str) -> Product:
    """Return `PRODUCT` of the module of this name; raise `LookupError` if there is none."""
    try:
        names.package_name(name)
        found: Product = import_module(f"rootstock.product.{name}").PRODUCT
    except (ImportError, AttributeError, ValueError) as error:
        raise LookupError(f"there is no product {names.quoted(name)}") from error
    return found
