"""That compare.py refuses what it has to, and nothing else."""

import unittest

from compare import judge, read

PROMISED = """# a comment
version 0.1
abi 0
callback c void (void *)
constant ONE 1
field options.struct_size at 0 size 4 uint32_t
field options.reserved at 4 size 4 uint32_t
field options.limit at 8 size 8 size_t
field plain.len at 8 size 8 size_t
function f int (void)
init OPTIONS_INIT blank
inline g int (void)
struct options sized size 16 align 8
struct plain fixed size 16 align 8
type lock size 8 align 8 unsigned
"""


def after(*changes: tuple[str, str]) -> tuple[int, str]:
    text = PROMISED
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    code, said = judge(read(PROMISED), read(text))
    return code, "\n".join(said)


class Compare(unittest.TestCase):
    def refused(self, *changes: tuple[str, str]) -> str:
        code, said = after(*changes)
        self.assertEqual(code, 2, said)
        return said

    def to_be_recorded(self, *changes: tuple[str, str]) -> str:
        code, said = after(*changes)
        self.assertEqual(code, 1, said)
        self.assertIn("UPDATE=1", said)
        return said

    def test_the_same_is_in_order(self) -> None:
        self.assertEqual(after(), (0, ""))

    def test_what_is_gone_is_a_break(self) -> None:
        for line in PROMISED.splitlines()[3:]:
            with self.subTest(line):
                said = self.refused((line + "\n", ""))
                self.assertIn("is gone", said)
                self.assertIn("raise the minor version", said)

    def test_what_is_different_is_a_break(self) -> None:
        for old, new in [
            ("c void (void *)", "c void (int)"),
            ("ONE 1", "ONE 2"),
            ("limit at 8", "limit at 12"),
            ("f int (void)", "f int (long)"),
            ("g int (void)", "g long (void)"),
            ("plain fixed size 16", "plain fixed size 24"),
            ("plain fixed size 16", "plain sized size 16"),
            ("options sized size 16", "options sized size 12"),
            ("sized size 16 align 8", "sized size 32 align 16"),
            ("unsigned", "signed"),
            ("8 size 8 size_t", "8 size 8 int64_t"),
        ]:
            with self.subTest(new):
                self.assertIn("is now", self.refused((old, new)))

    def test_only_breaks_of_programs_name_the_soname(self) -> None:
        self.assertIn("soname", self.refused(("ONE 1", "ONE 2")))
        self.assertNotIn("soname", self.refused(("g int", "g long")))

    def test_what_is_new_has_to_be_recorded(self) -> None:
        self.assertIn("h is new", self.to_be_recorded(("f int", "h int (void)\nfunction f int")))

    def test_a_sized_struct_may_grow_at_its_end(self) -> None:
        said = self.to_be_recorded(
            ("sized size 16", "sized size 24"),
            ("field plain", "field options.more at 16 size 8 size_t\nfield plain"),
        )
        self.assertIn("its size until now, 16", said)

    def test_not_in_front_of_its_end(self) -> None:
        said = self.refused(
            ("limit at 8 size 8 size_t", "limit at 8 size 8 size_t\nfield options.more at 12 size 4 uint32_t"),
            ("sized size 16", "sized size 24"),
        )
        self.assertIn("within what older programs pass", said)

    def test_a_reserved_field_may_be_used(self) -> None:
        self.to_be_recorded(("options.reserved at", "options.flags at"))
        self.refused(("options.reserved at 4 size 4 uint32_t", "options.flags at 4 size 2 uint16_t"))

    def test_a_break_needs_the_version_and_the_number(self) -> None:
        gone = ("function f int (void)\n", "")
        self.refused(gone, ("version 0.1", "version 0.2"))
        self.refused(gone, ("abi 0", "abi 1"))
        self.to_be_recorded(gone, ("version 0.1", "version 0.2"), ("abi 0", "abi 1"))
        self.to_be_recorded(gone, ("version 0.1", "version 1.0"), ("abi 0", "abi 1"))

    def test_a_break_of_source_needs_the_version_only(self) -> None:
        self.to_be_recorded(("inline g int (void)\n", ""), ("version 0.1", "version 0.2"))

    def test_a_new_version_has_to_be_recorded(self) -> None:
        self.to_be_recorded(("version 0.1", "version 0.2"))

    def test_numbers_do_not_go_back(self) -> None:
        self.refused(("version 0.1", "version 0.0"))
        self.refused(("abi 0", "abi 1"))

    def test_from_1_0_on_a_minor_version_breaks_nothing(self) -> None:
        promised = PROMISED.replace("version 0.1", "version 1.1")
        gone = promised.replace("function f int (void)\n", "").replace("abi 0", "abi 1")
        code, said = judge(read(promised), read(gone.replace("1.1", "1.2")))
        self.assertEqual(code, 2, said)
        code, said = judge(read(promised), read(gone.replace("1.1", "2.0")))
        self.assertEqual(code, 1, said)


if __name__ == "__main__":
    unittest.main()
