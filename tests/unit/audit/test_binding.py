"""What files bind to, over files that are only described; tests/system compares it with ld.so."""

from pathlib import Path

from rootstock.audit.binding import Definitions, Session
from rootstock.audit.link import Linker, Tree
from rootstock.core.elf import Elf, export_keys
from rootstock.core.elf_symbols import Symbols

NAMES = frozenset({b"f", b"u"})


def lib(name: str, *needed: str, defines: tuple[bytes, ...] = (b"f",)) -> Elf:
    exports = frozenset(key for one in defines for key in export_keys(one))
    return Elf(soname=name, needed=needed, exports=exports, rpath="$ORIGIN")


def symbols(*looked_up: bytes, unique: tuple[bytes, ...] = (), symbolic: bool = False) -> Symbols:
    return Symbols(
        strong=frozenset(),
        unique=frozenset(unique),
        looked_up=frozenset(looked_up),
        symbolic=symbolic,
    )


def session(elves: dict[str, Elf], of: dict[str, Symbols]) -> Session:
    linker = Linker(Tree({name: Path("/x") / name for name in elves}, {}), elves.get, {})
    return Session(linker, Definitions(elves, of.__getitem__, NAMES))


def test_what_was_loaded_for_all_comes_before_a_files_own() -> None:
    elves = {"a": lib("a"), "b": lib("b")}
    of = {"a": symbols(b"f"), "b": symbols(b"f")}
    alone = session(elves, of)
    alone.load("a")
    alone.load("b")
    assert alone.bindings == {"a": {b"f": "a"}, "b": {b"f": "b"}}
    shared = session(elves, of)
    shared.load("a", everywhere=True)
    shared.load("b")
    assert shared.bindings["b"] == {b"f": "a"}


def test_a_symbolic_file_finds_its_own_first() -> None:
    one = session(
        {"a": lib("a"), "b": lib("b")}, {"a": symbols(), "b": symbols(b"f", symbolic=True)}
    )
    one.load("a", everywhere=True)
    one.load("b")
    assert one.bindings["b"] == {b"f": "b"}


def test_a_process_has_a_unique_symbol_once() -> None:
    elves = {name: lib(name, defines=(b"u",)) for name in ("a", "b")}
    one = session(elves, dict.fromkeys(elves, symbols(b"u", unique=(b"u",))))
    one.load("a")
    one.load("b")
    assert one.bindings["b"] == {b"u": "a"}


def test_what_is_loaded_once_is_bound_once() -> None:
    elves = {"low": lib("low"), "a": lib("a", "low", defines=()), "b": lib("b", "low")}
    one = session(elves, {"low": symbols(b"f"), "a": symbols(b"f"), "b": symbols(b"f")})
    assert one.load("a") == ["a", "low"]
    assert one.load("b") == ["b", "low"]
    assert one.bindings == {"low": {b"f": "low"}, "a": {b"f": "low"}, "b": {b"f": "b"}}


def test_a_program_does_not_find_what_it_copies_in_itself() -> None:
    copying = Symbols(
        strong=frozenset(),
        unique=frozenset(),
        looked_up=frozenset({b"f"}),
        copied=frozenset({b"f"}),
    )
    elves = {"program": lib("", "low"), "low": lib("low")}
    one = session(elves, {"program": copying, "low": symbols(b"f")})
    one.load("program", everywhere=True)
    assert one.bindings == {"program": {b"f": "low"}, "low": {b"f": "program"}}
