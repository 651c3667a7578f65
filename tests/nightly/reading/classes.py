"""Classes of an experiment."""

from __future__ import annotations

from .case import ENUMS, INNER, NESTED, UNKNOWN, Case

# Declared for the readers as for the writer, as an experiment's library would.
CLASSES = """
#include <vector>
#include <string>
#include <Math/Vector4D.h>
#include <TLorentzVector.h>
struct Leaves { double a; int b; };
struct Point { int a; double b; };
struct Track { int charge; std::vector<float> hits; Point start; };
struct Peak { float area; std::vector<int> hits; };
enum class Colour : int { red = 1, green = 2 };
struct Painted { Colour colour; };
struct Event { int number; std::vector<Peak> peaks; };
struct Base { int a; };
struct Derived : Base { double b; };
struct Fixed { int a; int values[3]; };
struct Deep { std::vector<std::vector<std::vector<int>>> values; };
struct Texts { std::vector<std::vector<std::string>> values; };
struct Jets { std::vector<TLorentzVector> momenta; };
struct Muons { std::vector<ROOT::Math::PtEtaPhiMVector> momenta; };
struct Narrow {
   Double32_t a; //[0,10,8]
   Float16_t b; //[0,10,8]
};
struct Pointing { int a = 0; Point *start = nullptr; };
struct Hit : TObject { int channel = 0; double time = 0; ClassDefOverride(Hit, 1) };
"""
# The writer alone has this one.
UNDECLARED = "struct Unknown { int a; double b; };"
MEMBERS = {
    "Leaves": ["a", "b"],
    "Point": ["a", "b"],
    "Track": ["charge", "hits", "start"],
    "Peak": ["area", "hits"],
    "Painted": ["colour"],
    "Event": ["number", "peaks"],
    "Derived": ["a", "b"],
    "Fixed": ["a", "values"],
    "Deep": ["values"],
    "Texts": ["values"],
    "Jets": ["momenta"],
    "Muons": ["momenta"],
    "Narrow": ["a", "b"],
    "Pointing": ["a", "start"],
    "Hit": ["channel", "time"],
}


CLASSED = [
    Case(
        "enum",
        "`enum class`",
        [1, 2],
        ["int32"],
        ntuple="Colour",
        fills=["x = Colour::red;", "x = Colour::green;"],
        notes=[ENUMS],
    ),
    Case(
        "enum_member",
        "a class with an `enum class` in it, split",
        [{"colour": 1}, {"colour": 2}],
        ["int32"],
        tree="Painted",
        ntuple="Painted",
        fills=["x = {Colour::red};", "x = {Colour::green};"],
        fields=["colour"],
        notes=[ENUMS],
        field="a class with an `enum class` in it",
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
        notes=[UNKNOWN],
    ),
    Case(
        "class_vector_3",
        "a class with a `std::vector<std::vector<std::vector<int>>>`, split",
        [{"values": [[[1], []], []]}, {"values": []}, {"values": [[[2, 3]]]}],
        ["int32"],
        tree="Deep",
        fields=["values"],
        fills=["x.values = {{{1}, {}}, {}};", "x.values = {};", "x.values = {{{2, 3}}};"],
        notes=[NESTED],
    ),
    Case(
        "class_vector_strings",
        "a class with a `std::vector<std::vector<std::string>>`, split",
        [{"values": [["pe"], []]}, {"values": []}, {"values": [["", "ns"]]}],
        ["str"],
        tree="Texts",
        fields=["values"],
        fills=[
            'x.values = {{std::string("pe")}, {}};',
            "x.values = {};",
            'x.values = {{std::string(), std::string("ns")}};',
        ],
        notes=[NESTED],
    ),
    Case(
        "class_jets",
        "a class with a `std::vector<TLorentzVector>`, split",
        [
            {
                "momenta": [
                    {"fX": 1.5, "fY": -2.5, "fZ": 0.5, "fE": 3.5},
                    {"fX": 0.0, "fY": 0.5, "fZ": 1.0, "fE": 2.0},
                ]
            },
            {"momenta": []},
        ],
        ["float64"],
        tree="Jets",
        fields=["momenta"],
        fills=[
            "x.momenta.emplace_back(1.5, -2.5, 0.5, 3.5); x.momenta.emplace_back(0, 0.5, 1, 2);",
            "x.momenta.clear();",
        ],
        notes=[NESTED],
    ),
    Case(
        "class_muons",
        "a class with a `std::vector<ROOT::Math::PtEtaPhiMVector>`, split",
        [
            {
                "momenta": [
                    {"fPt": 1.5, "fEta": -2.5, "fPhi": 0.5, "fM": 3.5},
                    {"fPt": 1.0, "fEta": 0.5, "fPhi": 1.0, "fM": 2.0},
                ]
            },
            {"momenta": []},
        ],
        ["float64"],
        tree="Muons",
        ntuple="Muons",
        fields=["momenta"],
        fills=[
            "x.momenta.emplace_back(1.5, -2.5, 0.5, 3.5); x.momenta.emplace_back(1, 0.5, 1, 2);",
            "x.momenta.clear();",
        ],
        field="a class with a `std::vector<ROOT::Math::PtEtaPhiMVector>`",
        notes=[NESTED],
    ),
    Case(
        "class_derived",
        "a class with a base class, split",
        [{"a": 1, "b": 0.5}, {"a": -2, "b": 1.5}],
        ["int32", "float64"],
        tree="Derived",
        ntuple="Derived",
        fields=["a", "b"],
        fills=["x.a = 1; x.b = 0.5;", "x.a = -2; x.b = 1.5;"],
        field="a class with a base class",
        notes=[INNER],
    ),
    Case(
        "class_derived_whole",
        "a class with a base class, not split",
        [{"a": 1, "b": 0.5}, {"a": -2, "b": 1.5}],
        ["int32", "float64"],
        tree="Derived",
        split=0,
        fields=["a", "b"],
        fills=["x.a = 1; x.b = 0.5;", "x.a = -2; x.b = 1.5;"],
        notes=[INNER],
    ),
    Case(
        "class_array",
        "a class with `int values[3]`, split",
        [{"a": 1, "values": [1, 2, 3]}, {"a": 2, "values": [-4, 0, 6]}],
        ["int32"],
        tree="Fixed",
        ntuple="Fixed",
        fields=["a", "values"],
        field="a class with `int values[3]`",
        notes=[INNER],
    ),
    Case(
        "class_packed",
        "a class with `Double32_t a; //[0,10,8]` and `Float16_t b; //[0,10,8]`, split",
        [{"a": 0.0, "b": 2.5}, {"a": 5.0, "b": 0.0}],
        ["float64", "float32"],
        tree="Narrow",
        fields=["a", "b"],
    ),
    Case(
        "class_pointer",
        "a class with a pointer to a class, split",
        [{"a": 1, "start": {"a": 2, "b": 0.5}}, {"a": 3, "start": {"a": -4, "b": 1.5}}],
        ["int32", "float64"],
        tree="Pointing",
        fields=["a", "start"],
        fills=[
            "Point one{2, 0.5}; x.a = 1; x.start = &one;",
            "Point two{-4, 1.5}; x.a = 3; x.start = &two;",
        ],
        notes=[INNER],
    ),
    Case(
        "vector_of_class",
        "`std::vector` of a class of two numbers",
        [[{"a": 1, "b": 0.5}, {"a": 2, "b": 1.5}], [], [{"a": 3, "b": 2.5}]],
        ["int32", "float64"],
        ntuple="std::vector<Point>",
        fields=["a", "b"],
    ),
    Case(
        "derives_tobject",
        "a class that derives from `TObject`, split",
        [{"channel": 1, "time": 0.5}, {"channel": 2, "time": 1.5}],
        ["int32", "float64", "uint32"],
        tree="Hit",
        ntuple="Hit",
        fields=["channel", "time"],
        fills=["x.channel = 1; x.time = 0.5;", "x.channel = 2; x.time = 1.5;"],
        field="a class that derives from `TObject`",
        notes=[INNER],
    ),
]
