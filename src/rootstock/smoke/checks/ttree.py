"""Trees, with rows of unequal length, are written and read back with every compression."""

from array import array

import ROOT

ENTRIES = 500
ZLIB, LZMA, LZ4, ZSTD = 101, 207, 404, 505  # algorithm * 100 + level

for compression in (ZLIB, LZMA, LZ4, ZSTD):
    name = f"tree{compression}.root"
    file = ROOT.TFile(name, "RECREATE", "", compression)
    tree = ROOT.TTree("t", "")
    number = array("i", [0])
    hits = ROOT.std.vector["double"]()
    label = ROOT.std.string()
    tree.Branch("number", number, "number/I")
    tree.Branch("hits", hits)
    tree.Branch("label", label)
    for i in range(ENTRIES):
        number[0] = i * i
        hits.assign([i + 0.5 * k for k in range(i % 4)])
        label.assign(f"event {i}")
        tree.Fill()
    tree.Write()
    file.Close()

    file = ROOT.TFile.Open(name)
    assert file.GetCompressionSettings() == compression, file.GetCompressionSettings()
    tree = file.Get("t")
    assert tree.GetEntries() == ENTRIES
    assert tree.GetZipBytes() < tree.GetTotBytes(), "nothing was compressed"
    for i, row in enumerate(tree):
        assert row.number == i * i, (i, row.number)
        assert list(row.hits) == [i + 0.5 * k for k in range(i % 4)], (i, list(row.hits))
        assert str(row.label) == f"event {i}", (i, str(row.label))
    selected = tree.Draw("number", "Sum$(hits) > 600", "goff")
    expected = sum(sum(i + 0.5 * k for k in range(i % 4)) > 600 for i in range(ENTRIES))
    assert selected == expected, (selected, expected)
    file.Close()
