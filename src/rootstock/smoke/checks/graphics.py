"""Pictures are right, pixel by pixel, without a display: PNG, PDF and SVG."""

import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import ROOT

WIDTH, HEIGHT = 400, 300


def decode(png: bytes) -> list[list[tuple[int, ...]]]:
    """Return the rows of pixels of a PNG of 8 bits per channel, not interlaced (RFC 2083)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n", png[:8]
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        (size,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size :][:4])[0] == zlib.crc32(kind + body), kind
        chunks[kind] = chunks.get(kind, b"") + body
        at += size + 12
    assert "IEND" in map(bytes.decode, chunks), list(chunks)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert depth == 8 and not interlaced, (depth, interlaced)
    step = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    data = zlib.decompress(chunks[b"IDAT"])
    stride = width * step
    above = bytes(stride)
    rows = []
    for start in range(0, height * (stride + 1), stride + 1):
        row = unfilter(data[start], data[start + 1 : start + 1 + stride], above, step)
        pixels = [tuple(row[i : i + step]) for i in range(0, stride, step)]
        if colour == 3:
            palette = chunks[b"PLTE"]
            pixels = [tuple(palette[3 * i : 3 * i + 3]) for (i,) in pixels]
        rows.append(pixels)
        above = row
    return rows


def unfilter(method: int, line: bytes, above: bytes, step: int) -> bytes:
    """Undo the filter of one row."""
    row = bytearray(line)
    for i, value in enumerate(row):
        left, corner = (row[i - step], above[i - step]) if i >= step else (0, 0)
        up = above[i]
        estimate = left + up - corner
        nearest = min((left, up, corner), key=lambda near: abs(estimate - near))
        row[i] = (value + (0, left, up, (left + up) // 2, nearest)[method]) & 0xFF
    return bytes(row)


ROOT.gROOT.SetBatch(True)
ROOT.gErrorIgnoreLevel = ROOT.kWarning
canvas = ROOT.TCanvas("c", "", WIDTH, HEIGHT)
canvas.SetCanvasSize(WIDTH, HEIGHT)
box = ROOT.TBox(0.25, 0.25, 0.75, 0.75)
box.SetFillColor(ROOT.kRed)
box.Draw()
label = ROOT.TLatex(0.05, 0.85, "graft #alpha")
label.Draw()
for kind in ("png", "pdf", "svg"):
    canvas.SaveAs(f"picture.{kind}")

rows = decode(Path("picture.png").read_bytes())
assert (len(rows[0]), len(rows)) == (WIDTH, HEIGHT), (len(rows[0]), len(rows))
assert rows[HEIGHT // 2][WIDTH // 2][:3] == (255, 0, 0), rows[HEIGHT // 2][WIDTH // 2]
assert rows[HEIGHT - 20][WIDTH - 20][:3] == (255, 255, 255), rows[HEIGHT - 20][WIDTH - 20]
dark = sum(sum(pixel[:3]) < 200 for row in rows[:70] for pixel in row)
assert dark > 100, f"the label has only {dark} dark pixels"

pdf = Path("picture.pdf").read_bytes()
assert pdf.startswith(b"%PDF-1.") and pdf.rstrip().endswith(b"%%EOF"), pdf[:9]
assert b"/Page" in pdf and b"/Font" in pdf

svg = ElementTree.parse("picture.svg").getroot()
assert svg.tag == "{http://www.w3.org/2000/svg}svg", svg.tag
drawing = Path("picture.svg").read_text()
assert "graft" in drawing and "#ff0000" in drawing.lower(), drawing[:400]
