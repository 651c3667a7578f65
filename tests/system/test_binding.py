"""Who binds to whom: the simulation against the dynamic linker, with little libraries."""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from rootstock.audit.binding import Definitions, Session
from rootstock.audit.link import Linker, Tree
from rootstock.core import elf, elf_symbols

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc on this machine"),
]

# Loads the files of its arguments: with RTLD_GLOBAL those after a "+", with RTLD_LOCAL the others.
PROGRAM = """
#include <dlfcn.h>
#include <stdio.h>
#ifdef COPY
extern int v; /* with -no-pie it becomes the program's own: R_X86_64_COPY */
#else
static int v = 1;
#endif
int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        int everywhere = words[i][0] == '+';
        if (!dlopen(words[i] + everywhere, RTLD_NOW | (everywhere ? RTLD_GLOBAL : RTLD_LOCAL))) {
            puts(dlerror());
            return 1;
        }
    }
    return v - 1;
}
"""
# What LD_DEBUG=bindings prints (ld.so(8)).
BINDING = re.compile(
    r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: \w+ symbol `(\w+)'(?: \[(\S+)\])?"
)


@dataclass(frozen=True)
class Library:
    """A library to compile: its code, what it needs, options, and a script with its versions."""

    code: str
    needed: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    versions: str = ""


def define(name: str, number: int = 0) -> str:
    return f"int {name}(void) {{ return {number}; }} "


def call(*names: str, by: str) -> str:
    declared = "".join(f"int {name}(void); " for name in names)
    return f"{declared} int {by}(void) {{ return {' + '.join(f'{name}()' for name in names)}; }}"


def unique(name: str, by: str) -> str:
    """A variable of which a process has one, as C++ makes for variables of inline functions."""
    kind = f'__asm__(".type {name}, @gnu_unique_object");'
    return f"int {name} = 1; {kind} int *{by}(void) {{ return &{name}; }}"


V1, V2 = "V1 { global: f; local: *; };", "V2 { global: f; local: *; };"
OLD = "V1 { global: f; }; V2 { global: f; };"
CASES: dict[str, tuple[dict[str, Library], tuple[str, ...], tuple[str, ...]]] = {
    # name: the libraries, those that the program needs, those that it loads
    "the first that the program needs": (
        {
            "a": Library(call("f", by="use_a"), ("c",)),
            "b": Library(define("f", 1) + call("f", by="use_b")),
            "c": Library(define("f", 2) + call("f", by="use_c")),
        },
        ("a", "b"),
        (),
    ),
    "breadth first": (
        {
            "a": Library(call("f", by="use_a"), ("deep",)),
            "deep": Library(call("f", by="use_deep"), ("deeper",)),
            "deeper": Library(define("f", 1)),
            "b": Library(call("f", by="use_b"), ("flat",)),
            "flat": Library(define("f", 2)),
        },
        (),
        ("a", "b", "+a", "b"),
    ),
    "the same order in a program": (
        {
            "a": Library(call("f", by="use_a"), ("deep",)),
            "deep": Library(call("f", by="use_deep"), ("deeper",)),
            "deeper": Library(define("f", 1)),
            "b": Library(call("f", by="use_b"), ("flat",)),
            "flat": Library(define("f", 2)),
        },
        ("a", "b"),
        (),
    ),
    "two of their own": (
        {
            "x": Library(define("f", 1) + call("f", by="use_x")),
            "y": Library(define("f", 2) + call("f", by="use_y")),
        },
        (),
        ("x", "y"),
    ),
    "one for all to see": (
        {
            "x": Library(define("f", 1) + call("f", by="use_x")),
            "y": Library(define("f", 2) + call("f", by="use_y")),
        },
        (),
        ("+x", "y"),
    ),
    "one for all to see afterwards": (
        {
            "x": Library(define("f", 1)),
            "y": Library(define("f", 2) + call("f", by="use_y")),
            "z": Library(call("f", by="use_z"), ("y",)),
        },
        (),
        ("x", "z", "+x", "y"),
    ),
    "what is loaded with one is for all to see": (
        {
            "x": Library(call("f", by="use_x"), ("low",)),
            "low": Library(define("f", 1)),
            "y": Library(define("f", 2) + call("f", by="use_y")),
        },
        (),
        ("+x", "y"),
    ),
    "symbolic": (
        {
            "x": Library(define("f", 1) + define("g", 1)),
            "y": Library(define("f", 2) + call("f", "g", by="use_y"), options=("-Wl,-Bsymbolic",)),
        },
        (),
        ("+x", "y"),
    ),
    "protected": (
        {
            "x": Library(define("f", 1) + define("g", 1)),
            "y": Library(
                '__attribute__((visibility("protected"))) '
                + define("f", 2)
                + call("f", "g", by="use_y")
            ),
        },
        (),
        ("+x", "y"),
    ),
    "hidden": (
        {
            "x": Library(define("f", 1)),
            "y": Library(
                '__attribute__((visibility("hidden"))) ' + define("f", 2) + call("f", by="use_y")
            ),
        },
        (),
        ("+x", "y"),
    ),
    "versions": (
        {
            "x": Library(define("f", 1), versions=V1),
            "y": Library(define("f", 2), versions=V2),
            "z": Library(call("f", by="use_z"), ("y",)),
        },
        (),
        ("+x", "z"),
    ),
    "equal versions": (
        {
            "x": Library(define("f", 1), versions=V2),
            "y": Library(define("f", 2), versions=V2),
            "z": Library(call("f", by="use_z"), ("y",)),
        },
        (),
        ("+x", "z"),
    ),
    "a definition without a version": (
        {
            "x": Library(define("f", 1)),
            "y": Library(define("f", 2), versions=V2),
            "z": Library(call("f", by="use_z"), ("y",)),
        },
        (),
        ("+x", "z"),
    ),
    "a want without a version": (
        {
            "x": Library(define("f", 1)),
            "y": Library(
                'int f_1(void) { return 2; } __asm__(".symver f_1, f@V1"); '
                'int f_2(void) { return 3; } __asm__(".symver f_2, f@@V2"); ',
                versions="V1 { local: f_*; }; V2 { };",
            ),
            "z": Library(call("f", by="use_z")),
        },
        (),
        ("+y", "+x", "z"),
    ),
    "unique": (
        {
            "x": Library(unique("u", by="use_x") + define("f", 1) + call("f", by="call_x")),
            "y": Library(unique("u", by="use_y") + define("f", 2) + call("f", by="call_y")),
            "z": Library(unique("u", by="use_z") + define("f", 3) + call("f", by="call_z")),
        },
        (),
        ("x", "y", "+z"),
    ),
    "weak": (
        {
            "x": Library("__attribute__((weak)) " + define("f", 1)),
            "y": Library(define("f", 2) + call("f", by="use_y")),
            "z": Library("int f(void) __attribute__((weak)); int use_z(void) { return f(); }"),
        },
        (),
        ("+x", "+y", "z"),
    ),
    "a copy in the program": (
        {
            "x": Library("int v = 1; int *use_x(void) { return &v; }"),
            "y": Library("int v = 2; int *use_y(void) { return &v; }"),
        },
        ("x",),
        ("y",),
    ),
}


def compiled(folder: Path, output: str, code: str, *options: str) -> None:
    (folder / f"{output}.c").write_text(code)
    words = ["gcc", "-w", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN", "-L.", "-o", output]
    words += [f"{output}.c", *options]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def made(folder: Path, libraries: dict[str, Library], needed: tuple[str, ...], *more: str) -> None:
    """Compile the libraries, those that others need first, and the program."""
    for name, one in [*libraries.items()][::-1] * 2:  # each finds what it needs the second time
        versions = folder / "versions"
        versions.write_text(one.versions)
        script = ["-Wl,--version-script=versions"] if one.versions else []
        there = [f"-l:{other}.so" for other in one.needed if (folder / f"{other}.so").exists()]
        options = ["-shared", "-fPIC", f"-Wl,-soname,{name}.so", *script, *one.options, *there]
        compiled(folder, f"{name}.so", one.code, *options)
    compiled(folder, "program", PROGRAM, *more, *(f"-l:{name}.so" for name in needed))


def by_the_linker(folder: Path, *words: str) -> dict[tuple[str, str], str]:
    """Which file defines what each file looks up, by the dynamic linker's own account."""
    done = subprocess.run(
        [folder / "program", *words],
        env={"LD_DEBUG": "bindings", "LD_BIND_NOW": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    own = {path.name for path in folder.iterdir()}
    found: dict[tuple[str, str], str] = {}
    for line in done.stderr.splitlines():
        if binding := BINDING.search(line):
            file, other, symbol, version = binding.groups()
            if {Path(file).name, Path(other).name} <= own:
                key = f"{symbol}@{version}" if version else symbol
                found.setdefault((Path(file).name, key), Path(other).name)
    return found


def defined_twice(folder: Path) -> set[str]:
    """What more than one file defines, by nm: each name, and each with its versions."""
    count: Counter[str] = Counter()
    keys = set()
    for path in (folder / "program", *folder.glob("*.so")):
        words = ["nm", "-D", "--defined-only", str(path)]
        lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        defined = {line.split()[-1] for line in lines.splitlines()}
        keys |= {key.replace("@@", "@") for key in defined}
        count.update({key.partition("@")[0] for key in defined})
    return {key for key in {*keys, *count} if count[key.partition("@")[0]] > 1}


def simulated(folder: Path, *words: str) -> dict[tuple[str, str], str]:
    files = {path.name: path for path in folder.iterdir() if path.suffix == ".so"}
    files["program"] = folder / "program"
    elves = {name: read for name, path in files.items() if (read := elf.read(path))}
    names = frozenset(key.partition("@")[0].encode() for key in defined_twice(folder))
    definitions = Definitions(elves, cache(lambda name: elf_symbols.read(files[name])), names)
    session = Session(Linker(Tree(files, {}), elves.get, {}), definitions)
    session.load("program", everywhere=True)
    for word in words:
        session.load(
            Path(word.removeprefix("+")).name, everywhere=word[0] == "+", program="program"
        )
    return {
        (file, key.decode()): other
        for file, found in session.bindings.items()
        for key, other in found.items()
    }


@pytest.mark.parametrize("case", CASES)
def test_the_simulation_agrees_with_the_linker(tmp_path: Path, case: str) -> None:
    libraries, needed, loaded = CASES[case]
    copied = case == "a copy in the program"
    more = ("-no-pie", "-fno-pie", "-DCOPY") if copied else ()
    made(tmp_path, libraries, needed, *more)
    words = [f"{'+' * (w[0] == '+')}{tmp_path / w.removeprefix('+')}.so" for w in loaded]
    real = by_the_linker(tmp_path, *words)
    found = simulated(tmp_path, *words)
    several = defined_twice(tmp_path)
    assert found == {where: other for where, other in real.items() if where[1] in several}
    assert bool(found) == (case not in ("symbolic", "protected", "hidden"))
