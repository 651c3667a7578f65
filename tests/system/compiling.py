"""Little libraries and programs, made with the machine's own compiler and nothing of its glibc."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM = {"-pie", "-no-pie"}


def compiled(folder: Path, name: str, code: str, *options: str, **files: str) -> bytes:
    """Compile C code to a library of that name, or to a program with -pie or -no-pie.

    It is made in `folder`, where `files` are written first and libraries are searched.
    """
    for file, content in files.items():
        (folder / file).write_text(content)
    (folder / "a.c").write_text(code)
    words = ["gcc", "-w", "-nostdlib", "-fPIC", "-Wl,--no-as-needed", "-L.", "-o", name, "a.c"]
    words += options
    if not _PROGRAM & {*options}:
        words += ["-shared", f"-Wl,-soname,{name}"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return (folder / name).read_bytes()


@dataclass
class Compiler:
    """Compiles in one folder, and the same only once."""

    folder: Path
    made: dict[tuple[str, ...], bytes] = field(default_factory=dict)

    def library(self, code: str = "void a(){}", *options: str, name: str = "liba.so") -> bytes:
        """A library from C code; the next can be linked with it."""
        key = (name, code, *options)
        if key not in self.made:
            self.made[key] = compiled(self.folder, name, code, *options)
        (self.folder / name).write_bytes(self.made[key])
        return self.made[key]

    def needing(self, symbol: str, *options: str, of: str = "", weak: bool = False) -> bytes:
        """A library, or a program, that needs a symbol: NAME, or NAME@VERSION of a library."""
        name, _, version = symbol.partition("@")
        if version:
            (self.folder / f"{symbol}.map").write_text(f"{version} {{ global: {name}; }};")
            script = f"-Wl,--version-script={symbol}.map"
            self.library(f"void {name}(){{}}", "-fno-builtin", script, name=of)
        elif of:
            self.library(f"void {name}(){{}}", "-fno-builtin", name=of)
        link = [f"-l:{of}"] if of else []
        start = "_start" if _PROGRAM & {*options} else "a"
        attribute = "__attribute__((weak))" if weak else ""
        code = f"void {name}() {attribute}; void {start}(){{ if ({name}) {name}(); }} // {symbol}"
        return self.library(code, "-fno-builtin", *options, *link)
