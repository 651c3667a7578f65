"""What files and databases cannot say of a DataFrame's types, as a small document beside the data.

`encode` makes plain arrays of the columns, and the document; `decode` makes the DataFrame of them
again. What would not come back as it was is refused with a TypeError. See frames.py for the use.
"""

import json

import numpy as np
import pandas as pd

NUMBERS = {"bool", "float32", "float64", "int8", "int16", "int32", "int64"}
NUMBERS |= {"uint8", "uint16", "uint32", "uint64"}
MISSING = "_missing"  # after a column's name: the array that says where it has no string


def encode(frame):
    """Return the document as JSON, and the arrays by name: numbers, bool, strings as UTF-8."""
    if not frame.index.equals(pd.RangeIndex(len(frame))) or frame.columns.has_duplicates:
        raise TypeError("the index would be lost: frame.reset_index() makes a column of it")
    entries, arrays = [], {}
    for name in frame:
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise TypeError(f"a column cannot be called {name!r}")
        entry, values, missing = encode_column(frame[name])
        arrays[name] = values
        if missing is not None:
            arrays[name + MISSING] = missing
        array = "S" if missing is not None else str(values.dtype)
        entries.append({"name": name, "array": array, **entry})
    if len(arrays) != len(entries) + sum(entry["array"] == "S" for entry in entries):
        raise TypeError(f"a column is called like that of another's {MISSING} strings")
    return json.dumps(entries), arrays


def decode(document, arrays):
    """Return the DataFrame."""
    columns = {}
    for entry in json.loads(document):
        name = entry["name"]
        columns[name] = decode_column(entry, arrays[name], arrays.get(name + MISSING))
    return pd.DataFrame(columns)


def arrays_of(document):
    """Return the names of the columns, with the type of the array of each; `S` for strings."""
    return {entry["name"]: entry["array"] for entry in json.loads(document)}


def encode_column(column):
    """Return what the document says of a column, its values, and where a string is missing."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        entry, values, _ = encode_column(pd.Series(dtype.categories))
        entry["values"] = [x.decode() if isinstance(x, bytes) else x for x in values.tolist()]
        codes = column.cat.codes.to_numpy()  # -1 where there is none
        return {"type": "category", "of": entry, "ordered": dtype.ordered}, codes, None
    entry = {"type": str(dtype)}
    if pd.api.types.pandas_dtype(entry["type"]) != dtype:
        raise TypeError(f"{column.name}: {dtype!r} is more than its name says")
    if entry["type"] in NUMBERS:
        return entry, column.to_numpy(), None
    if dtype.kind in "mM":  # times: integers, of which the smallest is NaT
        name = "datetime64" if dtype.kind == "M" else "timedelta64"
        entry["numpy"] = f"{name}[{column.dt.unit}]"
        return entry, column.to_numpy(entry["numpy"]).view(np.int64), None
    if entry["type"] not in ("str", "string", "object"):
        raise TypeError(f"{column.name}: columns of {dtype} cannot be kept")
    missing = column.isna().to_numpy()
    texts = ["" if gap else text for text, gap in zip(column, missing, strict=True)]
    if not all(type(text) is str and "\0" not in text for text in texts):
        raise TypeError(f"{column.name}: something else than a string, or one with a null in it")
    if entry["type"] == "object" and not all(gap is None for gap in column[missing]):
        raise TypeError(f"{column.name}: missing values that are not None")
    return entry, np.array([text.encode() for text in texts], "S"), missing


def decode_column(entry, values, missing):
    """Return the column that `encode_column` was given."""
    kind = entry["type"]
    if kind == "category":
        listed, of = entry["of"]["values"], entry["of"]
        if of["type"] in ("str", "string", "object"):
            categories = pd.Series(listed, dtype=of["type"])
        else:
            plain = np.array(listed, "i8" if "numpy" in of else of["type"])
            categories = decode_column(of, plain, None)
        dtype = pd.CategoricalDtype(categories, entry["ordered"])
        return pd.Series(pd.Categorical.from_codes(np.asarray(values, int), dtype=dtype))
    if kind in NUMBERS:
        return pd.Series(np.asarray(values).astype(kind))
    if "numpy" in entry:
        times = pd.Series(np.asarray(values).astype("i8").view(entry["numpy"]))
        return times if kind == entry["numpy"] else times.dt.tz_localize("UTC").astype(kind)
    texts = [text.decode() for text in np.asarray(values).tolist()]
    texts = [None if gap else text for text, gap in zip(texts, missing, strict=True)]
    return pd.Series(texts, dtype=kind)
