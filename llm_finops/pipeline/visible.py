"""Text from outside, as a terminal may show it: what would colour, move or reorder is shown by its code."""

import unicodedata

# Controls, formats (among them the text direction overrides), surrogates, private use, line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""The text on one line, everything escaped that is not itself seen, as \x1b or \u202e."""
    return "".join(map(_seen, text))


def visible_lines(text: str) -> str:
    """The same of a text whose line breaks are our own."""
    return "\n".join(map(visible, text.split("\n")))


def _seen(char: str) -> str:
    return char.encode("unicode_escape").decode() if unicodedata.category(char) in _UNSEEN else char
