"""Containers and other templates of the standard library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .case import BYTES, CONTAINERS, ENUMS, MISSING, NESTED, PAIRS, VARIANTS, Case


def template(
    name: str,
    cpp: str,
    kinds: Sequence[str],
    values: Sequence[Any],
    notes: Sequence[str] = (),
    fills: Sequence[str] = (),
) -> Case:
    """A case of one type in both formats."""
    return Case(name, f"`{cpp}`", values, kinds, tree=cpp, ntuple=cpp, notes=notes, fills=fills)


def field(
    name: str,
    cpp: str,
    kinds: Sequence[str],
    values: Sequence[Any],
    notes: Sequence[str] = (),
    fills: Sequence[str] = (),
) -> Case:
    """A case of a type that no tree has, or only with a compiled dictionary."""
    return Case(name, f"`{cpp}`", values, kinds, ntuple=cpp, notes=notes, fills=fills)


def branch(
    name: str, cpp: str, kinds: Sequence[str], values: Sequence[Any], notes: Sequence[str] = ()
) -> Case:
    """A case of a type that no RNTuple has."""
    return Case(name, f"`{cpp}`", values, kinds, tree=cpp, notes=notes)


INTEGERS = [[1, -2], [], [3]]
ORDERED = [[1, 2], [], [-3]]
SINGLE = [[1], [], [-3]]  # of a container that has no order
VECTORS = [
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
    template("vector_int32", "std::vector<int>", ["int32"], INTEGERS),
    template(
        "vector_uint64",
        "std::vector<std::uint64_t>",
        ["uint64"],
        [[2**64 - 1, 0], [], [2**53 + 1]],
    ),
    template(
        "vector_float32", "std::vector<float>", ["float32"], [[0.5, math.nan], [], [math.inf]]
    ),
    template("vector_double32", "std::vector<Double32_t>", ["float64"], [[0.5, -1.5], [], [2.5]]),
    template("vector_bool", "std::vector<bool>", ["bool"], [[True, False], [], [True]]),
    template("vector_string", "std::vector<std::string>", ["str"], [["pe", ""], [], ["ns", "us"]]),
    template(
        "vector_vector",
        "std::vector<std::vector<float>>",
        ["float32"],
        [[[0.5], [], [1.5, 2.5]], [], [[3.5]]],
        [NESTED],
    ),
    field(
        "vector_3",
        "std::vector<std::vector<std::vector<int>>>",
        ["int32"],
        [[[[1], []], []], [], [[[2, 3]]]],
        [NESTED],
    ),
    field(
        "vector_vector_string",
        "std::vector<std::vector<std::string>>",
        ["str"],
        [[["pe"], []], [], [["", "ns"]]],
        [NESTED],
    ),
    field(
        "vector_array",
        "std::vector<std::array<int, 2>>",
        ["int32"],
        [[[1, 2], [3, 4]], [], [[5, 6]]],
        [NESTED],
    ),
    field(
        "vector_pair",
        "std::vector<std::pair<int, double>>",
        ["int32", "float64"],
        [[[1, 0.5], [2, 1.5]], [], [[3, 2.5]]],
        [NESTED],
    ),
    template("rvec", "ROOT::RVec<float>", ["float32"], [[0.5, 1.5], [], [2.5]]),
    template("std_array", "std::array<int, 3>", ["int32"], [[1, 2, 3], [-4, 0, 6]]),
    field(
        "array_array",
        "std::array<std::array<int, 3>, 2>",
        ["int32"],
        [[[1, 2, 3], [4, 5, 6]], [[-1, 0, 0], [0, 0, 7]]],
        [NESTED],
        ["x = {{{1, 2, 3}, {4, 5, 6}}};", "x = {{{-1, 0, 0}, {0, 0, 7}}};"],
    ),
]
OTHER = [
    template("set", "std::set<int>", ["int32"], ORDERED),
    template("multiset", "std::multiset<int>", ["int32"], [[1, 1, 2], [], [-3]], [CONTAINERS]),
    template("unordered_set", "std::unordered_set<int>", ["int32"], SINGLE, [CONTAINERS]),
    branch("list", "std::list<int>", ["int32"], INTEGERS),
    branch("deque", "std::deque<int>", ["int32"], INTEGERS, [CONTAINERS]),
    branch("forward_list", "std::forward_list<int>", ["int32"], INTEGERS, [CONTAINERS]),
    template(
        "map",
        "std::map<std::string, int>",
        ["str", "int32"],
        [[["a", 1], ["b", 2]], [], [["c", 3]]],
        [PAIRS],
    ),
    template(
        "multimap",
        "std::multimap<std::string, int>",
        ["str", "int32"],
        [[["a", 1], ["a", 2]], [], [["c", 3]]],
        [PAIRS],
    ),
    template(
        "unordered_map",
        "std::unordered_map<std::string, int>",
        ["str", "int32"],
        [[["a", 1]], [], [["c", 3]]],
        [PAIRS],
    ),
    template("pair", "std::pair<int, double>", ["int32", "float64"], [[1, 0.5], [2, 1.5]], [PAIRS]),
    template(
        "tuple",
        "std::tuple<int, double, std::string>",
        ["int32", "float64", "str"],
        [[1, 0.5, "pe"], [-2, 1.5, ""]],
        [PAIRS],
    ),
    Case(
        "complex",
        "`std::complex<double>`",
        [[0.5, -1.5], [0.0, 2.5]],
        ["float64"],
        tree="std::complex<double>",
        fills=["x = {0.5, -1.5};", "x = {0.0, 2.5};"],
    ),
    field("atomic", "std::atomic<int>", ["int32"], [1, -2], [VARIANTS], ["x = 1;", "x = -2;"]),
    field(
        "variant",
        "std::variant<int, double>",
        ["int32", "float64"],
        [1, 0.5, -2],
        [VARIANTS],
        ["x = 1;", "x = 0.5;", "x = -2;"],
    ),
    field(
        "vector_variant",
        "std::vector<std::variant<int, std::string>>",
        ["int32", "str"],
        [[1, "pe"], [], [-2]],
        [VARIANTS],
    ),
    field("optional", "std::optional<double>", ["float64"], [0.5, None, 1.5], [MISSING]),
    field(
        "vector_optional",
        "std::vector<std::optional<float>>",
        ["float32"],
        [[0.5, None], [], [1.5]],
        [MISSING],
    ),
    field(
        "optional_vector",
        "std::optional<std::vector<float>>",
        ["float32"],
        [[0.5], None, []],
        [MISSING],
        ["x = std::vector<float>{0.5f};", "x.reset();", "x = std::vector<float>{};"],
    ),
    field(
        "unique_ptr",
        "std::unique_ptr<double>",
        ["float64"],
        [0.5, None, 1.5],
        [MISSING],
        [
            "x = std::make_unique<double>(0.5);",
            "x = nullptr;",
            "x = std::make_unique<double>(1.5);",
        ],
    ),
    field(
        "bitset",
        "std::bitset<8>",
        ["bool"],
        [[True, False, True] + 5 * [False], 8 * [True]],
        [ENUMS],
        ["x = 5;", "x = 255;"],
    ),
    field(
        "bitset_80",
        "std::bitset<80>",
        ["bool"],
        [[True] + 78 * [False] + [True], 80 * [False]],
        [ENUMS],
        ["x.set(0).set(79);", "x.reset();"],
    ),
]
