"""What names what."""

import pytest
from support import is_free

import oarlock
from oarlock import Manager

SAME = [
    ("a/b", b"a/b"),
    ("a/b", ["a", "b"]),
    ("a/b", (b"a", "b")),
    ("", ()),
    ("", []),
    ("é", b"\xc3\xa9"),
    (["a/b"], (b"a/b",)),
    ("\ud800/x", ["\ud800", "x"]),
]

DISTINCT = [
    ("a/b", ["a/b"]),
    ("a", ["a", ""]),
    ([""], ["", ""]),
    ("a\0b", "a"),
    ("a\0b", ["a", "b"]),
    ("\ud800", "\ud801"),
    ("\ud800", "\ufffd"),
    ("\udc80", b"\x80"),
    ("A", "a"),
    ("e\u0301", "\u00e9"),
    (["a", "/"], ["a/"]),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(manager: Manager, one, other) -> None:
    with manager.write(one):
        assert not is_free(manager.write(other))
        assert not is_free(manager.read(other))


@pytest.mark.parametrize(("one", "other"), DISTINCT)
def test_distinct(manager: Manager, one, other) -> None:
    with manager.lock(write=[one]):
        below = manager.read([*one, "x"] if isinstance(one, list) else f"{one}/x")
        assert not is_free(below)
        if is_prefix(one, other) or is_prefix(other, one):
            return
        assert is_free(manager.write(other))


def is_prefix(one, other) -> bool:
    one, other = segments(one), segments(other)
    return other[: len(one)] == one


def segments(path):
    if isinstance(path, str):
        path = path.split("/") if path else []
    if isinstance(path, bytes):
        path = path.split(b"/") if path else []
    return [s.encode("utf-8", "surrogatepass") if isinstance(s, str) else s for s in path]


def test_a_claim_covers_what_lies_below(manager: Manager) -> None:
    with manager.write("a/b"):
        for path in ["", "a", "a/b", "a/b/c", "a/b/c/d/e"]:
            assert not is_free(manager.read(path)), path
        for path in ["b", "a/c", "ab", "a/bc", "a/b!"]:
            assert is_free(manager.write(path)), path


def test_readers_share(manager: Manager) -> None:
    with manager.read("a/b"):
        assert is_free(manager.read(""))
        assert is_free(manager.read("a/b/c"))
        assert not is_free(manager.write("a/b/c"))
        assert not is_free(manager.write(""))
        assert is_free(manager.write("a/c"))


def test_lock_takes_one_path_or_many(manager: Manager) -> None:
    for claims in [
        {"write": "a/b"},
        {"write": b"a/b"},
        {"write": ["a/b"]},
        {"write": [["a", "b"]]},
        {"write": (path for path in ["x", ("a", "b")])},
        {"write": {"a/b", "y"}},
    ]:
        with manager.lock(**claims):
            assert not is_free(manager.read("a/b"))
            assert is_free(manager.write("a/c"))
    with manager.lock(write=("a", "b")):  # two paths
        assert not is_free(manager.write("a"))
        assert not is_free(manager.write("b"))


def test_lock_takes_pairs_of_mode_and_path(manager: Manager) -> None:
    with manager.lock(("write", "a"), ("r", ["b"]), read="c"):
        assert not is_free(manager.read("a"))
        assert is_free(manager.read("b", "c"))
        assert not is_free(manager.write("b"))
        assert not is_free(manager.write("c"))


def test_covered_claims_do_no_harm(manager: Manager) -> None:
    with manager.lock(write=["a", "a/b", "a"], read=["a", "a/b/c", ""]):
        assert not is_free(manager.write("x"))
        assert is_free(manager.read("x"))
    assert is_free(manager.write(""))


def test_a_subclass_of_str_is_text(manager: Manager) -> None:
    class Name(str):
        def encode(self, *_: object) -> bytes:  # type: ignore[override]
            return b"something else"

    with manager.write(Name("\ud800/a")):
        assert not is_free(manager.read(["\ud800", "a"]))


def test_paths_are_copied(manager: Manager) -> None:
    path = ["a", "b"]
    lock = manager.write(path)
    path.append("c")
    with lock:
        assert not is_free(manager.read("a/b"))


@pytest.mark.parametrize("depth", [1, 10, 40, 79, 1_000, 1_024])
def test_deep_paths(manager: Manager, depth: int) -> None:
    with manager.write("/".join("s" * depth)), manager.write(["t"] * depth):
        assert not is_free(manager.read("s"))
        assert not is_free(manager.read("t"))


def test_many_claims(manager: oarlock.Manager) -> None:
    with manager.write(*(f"a/{number}" for number in range(4_096))):
        assert not is_free(manager.read("a"))


def test_an_entry_is_beside_what_is_below_and_under_what_covers(manager: Manager) -> None:
    for path in ["a/b", b"a/b", ["a", "b"], ("a", b"b")]:
        with manager.write_entry(path):
            assert is_free(manager.write("a/b/c", ["a", "b", ""]))
            assert is_free(manager.write_entry("", "a", "a/b/c", "ab"))
            for above in ["", "a", "a/b"]:
                assert not is_free(manager.read(above)), above
            assert not is_free(manager.read_entry("a/b"))
    with manager.read_entry("", "a"):
        assert is_free(manager.lock(read="", read_entry="a", write="a/b"))
        assert not is_free(manager.write_entry("a"))
        assert not is_free(manager.write(""))


def test_entries_in_every_way_of_asking(manager: Manager) -> None:
    for lock in [
        manager.lock(("write_entry", "a"), ("read_entry", ["b"])),
        manager.lock(write_entry="a", read_entry=["b"]),
        manager.lock(("write_entry", "a"), read_entry=[("b",)]),
    ]:
        with lock:
            assert not is_free(manager.read_entry("a"))
            assert is_free(manager.read_entry("b"))
            assert not is_free(manager.write_entry("b"))
            assert is_free(manager.write("a/x", "b/x"))
    with manager.enqueue(write_entry={"a"}, read_entry="b"):
        assert not is_free(manager.read("a"))
        assert is_free(manager.write("b/x"))
    with manager.lock(write_entry="a", write="a"):  # the write covers the entry
        assert not is_free(manager.read_entry("a"))


def test_an_entry_is_no_segment_of_its_path_but_one_of_all() -> None:
    manager = Manager(max_segments=2, max_request_segments=4)
    assert is_free(manager.write_entry("a/b"))
    assert is_free(manager.write_entry(["a", "b"]))
    with pytest.raises(oarlock.TooManySegments):
        manager.write_entry("a/b/c")
    for paths in [("a/b", "c"), (["a", "b"], ["c"])]:
        with pytest.raises(oarlock.RequestTooLarge):
            manager.write_entry(*paths)
    with pytest.raises(oarlock.EmptySegment):
        manager.read_entry("a/")
    with pytest.raises(oarlock.NoClaims):
        manager.read_entry()
