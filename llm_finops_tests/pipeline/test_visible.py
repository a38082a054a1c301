"""What a terminal would obey instead of showing is shown by its code."""

import pytest

from llm_finops.pipeline.visible import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – Ünïcode, 名前 'x'", "plain – Ünïcode, 名前 'x'"),
        ("\x1b[31mRED\nFAKE", r"\x1b[31mRED\nFAKE"),
        ("abc\u202egpj", r"abc\u202egpj"),
        ("a\u2028b\x9bc\x7f\U000e0041", r"a\u2028b\x9bc\x7f\U000e0041"),
    ],
)
def test_what_is_not_itself_seen_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_breaks_of_our_own_stay() -> None:
    assert visible_lines("one\n\x1btwo\n") == "one\n\\x1btwo\n"
