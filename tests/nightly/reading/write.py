"""Write what cases.py says, each type in a tree and in an RNTuple of its own, beside a number `i`.

python -I write.py CASES.json FOLDER
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import ROOT

HEADERS = """
#include <array>
#include <bitset>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <ROOT/RField.hxx>
#include <ROOT/RVec.hxx>
#include <TLorentzVector.h>
#include <TTree.h>
#include <TVector3.h>
"""


def literal(value: Any) -> str:
    """A value as C++ writes it."""
    if value is None:
        return "std::nullopt"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"std::string({json.dumps(value, ensure_ascii=False)})"
    if isinstance(value, float):
        if math.isfinite(value):
            return repr(value)
        return "NAN" if math.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    if isinstance(value, int):
        if value >= 0:
            return f"{value}ULL" if value >= 2**63 else f"{value}"
        return f"({value + 1}LL - 1)" if value < -(2**31) + 1 else f"{value}"
    items = value.values() if isinstance(value, dict) else value
    return "{" + ", ".join(literal(item) for item in items) + "}"


def flat(value: Any) -> list[Any]:
    """The numbers of an array of any number of dimensions."""
    return [n for item in value for n in flat(item)] if isinstance(value, list) else [value]


def branch(case: dict[str, Any]) -> str:
    """C++ that writes the tree of a case."""
    cpp, leaf = case["tree"], case["leaf"]
    fill = []
    for row, value in enumerate(case["values"]):
        made = case["literals"][row] if case["literals"] else ""
        if leaf == "x/C":
            fill.append(f"std::strcpy(x, {json.dumps(value)});")
        elif leaf and not made:
            items = flat(value)
            fill += [
                f"x[{at}] = {cpp}({literal(item)});"
                if not isinstance(item, dict)
                else f"x[{at}] = {cpp}{literal(item)};"
                for at, item in enumerate(items)
            ]
            fill.append(f"n = {len(value) if isinstance(value, list) else 0};")
        elif leaf:
            fill.append(f"x[0] = {made};")
        else:
            made = made or literal(value)
            fill.append(f"x = {cpp}{made};" if made.startswith("{") else f"x = {cpp}({made});")
        fill.append("tree.Fill(); ++i;")
    place = f"{cpp} x[64]" if leaf else f"{cpp} x"
    add = (
        f'tree.Branch("x", x, "{leaf}");'
        if leaf
        else (f'tree.Branch("x", &x, 32000, {case["split"]});')
    )
    lines = [
        f'TTree tree("{case["name"]}", ""); int i = 0, n = 0; {place};',
        'tree.Branch("i", &i, "i/I");',
        *(['tree.Branch("n", &n, "n/I");'] if "[n]" in leaf else []),
        add,
        *fill,
        *(['tree.SetAlias("y", "2 * x");'] if case["name"] == "alias" else []),
        *(['tree.AddFriend("friend_y");'] if case["name"] == "friend" else []),
        "tree.Write();",
    ]
    return "\n".join(lines)


def field(case: dict[str, Any]) -> str:
    """C++ that writes the RNTuple of a case."""
    cpp = case["ntuple"]
    values = case["literals"] or [literal(value) for value in case["values"]]
    if case["half"]:
        add = (
            f'auto f = std::make_unique<ROOT::RField<{cpp}>>("x"); f->SetHalfPrecision();'
            f'model->AddField(std::move(f)); auto x = model->GetDefaultEntry().GetPtr<{cpp}>("x");'
        )
    else:
        add = f'auto x = model->MakeField<{cpp}>("x");'
    return "\n".join(
        [
            'auto model = ROOT::RNTupleModel::Create(); auto i = model->MakeField<int>("i");',
            f"{add} *i = 0;",
            f'auto writer = ROOT::RNTupleWriter::Append(std::move(model), "{case["name"]}", file);',
            *(
                f"*x = {cpp}{made}; writer->Fill(); ++*i;"
                if made.startswith("{")
                else f"*x = {cpp}({made}); writer->Fill(); ++*i;"
                for made in values
            ),
        ]
    )


def main() -> None:
    """Write `tree.root` and `ntuple.root` into the folder."""
    plan_file, folder = sys.argv[1:]
    with open(plan_file) as opened:
        plan = json.load(opened)
    assert ROOT.gInterpreter.Declare(HEADERS + plan["classes"] + plan["unknown"])
    for case in plan["cases"]:
        if case["fields"]:
            ROOT.TClass.GetClass(case["tree"])
    for kind, write in (("tree", branch), ("ntuple", field)):
        file = ROOT.TFile(f"{folder}/{kind}.root", "RECREATE")
        if kind == "tree":
            friend = 'TTree tree("friend_y", ""); int y; tree.Branch("y", &y, "y/I");'
            run(
                "friend_y",
                f"{friend} for (int v : {{3, 5}}) {{ y = v; tree.Fill(); }} tree.Write();",
                file,
            )
        for case in plan["cases"]:
            if case[kind]:
                run(f"{kind}_{case['name']}", write(case), file)
        file.Close()


def run(name: str, body: str, file: Any) -> None:
    """Compile C++ and run it, or say what it was."""
    if not ROOT.gInterpreter.Declare(f"void write_{name}(TFile &file) {{ file.cd();\n{body}\n}}"):
        sys.exit(f"{name} cannot be compiled:\n{body}")
    getattr(ROOT, f"write_{name}")(file)


if __name__ == "__main__":
    main()
