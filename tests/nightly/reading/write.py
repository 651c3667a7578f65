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
#include <atomic>
#include <bitset>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstring>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>
#include <Math/Vector3D.h>
#include <Math/Vector4D.h>
#include <ROOT/RField.hxx>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <ROOT/RVec.hxx>
#include <TArrayD.h>
#include <TArrayI.h>
#include <TBits.h>
#include <TClonesArray.h>
#include <TDatime.h>
#include <TH1D.h>
#include <TLorentzVector.h>
#include <TMatrixD.h>
#include <TObjString.h>
#include <TRef.h>
#include <TTimeStamp.h>
#include <TTree.h>
#include <TVector2.h>
#include <TVector3.h>
#include <TVectorD.h>
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


def fills(case: dict[str, Any], kind: str) -> list[str]:
    """C++ that puts each value into `x`."""
    cpp, leaf = case[kind], case["leaf"] if kind == "tree" else ""
    if case["fills"]:
        return list(case["fills"])
    if leaf == "x/C":
        return [f"std::strcpy(x, {json.dumps(value)});" for value in case["values"]]
    if leaf:
        return [elements(value, cpp) for value in case["values"]]
    made = map(literal, case["values"])
    return [f"x = {cpp}{one};" if one.startswith("{") else f"x = {cpp}({one});" for one in made]


def elements(value: Any, cpp: str) -> str:
    """C++ that puts a value into the array `x`, and its length into `n`."""
    lines = [f"n = {len(value) if isinstance(value, list) else 0};"]
    for at, item in enumerate(flat(value)):
        made = literal(item)
        lines.append(f"x[{at}] = {cpp}{made};" if made[0] == "{" else f"x[{at}] = {cpp}({made});")
    return " ".join(lines)


def branch(case: dict[str, Any]) -> str:
    """C++ that writes the tree of a case."""
    cpp, leaf = case["tree"], case["leaf"]
    add = (
        f'{cpp} x[64]; tree.Branch("x", x, "{leaf}");'
        if leaf
        else f'{cpp} x; tree.Branch("x", &x, 32000, {case["split"]});'
    )
    lines = [
        f'TTree tree("{case["name"]}", ""); int i = 0, n = 0;',
        'tree.Branch("i", &i, "i/I");',
        *(['tree.Branch("n", &n, "n/I");'] if "[n]" in leaf else []),
        case["add"] or add,
        'if (tree.GetNbranches() < 2) throw std::runtime_error("ROOT made no branch");',
        *(f"{fill} tree.Fill(); ++i;" for fill in fills(case, "tree")),
        "tree.Write();",
    ]
    return "\n".join(lines)


def field(case: dict[str, Any]) -> str:
    """C++ that writes the RNTuple of a case."""
    cpp = case["ntuple"]
    lines = [
        'auto model = ROOT::RNTupleModel::Create(); auto &i = *model->MakeField<int>("i");',
        case["add"] or f'auto &x = *model->MakeField<{cpp}>("x");',
        "i = 0;",
        f'auto writer = ROOT::RNTupleWriter::Append(std::move(model), "{case["name"]}", file);',
        *(f"{fill} writer->Fill(); ++i;" for fill in fills(case, "ntuple")),
    ]
    return "\n".join(lines)


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
