"""What a tree or an RNTuple may have besides a type in a branch or a field."""

from __future__ import annotations

from .case import LEAVES, OTHERS, RECORDS, Case

LATE = """auto more = writer->CreateModelUpdater(); more->BeginUpdate();
auto x = more->MakeField<%s>("x"); more->CommitUpdate();"""
PROJECTED = """auto &x = *model->MakeField<%s>("source");
model->AddProjectedField(std::make_unique<ROOT::RField<%s>>("x"),
                         [](const std::string &) { return "source"; });"""
RECORD = """std::vector<std::unique_ptr<ROOT::RFieldBase>> members;
members.push_back(std::make_unique<ROOT::RField<int>>("a"));
members.push_back(std::make_unique<ROOT::RField<double>>("b"));
auto made = std::make_unique<ROOT::RRecordField>("%s", std::move(members));
model->AddField(%s);
auto &x = *static_cast<%s *>(model->GetDefaultEntry().GetPtr<void>("x").get());"""
LAYOUTS = [
    Case(
        "alias",
        'an alias of the tree, `SetAlias("y", "2 * x")`',
        [2, 4],
        ["int32", "float64"],
        tree="int",
        add='int x; tree.Branch("x", &x, "x/I"); tree.SetAlias("y", "2 * x");',
        fills=["x = 1;", "x = 2;"],
        ask="y",
        notes=[OTHERS],
    ),
    Case(
        "friend",
        "a branch `y` of a friend",
        [3, 5],
        ["int32"],
        tree="int",
        add='int x; tree.Branch("x", &x, "x/I"); tree.AddFriend("friend_y");',
        fills=["x = 1;", "x = 2;"],
        ask="y",
        notes=[OTHERS],
    ),
    Case(
        "own_file",
        "a branch in a file of its own",
        [0.5, 1.5],
        ["float64"],
        tree="double",
        add='double x; tree.Branch("x", &x, "x/D")->SetFile("own.root");',
    ),
    Case(
        "dotted",
        "a branch with a dot in its name, `x.y`",
        [3, 5],
        ["int32"],
        tree="int",
        add='int x; tree.Branch("x.y", &x, "y/I");',
        ask="x.y",
    ),
    Case(
        "other_leaf",
        "a branch `x` with a leaf of another name, `y/I`",
        [3, 5],
        ["int32"],
        tree="int",
        add='int x; tree.Branch("x", &x, "y/I");',
    ),
    Case(
        "other_leaf_array",
        "the same with an array, `y[3]/I`",
        [[1, 2, 3], [-4, 0, 6]],
        ["int32"],
        tree="int",
        add='int x[3]; tree.Branch("x", x, "y[3]/I");',
        fills=["x[0] = 1; x[1] = 2; x[2] = 3;", "x[0] = -4; x[1] = 0; x[2] = 6;"],
        notes=[LEAVES],
    ),
    Case(
        "late",
        "a field that was added after the first entry",
        [0.0, 1.5, 2.5],
        ["float64"],
        ntuple="double",
        add="// later",
        fills=[
            "",
            LATE % "double" + " *x = 1.5;",
            "*x = 2.5;",
        ],
    ),
    Case(
        "late_vector",
        "a vector that was added after the first entry",
        [[], [0.5, 1.5], [2.5]],
        ["float32"],
        ntuple="std::vector<float>",
        add="// later",
        fills=[
            "",
            LATE % "std::vector<float>" + " *x = {0.5, 1.5};",
            "*x = {2.5};",
        ],
    ),
    Case(
        "projected",
        "a projection of another field",
        [0.5, 1.5],
        ["float64"],
        ntuple="double",
        add=PROJECTED % ("double", "double"),
    ),
    Case(
        "cardinality",
        "the length of a vector, as a projection",
        [2, 0, 1],
        ["uint64"],
        ntuple="std::vector<float>",
        add=PROJECTED % ("std::vector<float>", "ROOT::RNTupleCardinality<std::uint64_t>"),
        fills=["x = {.5, .5};", "x = {};", "x = {.5};"],
        notes=[RECORDS],
    ),
    Case(
        "untyped",
        "a collection of untyped records",
        [[{"a": 1, "b": 0.5}, {"a": 2, "b": 1.5}], [], [{"a": 3, "b": 2.5}]],
        ["int32", "float64"],
        ntuple="std::vector<Point>",
        fields=["a", "b"],
        add=RECORD
        % (
            "_0",
            'ROOT::RVectorField::CreateUntyped("x", std::move(made))',
            "std::vector<Point>",
        ),
        notes=[RECORDS],
    ),
    Case(
        "untyped_record",
        "an untyped record",
        [{"a": 1, "b": 0.5}, {"a": 2, "b": 1.5}],
        ["int32", "float64"],
        ntuple="Point",
        fields=["a", "b"],
        add=RECORD % ("x", "std::move(made)", "Point"),
        notes=[RECORDS],
    ),
    Case(
        "streamed",
        "`TLorentzVector`, as its streamer writes it",
        [
            {"fX": 1.5, "fY": -2.5, "fZ": 3.5, "fE": 4.5},
            {"fX": 0.0, "fY": 0.5, "fZ": 1.0, "fE": 2.0},
        ],
        ["float64"],
        ntuple="TLorentzVector",
        fields=["fX", "fY", "fZ", "fE"],
        add='model->AddField(std::make_unique<ROOT::RStreamerField>("x", "TLorentzVector"));'
        ' auto &x = *model->GetDefaultEntry().GetPtr<TLorentzVector>("x");',
    ),
]
