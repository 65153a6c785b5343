"""How names and titles are compared: one normaliser for identity, the index and queries.

Two spellings that people take for the same fold to the same string: case, accents, width,
punctuation, ``&`` and ``and``, ``Beatles, The`` and ``The Beatles``, ``P!nk`` and ``Pink``.
Scripts whose marks carry the meaning (kana, Thai, Devanagari) keep them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LETTERS: Final = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "ħ": "h",
        "\u0131": "i",
        "ŋ": "n",
        "ŧ": "t",
        "™": None,
        "©": None,
        "®": None,
    }
)
# Marks that only decorate a letter: Latin, Greek and Cyrillic accents, Hebrew points, Arabic
# vowel signs. Others (the voicing marks of kana, vowels of Thai and Devanagari) tell words apart.
_DECORATION: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_APOSTROPHES: Final = re.compile("['`\u00b4\u02bc\u2018\u2019\u2032]")
_INITIALS: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
_DOLLAR: Final = re.compile(r"(?<=[^\W\d_])\$+|\$+(?=[^\W\d_])")
_BANG: Final = re.compile(r"(?<=[^\W\d_])!(?=[^\W\d_])")
_PLUS: Final = re.compile(r"(?<=\w)\s+\+\s+(?=\w)")
_ARTICLE_LAST: Final = re.compile(r"(.+), (the|a|an)$")
_SPACES: Final = re.compile(r"\s+")
_PLAIN: Final = re.compile(r"[a-z0-9 ]*")
_WORD_CHARACTERS: Final = frozenset({"Mn", "Mc"})

_FEATURED_IN_BRACKETS: Final = re.compile(
    r"\s*[(\[]\s*(?:featuring|feat|ft)\b\.?[^)\]]*[)\]]", re.IGNORECASE
)
# A digit before "ft." is a length in feet ("10 ft. tall").
_FEATURED_TO_THE_END: Final = re.compile(
    r"(?<=[^\s\d])\s+(?:featuring\s|feat\b\.?\s|ft\.?\s).*$", re.IGNORECASE | re.DOTALL
)

# Han and kana are written without spaces: they are searched by pairs of characters.
_UNSPACED: Final = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Returns the key under which spellings of a name are equal: words joined by single spaces.

    Never empty for a text that shows something: where no letter or digit is in it (``!!!``), the
    signs themselves are the key. Folding twice changes nothing.
    """
    text = _decompose(text)
    if _PLAIN.fullmatch(text):
        return " ".join(text.split())
    pieces = "".join(_replace_signs(text))
    folded = " ".join(pieces.split())
    if folded:
        return unicodedata.normalize("NFC", folded)
    return _signs_only(text)


def without_featured(text: str) -> str:
    """Returns a title or an artist's name without its guests: ``Song (feat. X)`` is ``Song``.

    The text comes back unchanged where nothing would be left of it.
    """
    shorter = _FEATURED_TO_THE_END.sub("", _FEATURED_IN_BRACKETS.sub("", text)).strip()
    return shorter or text


def query_words(text: str) -> list[str]:
    """Returns the folded words that someone asks for, in order; runs of Han and kana as pairs."""
    return [piece for word in fold(text).split() for piece in _pairs(word, last=False)]


def index_words(text: str) -> list[str]:
    """Returns the words under which a text is found, in order: :func:`query_words` and aliases.

    An alias joins what punctuation parts (``AC/DC`` is also ``acdc``); the last character of a
    run of Han and kana stands alone too, so that each character is the start of an indexed word.
    """
    words = [piece for word in fold(text).split() for piece in _pairs(word, last=True)]
    for written in text.split():
        if not written.isalnum():
            parts = fold(written).split()
            if len(parts) > 1 and "and" not in parts:
                words.append("".join(parts))
    return words


def _decompose(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS)).casefold()
    text = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    return _DECORATION.sub("", text)


def _replace_signs(text: str) -> list[str]:
    """Returns the characters of a decomposed text, with a space for each that parts words."""
    text = _SPACES.sub(" ", text).strip()
    if moved := _ARTICLE_LAST.match(text):
        text = f"{moved[2]} {moved[1]}"
    text = _APOSTROPHES.sub("", text)
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    text = _DOLLAR.sub(lambda found: "s" * len(found[0]), text)
    text = _PLUS.sub(" and ", _BANG.sub("i", text)).replace("&", " and ")
    return [_word_character(character) for character in text]


def _word_character(character: str) -> str:
    if character.isalnum() or unicodedata.category(character) in _WORD_CHARACTERS:
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def _signs_only(text: str) -> str:
    shown = (c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c.isspace())
    return unicodedata.normalize("NFC", " ".join("".join(shown).split()))


def _pairs(word: str, *, last: bool) -> list[str]:
    if word.isascii():
        return [word]
    pieces: list[str] = []
    position = 0
    for run in _UNSPACED.finditer(word):
        if run.start() > position:
            pieces.append(word[position : run.start()])
        pieces.extend(_pairs_of(run[0], last=last))
        position = run.end()
    if position < len(word):
        pieces.append(word[position:])
    return pieces


def _pairs_of(run: str, *, last: bool) -> list[str]:
    if len(run) == 1:
        return [run]
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    return [*pairs, run[-1]] if last else pairs
