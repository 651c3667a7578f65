"""All types that are written into the file that all readers read."""

from .classes import CLASSED, CLASSES, MEMBERS, UNDECLARED
from .containers import OTHER, VECTORS
from .layouts import LAYOUTS
from .objects import OBJECTS
from .simple import ARRAYS, NUMBERS, TEXTS

CASES = [*NUMBERS, *TEXTS, *ARRAYS, *VECTORS, *OTHER, *CLASSED, *OBJECTS, *LAYOUTS]
__all__ = ["CASES", "CLASSES", "MEMBERS", "UNDECLARED"]
