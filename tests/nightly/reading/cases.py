"""What is written into the file that all readers read: a tree and an RNTuple for each type.

Each value stands here as Python's; write.py makes C++ of it. So what is right is known without any
reader.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Declared for the readers as for the writer, as an experiment's library would.
CLASSES = """
#include <vector>
struct Leaves { double a; int b; };
struct Point { int a; double b; };
struct Track { int charge; std::vector<float> hits; Point start; };
struct Peak { float area; std::vector<int> hits; };
enum class Colour : int { red = 1, green = 2 };
struct Painted { Colour colour; };
struct Event { int number; std::vector<Peak> peaks; };
"""
# The writer alone has this one.
UNKNOWN = "struct Unknown { int a; double b; };"
MEMBERS = {
    "Leaves": ["a", "b"],
    "Point": ["a", "b"],
    "Track": ["charge", "hits", "start"],
    "Peak": ["area", "hits"],
    "Painted": ["colour"],
    "Event": ["number", "peaks"],
}


@dataclass(frozen=True)
class Case:
    """A type, and what is written of it.

    `tree` is the C++ type of the branch, or of what the leaf list `leaf` describes; `ntuple` that
    of the field. An empty one is a type that this format has not. `kinds` are the NumPy types of
    its numbers. `literals` replace the C++ that write.py makes of `values`.
    """

    name: str
    title: str
    values: Sequence[Any]
    kinds: Sequence[str]
    tree: str = ""
    leaf: str = ""
    ntuple: str = ""
    split: int = 99
    fields: Sequence[str] = ()  # the members of a class, in the order of the values
    literals: Sequence[str] = ()
    ask: str = ""  # what is asked for by name, where it is no branch
    half: bool = False  # a float is stored in two bytes of the RNTuple
    notes: Sequence[str] = ()  # the chapters of the page that say what to do
    field: str = ""  # the title in the table of RNTuples, where it is another

    def called(self, kind: str) -> str:
        """The title in the table of a format."""
        return self.field or self.title if kind == "ntuple" else self.title


def number(
    name: str, leaf: str, cpp: str, values: Sequence[Any], notes: Sequence[str] = ()
) -> Case:
    """A case of one number in an entry."""
    return Case(
        name,
        f"`{cpp}`, `/{leaf}`",
        values,
        [name],
        tree=cpp,
        leaf=f"x/{leaf}",
        ntuple=cpp,
        notes=notes,
        field=f"`{cpp}`",
    )


# Chapters of the page.
BYTES, PACKED, NESTED, SHAPES = "Eight bits", "Packed numbers", "Nested vectors", "Shapes"
PAIRS, ENUMS, OTHERS = "Maps and pairs", "Enums and bit sets", "Aliases and friends"
SPECIAL = [0.5, -1.5, math.nan, math.inf, -math.inf]
CASES = [
    number("int8", "B", "std::int8_t", [-128, 0, 65, 127], [BYTES]),
    number("uint8", "b", "std::uint8_t", [0, 65, 255], [BYTES]),
    number("int16", "S", "std::int16_t", [-32768, 0, 32767]),
    number("uint16", "s", "std::uint16_t", [0, 65535]),
    number("int32", "I", "std::int32_t", [-(2**31), 0, 2**31 - 1]),
    number("uint32", "i", "std::uint32_t", [0, 2**32 - 1]),
    number("int64", "L", "std::int64_t", [-(2**63), 2**53 + 1, 2**63 - 1]),
    number("uint64", "l", "std::uint64_t", [0, 2**53 + 1, 2**64 - 1]),
    Case("long", "`Long_t`, `/G`", [-(2**63), 2**53 + 1], ["int64"], tree="Long_t", leaf="x/G"),
    Case("ulong", "`ULong_t`, `/g`", [0, 2**64 - 1], ["uint64"], tree="ULong_t", leaf="x/g"),
    Case("char", "`char`", [65, 0, 127], ["int8"], ntuple="char", notes=[BYTES]),
    number("bool", "O", "bool", [True, False]),
    number("float32", "F", "float", [*SPECIAL, 2.0**-149, 16777216.0]),
    number("float64", "D", "double", [*SPECIAL, 0.1, 5e-324, 1.7976931348623157e308]),
    Case(
        "float16",
        "`Float16_t`, `/f`",
        [0.5, -1.5, 1024.0],
        ["float32"],
        tree="Float16_t",
        leaf="x/f",
        ntuple="float",
        half=True,
        notes=[PACKED],
        field="`float` in two bytes",
    ),
    Case(
        "float16_range",
        "`Float16_t`, `/f[0,10,8]`",
        [0.0, 2.5, 5.0],
        ["float32"],
        tree="Float16_t",
        leaf="x/f[0,10,8]",
    ),
    Case(
        "double32",
        "`Double32_t`, `/d`",
        [0.5, -1.5, 16777216.0],
        ["float64"],
        tree="Double32_t",
        leaf="x/d",
        ntuple="Double32_t",
        field="`Double32_t`",
    ),
    Case(
        "double32_range",
        "`Double32_t`, `/d[0,10,8]`",
        [0.0, 2.5, 5.0],
        ["float64"],
        tree="Double32_t",
        leaf="x/d[0,10,8]",
    ),
    Case(
        "enum",
        "`enum class`",
        [1, 2],
        ["int32"],
        ntuple="Colour",
        literals=["Colour::red", "Colour::green"],
        notes=[ENUMS],
    ),
    Case(
        "enum_member",
        "a class with an `enum class` in it, split",
        [{"colour": 1}, {"colour": 2}],
        ["int32"],
        tree="Painted",
        ntuple="Painted",
        literals=["{Colour::red}", "{Colour::green}"],
        fields=["colour"],
        notes=[ENUMS],
        field="a class with an `enum class` in it",
    ),
    Case(
        "string",
        "`std::string`",
        ["pe", "", "ns"],
        ["str"],
        tree="std::string",
        ntuple="std::string",
    ),
    Case(
        "string_utf8",
        "`std::string` with other letters than ASCII's",
        ["µs", ""],
        ["str"],
        tree="std::string",
        ntuple="std::string",
    ),
    Case("tstring", "`TString`", ["pe", "", "ns"], ["str"], tree="TString"),
    Case(
        "cstring",
        "C string, `/C`",
        ["pe", "", "ns"],
        ["str"],
        tree="char",
        leaf="x/C",
        notes=["C strings"],
    ),
    Case(
        "array",
        "`int x[3]`",
        [[1, 2, 3], [-4, 0, 6]],
        ["int32"],
        tree="int",
        leaf="x[3]/I",
    ),
    Case(
        "array_one",
        "`int x[1]`",
        [[1], [-4]],
        ["int32"],
        tree="int",
        leaf="x[1]/I",
        notes=[SHAPES],
    ),
    Case(
        "array_variable",
        "`float x[n]`",
        [[0.5, math.nan], [], [1.5]],
        ["float32"],
        tree="float",
        leaf="x[n]/F",
    ),
    Case(
        "array_2d",
        "`float x[2][3]`",
        [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[-1.0, 0.0, 0.0], [0.0, 0.0, 0.5]]],
        ["float32"],
        tree="float",
        leaf="x[2][3]/F",
        notes=[SHAPES],
    ),
    Case(
        "array_int8",
        "`std::int8_t x[3]`",
        [[65, 66, 67], [-1, 0, 1]],
        ["int8"],
        tree="std::int8_t",
        leaf="x[3]/B",
        notes=[BYTES],
    ),
    Case(
        "array_int8_variable",
        "`std::int8_t x[n]`",
        [[65, 66], [], [-1, 0, 1]],
        ["int8"],
        tree="std::int8_t",
        leaf="x[n]/B",
        notes=[BYTES],
    ),
    Case(
        "array_uint8",
        "`std::uint8_t x[3]`",
        [[65, 66, 255], [1, 0, 1]],
        ["uint8"],
        tree="std::uint8_t",
        leaf="x[3]/b",
    ),
    Case(
        "array_uint64",
        "`std::uint64_t x[n]`",
        [[2**64 - 1], [], [0, 2**53 + 1]],
        ["uint64"],
        tree="std::uint64_t",
        leaf="x[n]/l",
    ),
    Case(
        "array_bool",
        "`bool x[n]`",
        [[True, False], [], [True]],
        ["bool"],
        tree="bool",
        leaf="x[n]/O",
    ),
    Case(
        "array_double32",
        "`Double32_t x[3]`",
        [[0.5, -1.5, 1024.0], [0.0, 1.0, 2.0]],
        ["float64"],
        tree="Double32_t",
        leaf="x[3]/d",
    ),
    Case(
        "array_double32_range",
        "`Double32_t x[n]`, `/d[0,10,8]`",
        [[0.0, 2.5], [], [5.0]],
        ["float64"],
        tree="Double32_t",
        leaf="x[n]/d[0,10,8]",
        notes=[PACKED],
    ),
    Case(
        "vector_int8",
        "`std::vector<char>`",
        [[65, -1], [], [127]],
        ["int8"],
        tree="std::vector<char>",
        ntuple="std::vector<std::int8_t>",
        notes=[BYTES],
        field="`std::vector<std::int8_t>`",
    ),
    *(
        Case(
            name,
            f"`{cpp}`",
            values,
            kinds,
            tree=cpp,
            ntuple=cpp,
            notes=[NESTED] if name == "vector_vector" else [],
        )
        for name, cpp, values, kinds in (
            ("vector_int32", "std::vector<int>", [[1, -2], [], [3]], ["int32"]),
            (
                "vector_uint64",
                "std::vector<std::uint64_t>",
                [[2**64 - 1, 0], [], [2**53 + 1]],
                ["uint64"],
            ),
            (
                "vector_float32",
                "std::vector<float>",
                [[0.5, math.nan], [], [math.inf]],
                ["float32"],
            ),
            ("vector_bool", "std::vector<bool>", [[True, False], [], [True]], ["bool"]),
            (
                "vector_string",
                "std::vector<std::string>",
                [["pe", ""], [], ["ns", "us"]],
                ["str"],
            ),
            (
                "vector_vector",
                "std::vector<std::vector<float>>",
                [[[0.5], [], [1.5, 2.5]], [], [[3.5]]],
                ["float32"],
            ),
            ("rvec", "ROOT::RVec<float>", [[0.5, 1.5], [], [2.5]], ["float32"]),
            ("std_array", "std::array<int, 3>", [[1, 2, 3], [-4, 0, 6]], ["int32"]),
            ("set", "std::set<int>", [[1, 2], [], [-3]], ["int32"]),
        )
    ),
    Case(
        "map",
        "`std::map<std::string, int>`",
        [[["a", 1], ["b", 2]], [], [["c", 3]]],
        ["str", "int32"],
        tree="std::map<std::string, int>",
        ntuple="std::map<std::string, int>",
        notes=[PAIRS],
    ),
    Case(
        "pair",
        "`std::pair<int, double>`",
        [[1, 0.5], [2, 1.5]],
        ["int32", "float64"],
        tree="std::pair<int, double>",
        ntuple="std::pair<int, double>",
        notes=[PAIRS],
    ),
    Case(
        "optional",
        "`std::optional<double>`",
        [0.5, None, 1.5],
        ["float64"],
        ntuple="std::optional<double>",
        notes=["Missing values"],
    ),
    Case(
        "bitset",
        "`std::bitset<8>`",
        [[True, False, True] + 5 * [False], 8 * [True]],
        ["bool"],
        ntuple="std::bitset<8>",
        literals=["std::bitset<8>(5)", "std::bitset<8>(255)"],
        notes=[ENUMS],
    ),
    Case(
        "leaves",
        "two leaves, `a/D:b/I`",
        [{"a": 0.5, "b": 1}, {"a": 1.5, "b": -2}],
        ["float64", "int32"],
        tree="Leaves",
        leaf="a/D:b/I",
        fields=["a", "b"],
    ),
    Case(
        "class_split",
        "a class of two numbers, split",
        [{"a": 1, "b": 0.5}, {"a": -2, "b": 1.5}],
        ["int32", "float64"],
        tree="Point",
        ntuple="Point",
        fields=["a", "b"],
        field="a class of two numbers",
    ),
    Case(
        "class_whole",
        "the same, not split",
        [{"a": 1, "b": 0.5}, {"a": -2, "b": 1.5}],
        ["int32", "float64"],
        tree="Point",
        split=0,
        fields=["a", "b"],
    ),
    Case(
        "class_nested",
        "a class with a vector and a class in it, split",
        [
            {"charge": 1, "hits": [0.5, 1.5], "start": {"a": 1, "b": 0.5}},
            {"charge": -1, "hits": [], "start": {"a": -2, "b": 1.5}},
        ],
        ["int32", "float32", "float64"],
        tree="Track",
        ntuple="Track",
        fields=["charge", "hits", "start"],
        field="a class with a vector and a class in it",
    ),
    Case(
        "vector_class",
        "a class with a vector of classes in it, with a vector each, split",
        [
            {
                "number": 1,
                "peaks": [{"area": 0.5, "hits": [1, 2]}, {"area": 1.5, "hits": []}],
            },
            {"number": 2, "peaks": []},
            {"number": 3, "peaks": [{"area": 2.5, "hits": [3]}]},
        ],
        ["float32", "int32"],
        tree="Event",
        ntuple="Event",
        fields=["number", "peaks"],
        notes=[NESTED],
        field="a class with a vector of classes in it, with a vector each",
    ),
    Case(
        "class_unknown",
        "a class that the reader has no library of",
        [{"a": 1, "b": 0.5}, {"a": -2, "b": 1.5}],
        ["int32", "float64"],
        tree="Unknown",
        ntuple="Unknown",
        fields=["a", "b"],
        notes=["Unknown classes"],
    ),
    Case(
        "tvector3",
        "`TVector3`",
        [{"fX": 1.5, "fY": -2.5, "fZ": 3.5}, {"fX": 0.0, "fY": 0.5, "fZ": 1.0}],
        ["float64"],
        tree="TVector3",
        fields=["fX", "fY", "fZ"],
    ),
    Case(
        "tlorentzvector",
        "`TLorentzVector`",
        [
            {"fX": 1.5, "fY": -2.5, "fZ": 3.5, "fE": 4.5},
            {"fX": 0.0, "fY": 0.5, "fZ": 1.0, "fE": 2.0},
        ],
        ["float64"],
        tree="TLorentzVector",
        fields=["fX", "fY", "fZ", "fE"],
    ),
    Case(
        "alias",
        'an alias of the tree, `SetAlias("y", "2 * x")`',
        [2, 4],
        ["int32", "float64"],
        tree="int",
        leaf="x/I",
        literals=["1", "2"],
        ask="y",
        notes=[OTHERS],
    ),
    Case(
        "friend",
        "a branch `y` of a friend",
        [3, 5],
        ["int32"],
        tree="int",
        leaf="x/I",
        literals=["1", "2"],
        ask="y",
        notes=[OTHERS],
    ),
]
