"""Products: which software a channel is for, and all that is special about it.

Everything else in rootstock knows the axes, the checks and the words of a product only through
`model.Product`. A second product is a second module here, which a checkout names in its matrix.
"""

from importlib import import_module

from rootstock.core import names
from rootstock.product.model import Product

DEFAULT = "root"


def named(name: str) -> Product:
    """The product of a name: `PRODUCT` of the module that is called so.

    Raises `LookupError` when there is none.
    """
    try:
        names.package_name(name)
        found: Product = import_module(f"rootstock.product.{name}").PRODUCT
    except (ImportError, AttributeError, ValueError) as error:
        raise LookupError(f"there is no product {names.quoted(name)}") from error
    return found
