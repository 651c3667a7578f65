"""Events with peaks with hits, written to ROOT files from Python, and read back in four ways.

The classes are C++ that ROOT's interpreter compiles and makes the dictionary of: no compiler is
needed. A program that reads the events as objects declares the same classes first.

    python events.py            writes events.root, in it a TTree; and events_ntuple.root
"""

import awkward as ak
import numpy as np
import ROOT
import uproot

ROOT.gInterpreter.Declare("""
struct Hit { short channel; float time, area; };                                // ns, PE
struct Peak { int kind; float time, area; std::vector<Hit> hits; };             // 1: S1, 2: S2
struct Event { long long number, start; std::vector<Peak> peaks; };             // ns
""")

# What RDataFrame makes lists of for each event, and their types in C++.
KINDS = {"peak_kind": "int", "peak_time": "float", "peak_area": "float", "hits": "int"}
KINDS |= {"hit_channel": "short", "hit_time": "float", "hit_area": "float"}


def generate(count, seed=2016):
    """Make events as an awkward array: an S1 and an S2 each, and small peaks of noise."""
    rng = np.random.default_rng(seed)
    # Energy in keV: background of all energies, with the line of krypton-83m in it.
    energy = np.where(rng.random(count) < 0.3, 41.5, np.exp(rng.uniform(0.5, 6.5, count)))
    # Each keV makes 73 photons and electrons in xenon. What of them is seen, and how much at a
    # time, is about as in XENON1T: 0.14 PE of S1 for a photon, 11 PE of S2 for an electron.
    quanta = rng.poisson(73 * energy)
    photons = quanta * (0.75 - 0.4 * np.exp(-energy / 10) + rng.normal(0, 0.04, count))
    seen = 1 + rng.poisson(0.14 * photons)
    s1 = rng.normal(seen, 0.3 * np.sqrt(seen)).clip(0.5)
    drift = rng.uniform(5e3, 650e3, count)  # ns; of the electrons some get lost meanwhile
    s2 = 11 * (1 + rng.poisson((quanta - photons).clip(0) * np.exp(-drift / 600e3)))

    peaks = 2 + rng.poisson(1.5, count)
    first = np.cumsum(peaks) - peaks
    kind = rng.integers(1, 3, peaks.sum())
    area = rng.exponential(np.where(kind == 1, 1.0, 25.0))
    time = rng.uniform(0, 1e6, peaks.sum())
    kind[first], area[first], time[first] = 1, s1, 100e3
    kind[first + 1], area[first + 1], time[first + 1] = 2, s2, 100e3 + drift

    hits = 1 + rng.poisson(np.minimum(area, 6))
    shares = np.repeat(area / hits, hits) * rng.uniform(0.9, 1.1, hits.sum())
    channels = rng.integers(0, 248, hits.sum(), dtype=np.int16)
    times = rng.normal(0, 50, hits.sum()).astype(np.float32)
    inner = nest(hits, channel=channels, time=times, area=shares.astype(np.float32))
    total = ak.sum(inner.area, axis=1)
    outer = nest(
        peaks,
        kind=kind.astype(np.int32),
        time=time.astype(np.float32),
        area=ak.values_astype(total, np.float32),
        hits=inner,
    )
    start = np.int64(1_480_000_000_000_000_000) + np.sort(rng.integers(0, 3600 * 10**9, count))
    return ak.zip({"number": np.arange(count), "start": start, "peaks": outer}, depth_limit=1)


def nest(counts, **columns):
    """Make lists of records, as long as `counts` says, of columns with all their values."""
    return ak.unflatten(ak.zip(columns, depth_limit=1), counts)


def fill(event, record):
    """Put a record of the awkward array, as a dict, into an Event of C++."""
    event.number, event.start = record["number"], record["start"]
    event.peaks.clear()
    for peak in record["peaks"]:
        event.peaks.push_back(ROOT.Peak(peak["kind"], peak["time"], peak["area"]))
        hits = event.peaks.back().hits
        for hit in peak["hits"]:
            hits.push_back(ROOT.Hit(hit["channel"], hit["time"], hit["area"]))


def write_tree(events, path):
    """Write the events as a TTree."""
    # Else ROOT writes the vectors of hits member by member, which uproot cannot read.
    ROOT.TVirtualStreamerInfo.SetStreamMemberWise(False)
    with ROOT.TFile.Open(path, "recreate") as file:
        tree = ROOT.TTree("events", "Events with peaks with hits")
        event = ROOT.Event()
        tree.Branch(
            "event.", event, 32000, 1
        )  # a branch for each member of an event, not of a peak
        for record in ak.to_list(events):
            fill(event, record)
            tree.Fill()
        file.WriteObject(tree, "events")


def write_ntuple(events, path):
    """Write the events as an RNTuple, ROOT's format after the TTree."""
    model = ROOT.RNTupleModel.Create()
    model.MakeField["Event"]("event")
    with ROOT.RNTupleWriter.Recreate(model, "events", path) as writer:
        entry = writer.CreateEntry()
        for record in ak.to_list(events):
            fill(entry["event"], record)
            writer.Fill(entry)


def as_record(event):
    """Make of an Event of C++ what `fill` takes."""
    peaks = [
        {
            "kind": peak.kind,
            "time": peak.time,
            "area": peak.area,
            "hits": [{"channel": h.channel, "time": h.time, "area": h.area} for h in peak.hits],
        }
        for peak in event.peaks
    ]
    return {"number": event.number, "start": event.start, "peaks": peaks}


def read_tree(path):
    """Read the TTree with PyROOT, an object for each event."""
    with ROOT.TFile.Open(path) as file:
        return ak.Array([as_record(entry.event) for entry in file["events"]])


def read_ntuple(path):
    """Read the RNTuple with PyROOT, an object for each event."""
    with ROOT.RNTupleReader.Open("events", path) as reader:
        entry, records = reader.CreateEntry(), []
        for number in range(reader.GetNEntries()):
            reader.LoadEntry(number, entry)
            records.append(as_record(entry["event"]))
    return ak.Array(records)


def read_uproot(path):
    """Read either with uproot, without ROOT and without the classes."""
    with uproot.open(path) as file:
        events = file["events"].arrays()
    if "event" in events.fields:  # an RNTuple has events, a TTree the members of one
        return events.event
    return ak.zip({name: events[f"event.{name}"] for name in ("number", "start", "peaks")},
                  depth_limit=1)  # fmt: skip


def read_dataframe(path):
    """Read either with RDataFrame, a column for each member, and build the events again."""
    frame = ROOT.RDataFrame("events", path)
    for name, kind in KINDS.items():
        loop = "for (auto &peak : event.peaks)"
        loop += " for (auto &hit : peak.hits)" if name.startswith("hit_") else ""
        value = "peak.hits.size()" if name == "hits" else name.replace("_", ".")
        code = f"ROOT::RVec<{kind}> all; {loop} all.push_back({value}); return all;"
        frame = frame.Define(name, code)
    columns = frame.AsNumpy(["event.number", "event.start", *KINDS])
    flat = {name: np.concatenate(columns[name]) for name in KINDS}
    hits = nest(flat["hits"], **{x: flat[f"hit_{x}"] for x in ("channel", "time", "area")})
    peaks = {x: flat[f"peak_{x}"] for x in ("kind", "time", "area")}
    whole = {x: columns[f"event.{x}"] for x in ("number", "start")}
    whole["peaks"] = nest([len(one) for one in columns["hits"]], **peaks, hits=hits)
    return ak.zip(whole, depth_limit=1)


if __name__ == "__main__":
    events = generate(2000)
    write_tree(events, "events.root")
    write_ntuple(events, "events_ntuple.root")
    for path, read in {"events.root": read_tree, "events_ntuple.root": read_ntuple}.items():
        for way in (read, read_uproot, read_dataframe):
            assert ak.to_list(way(path)) == ak.to_list(events), f"{path}: {way.__name__}"
            print(f"{path}: {way.__name__}: {len(events)} events, all as they were generated")
