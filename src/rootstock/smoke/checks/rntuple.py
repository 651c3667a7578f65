"""An RNTuple, with rows of unequal length, is written and read back."""

import ROOT

ENTRIES = 500

model = ROOT.RNTupleModel.Create()
model.MakeField["int"]("number")
model.MakeField["std::vector<double>"]("hits")
model.MakeField["std::string"]("label")
with ROOT.RNTupleWriter.Recreate(model, "events", "ntuple.root") as writer:
    entry = writer.CreateEntry()
    for i in range(ENTRIES):
        entry["number"] = i * i
        entry["hits"] = [i + 0.5 * k for k in range(i % 4)]
        entry["label"] = f"event {i}"
        writer.Fill(entry)

reader = ROOT.RNTupleReader.Open("events", "ntuple.root")
assert reader.GetNEntries() == ENTRIES, reader.GetNEntries()
entry = reader.CreateEntry()
for i in range(ENTRIES):
    reader.LoadEntry(i, entry)
    assert entry["number"] == i * i, (i, entry["number"])
    assert list(entry["hits"]) == [i + 0.5 * k for k in range(i % 4)], (i, list(entry["hits"]))
    assert str(entry["label"]) == f"event {i}", (i, str(entry["label"]))
