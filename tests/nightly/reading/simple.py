"""Numbers, strings and arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .case import BYTES, PACKED, SHAPES, STRINGS, Case


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


SPECIAL = [0.5, -1.5, math.nan, math.inf, -math.inf]


def packed(name: str, title: str, cpp: str, call: str, values: Sequence[float], kind: str) -> Case:
    """A case of one number in an RNTuple that stores it in fewer bits than C++."""
    return Case(
        name,
        title,
        values,
        [kind],
        ntuple=cpp,
        add=f'auto made = std::make_unique<ROOT::RField<{cpp}>>("x"); made->{call};'
        " model->AddField(std::move(made));"
        f' auto &x = *model->GetDefaultEntry().GetPtr<{cpp}>("x");',
        notes=[PACKED],
    )


FEW = [0.5, -1.5, 1024.0]
STEPS = [0.0, 51.0, 255.0]  # exact in 8 bits of a range from 0 to 255
NUMBERS = [
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
        "double32_bits",
        "`Double32_t`, `/d[0,0,14]`",
        FEW,
        ["float64"],
        tree="Double32_t",
        leaf="x/d[0,0,14]",
    ),
    packed("half", "`float` in two bytes", "float", "SetHalfPrecision()", FEW, "float32"),
    packed("truncated", "`float`, 16 bits", "float", "SetTruncated(16)", FEW, "float32"),
    packed("truncated_double", "`double`, 16 bits", "double", "SetTruncated(16)", FEW, "float64"),
    packed(
        "quantised",
        "`float`, 8 bits for 0 to 255",
        "float",
        "SetQuantized(8, {0, 255})",
        STEPS,
        "float32",
    ),
    packed(
        "quantised_double",
        "`double`, 8 bits for 0 to 255",
        "double",
        "SetQuantized(8, {0, 255})",
        STEPS,
        "float64",
    ),
    Case(
        "byte",
        "`std::byte`",
        [0, 65, 255],
        ["uint8"],
        ntuple="std::byte",
        fills=["x = std::byte{0};", "x = std::byte{65};", "x = std::byte{255};"],
        notes=[BYTES],
    ),
]
TEXTS = [
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
        notes=[STRINGS],
    ),
]
ARRAYS = [
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
        "array_float16",
        "`Float16_t x[3]`, `/f`",
        [FEW, [0.0, 1.0, 2.0]],
        ["float32"],
        tree="Float16_t",
        leaf="x[3]/f",
        notes=[PACKED],
    ),
    Case(
        "array_float16_variable",
        "`Float16_t x[n]`, `/f`",
        [[0.5, -1.5], [], [1024.0]],
        ["float32"],
        tree="Float16_t",
        leaf="x[n]/f",
        notes=[PACKED],
    ),
    Case(
        "array_float16_range",
        "`Float16_t x[3]`, `/f[0,10,8]`",
        [[0.0, 2.5, 5.0], [5.0, 0.0, 2.5]],
        ["float32"],
        tree="Float16_t",
        leaf="x[3]/f[0,10,8]",
        notes=[PACKED],
    ),
    Case(
        "array_double32_fixed_range",
        "`Double32_t x[3]`, `/d[0,10,8]`",
        [[0.0, 2.5, 5.0], [5.0, 0.0, 2.5]],
        ["float64"],
        tree="Double32_t",
        leaf="x[3]/d[0,10,8]",
        notes=[PACKED],
    ),
]
