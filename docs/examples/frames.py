"""A DataFrame to ROOT, HDF5, BSON and MongoDB and back, without loss of type.

python frames.py                                  ROOT, HDF5 and BSON, in this folder
python frames.py mongodb://127.0.0.1:27017        a MongoDB server as well
"""

import sys

import awkward as ak
import bson
import h5py
import numpy as np
import pandas as pd
import pymongo
import schema
import tables
import uproot


def to_root(frame, path):
    """Write a TTree, strings as such, and the schema beside it."""
    document, arrays = schema.encode(frame)
    kinds = {name: array.dtype for name, array in arrays.items()}
    for name, kind in kinds.items():
        if kind.kind == "S":
            arrays[name] = ak.from_numpy(np.strings.decode(arrays[name], "utf-8"))
            kinds[name] = "string"
    with uproot.recreate(path) as file:
        file["schema"] = document
        file.mktree("frame", kinds)
        file["frame"].extend(arrays)


def from_root(path):
    """Read what `to_root` wrote."""
    with uproot.open(path) as file:
        arrays = file["frame"].arrays(library="np")
        for name, array in arrays.items():
            if array.dtype == object:
                arrays[name] = np.array([text.encode() for text in array], "S")
        return schema.decode(str(file["schema"]), arrays)


def to_h5py(frame, path):
    """Write HDF5 with h5py: a dataset for each column, the schema as an attribute."""
    document, arrays = schema.encode(frame)
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = document
        for name, array in arrays.items():
            file[name] = array


def from_h5py(path):
    """Read HDF5 with h5py, whichever of the two wrote it."""
    with h5py.File(path) as file:
        return schema.decode(file.attrs["schema"], {name: file[name][()] for name in file})


def to_pytables(frame, path):
    """Write HDF5 with PyTables, in the same layout."""
    document, arrays = schema.encode(frame)
    with tables.open_file(path, "w") as file:
        file.root._v_attrs["schema"] = document
        for name, array in arrays.items():
            file.create_array("/", name, array)


def from_pytables(path):
    """Read HDF5 with PyTables, whichever of the two wrote it."""
    with tables.open_file(path) as file:
        arrays = {node.name: node.read() for node in file.iter_nodes("/")}
        return schema.decode(str(file.root._v_attrs["schema"]), arrays)


def to_documents(frame):
    """Return a document for each row, of what BSON can hold, after one with the schema.

    Times are integers, since dates of BSON end at the millisecond; unsigned integers of 64 bits
    are signed ones of the same bits, since it has no others; categories are their codes; and what
    is missing is null.
    """
    document, arrays = schema.encode(frame)
    columns = {}
    for name in schema.arrays_of(document):
        array = arrays[name]
        if array.dtype.kind == "S":
            array = np.strings.decode(array, "utf-8")
        elif array.dtype == "uint64":
            array = array.view("int64")
        gaps = arrays.get(name + schema.MISSING, array != array)  # NaN is not itself
        columns[name] = np.where(gaps, None, array.astype(object)).tolist()
    yield {"_row": -1, "schema": document}
    for number, values in enumerate(zip(*columns.values(), strict=True)):
        yield {"_row": number, **dict(zip(columns, values, strict=True))}


def from_documents(documents):
    """Make a DataFrame of what `to_documents` made, in the same order."""
    head, *rows = documents
    arrays = {}
    for name, kind in schema.arrays_of(head["schema"]).items():
        values = [row[name] for row in rows]
        if kind == "S":
            arrays[name] = np.array([(text or "").encode() for text in values], "S")
            arrays[name + schema.MISSING] = np.array([text is None for text in values], bool)
        else:
            arrays[name] = np.array(values, kind.replace("uint64", "int64")).view(kind)
    return schema.decode(head["schema"], arrays)


def to_bson(frame, path):
    """Write a file of BSON documents, as mongodump makes them."""
    with open(path, "wb") as file:
        for document in to_documents(frame):
            file.write(bson.encode(document))


def from_bson(path):
    """Read what `to_bson` wrote."""
    with open(path, "rb") as file:
        return from_documents(bson.decode_file_iter(file))


def to_mongo(frame, server):
    """Put the rows into the collection `frames.example` of a server, in place of what it has."""
    with pymongo.MongoClient(server) as client:
        client.frames.example.drop()
        client.frames.example.insert_many(to_documents(frame))


def from_mongo(server):
    """Read what `to_mongo` put there."""
    with pymongo.MongoClient(server) as client:
        return from_documents(client.frames.example.find().sort("_row"))


def example(rows=1000):
    """Make a DataFrame with columns of every type, at their limits, and with gaps."""
    rng = np.random.default_rng(2016)
    columns = {"flag": rng.random(rows) < 0.5}
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        limits = np.iinfo(name)
        columns[name] = rng.integers(limits.min, limits.max, rows, name, endpoint=True)
        columns[name][:2] = limits.min, limits.max
    for name in ("float32", "float64"):
        columns[name] = rng.lognormal(0, 10, rows).astype(name)
        columns[name][:3] = np.nan, -0.0, np.finfo(name).smallest_subnormal
    times = rng.integers(0, 2**62, rows).astype("datetime64[ns]")
    times[::7] = np.datetime64("NaT")
    columns["time"] = times
    columns["local"] = pd.Series(times).dt.tz_localize("UTC").dt.tz_convert("Europe/Rome")
    columns["drift"] = times - times[1]
    texts = np.array(["S1", "S2", "", "überschüssig", None], object)[rng.integers(0, 5, rows)]
    columns["object"] = pd.Series(texts, dtype=object)
    columns["text"] = pd.Series(texts, dtype="str")
    kinds = np.array(["S1", "S2", None], object)[rng.integers(0, 3, rows)]
    columns["kind"] = pd.Categorical(kinds, ["S2", "S1", "unused"], ordered=True)
    columns["run"] = pd.Categorical(rng.integers(3, 6, rows), [5, 4, 3])
    return pd.DataFrame(columns)


if __name__ == "__main__":
    frame = example()
    ways = [
        ("frame.root", to_root, from_root),
        ("h5py.h5", to_h5py, from_h5py),
        ("pytables.h5", to_pytables, from_pytables),
        ("h5py.h5", to_h5py, from_pytables),
        ("pytables.h5", to_pytables, from_h5py),
        ("frame.bson", to_bson, from_bson),
    ]
    ways += [(server, to_mongo, from_mongo) for server in sys.argv[1:]]
    for place, write, read in ways:
        write(frame, place)
        pd.testing.assert_frame_equal(read(place), frame, check_exact=True)
        print(f"{place}: {write.__name__}, {read.__name__}: {frame.shape} equal, types too")
