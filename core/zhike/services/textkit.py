"""Telephone numbers, names and spreadsheet text brought into one form.

Everything here is pure: text in, text out, no database. Three families:

* *matching*: :func:`nfkc`, :func:`normalise_phone`, :func:`normalise_id` give the form under which
  two spellings are the same; :func:`name_terms` and :func:`query_words` the two sides of search;
* *display*: :func:`mask_phone`, :func:`mask_name`, :func:`mask_id` show enough to recognise and
  not enough to use (脱敏);
* *spreadsheets*: :func:`safe_cell` and :func:`plain_cell` keep a text from being run as a formula.

The telephone library and the pinyin table load at first use: they would cost a cold start about a
tenth of a second, and most processes never need them.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from typing import Literal

from zhike.services._surnames import COMPOUND_SURNAMES, SURNAME_READINGS

# --- plain text ----------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def nfkc(text: str) -> str:
    """Return ``text`` in NFKC (full-width becomes half-width), trimmed, inner blanks single."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def clean(text: str) -> str:
    """Return ``text`` without characters that neither XML, PDF nor PostgreSQL can hold.

    Tab and line ends stay (all as LF); other control characters and lone surrogates go.
    """
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


# --- telephone numbers ---------------------------------------------------------------------------

PhoneKind = Literal["mobile", "landline", "other"]


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number in one spelling.

    ``e164`` is the key for matching (``+8613812345678``, without the extension), ``last4`` what a
    desk types to find it, ``extension`` 分机 as dialled or ``""``.
    """

    e164: str
    kind: PhoneKind
    extension: str = ""

    @property
    def last4(self) -> str:
        """The last four digits of the number itself."""
        return self.e164[-4:]

    @property
    def national(self) -> str:
        """As written inside China: ``13812345678``, ``01087654321``; foreign numbers as E.164."""
        if not self.e164.startswith("+86"):
            return self.e164
        rest = self.e164[3:]
        return f"0{rest}" if self.kind == "landline" else rest


_MOBILE = re.compile(r"(?:\+?86|0086|0)?(1[3-9]\d{9})")
_EXTENSION = re.compile(r"(?:转|轉|分机|分機|ext\.?|#|x)[\s:.,、-]*(\d{1,8})$", re.IGNORECASE)
# 010-87654321-8001: a third group after an area code and a number can only be an extension.
_DASHED = re.compile(r"^(\(?0\d{2,3}\)?[\s-]*\d{7,8}|400[\s-]?\d{3}[\s-]?\d{4})-(\d{1,6})$")
_PUNCTUATION = str.maketrans("", "", " -.()·—–_/\u3000\u2010\u2011\u2012\u2212")


@lru_cache(maxsize=1024)
def normalise_phone(text: str, *, area_code: str = "") -> Phone | None:
    """Read a number as people write it; ``None`` where it cannot be one.

    Understands full-width digits, the prefixes ``+86``, ``0086``, ``86`` and ``0``, blanks and
    dashes, extensions (``转8001``, ``-8001``, ``ext. 8001``), 400 numbers and foreign numbers with
    their country code. ``area_code`` (``"010"``) completes a bare local number of 7 or 8 digits,
    which names nobody without it.
    """
    raw = nfkc(text).removeprefix("'").removeprefix("tel:")
    if not raw or len(raw) > 40:
        return None
    extension = ""
    if found := _EXTENSION.search(raw):
        raw, extension = raw[: found.start()].rstrip(" ,-:("), found.group(1)
    elif found := _DASHED.match(raw):
        raw, extension = found.group(1), found.group(2)
    compact = raw.translate(_PUNCTUATION)
    if mobile := _MOBILE.fullmatch(compact):
        # Own rule first: it needs no library and knows number ranges newer than the metadata.
        return Phone(f"+86{mobile.group(1)}", "mobile", extension)
    if not re.fullmatch(r"\+?\d{5,18}", compact):
        return None
    if area_code and re.fullmatch(r"[2-9]\d{6,7}", compact):
        compact = area_code + compact
    return _parse(compact, extension)


def _parse(digits: str, extension: str) -> Phone | None:
    import phonenumbers

    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+860"):
        digits = "+86" + digits[4:]  # "+86 (0)10 …": the trunk prefix has no place there
    try:
        number = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    kinds: dict[int, PhoneKind] = {
        phonenumbers.PhoneNumberType.MOBILE: "mobile",
        phonenumbers.PhoneNumberType.FIXED_LINE: "landline",
    }
    kind = kinds.get(phonenumbers.number_type(number), "other")
    return Phone(
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), kind, extension
    )


def normalise_id(text: str) -> str:
    """Return an identity or passport number for matching: NFKC, upper case, no separators."""
    return re.sub(r"[\s\-()·]", "", nfkc(text)).upper()


# --- masking -------------------------------------------------------------------------------------


def mask_phone(text: str) -> str:
    """Show a number as ``138****5678``; landlines keep the area code, foreign ones the country.

    A text that is no telephone number shows at most its last two characters.
    """
    if not text.strip():
        return ""
    phone = normalise_phone(text)
    if phone is None:
        return _stars(nfkc(text), 0, 2)
    national = phone.national
    head = 3
    if national.startswith("+") or (phone.kind == "landline" and national[1] not in "12"):
        head = 4  # +852; 0571: every area code but 010 and 02x has four digits
    return f"{national[:head]}****{phone.last4}"


def mask_name(text: str) -> str:
    """Show a person's name as ``李*``: the surname, one star whatever the length follows.

    Compound surnames stay whole (``欧阳*``); of a name in letters the first one is kept.
    """
    name = nfkc(text)
    if not name:
        return ""
    if len(name) > 2 and name[:2] in COMPOUND_SURNAMES:
        return f"{name[:2]}*"
    return f"{name[0]}*"


def mask_id(text: str) -> str:
    """Show an identity number as ``110***********1234``; short ones keep two characters."""
    number = normalise_id(text)
    return _stars(number, 3, 4) if len(number) >= 12 else _stars(number, 0, 2)


def _stars(text: str, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    if hidden < 2:
        return "*" * len(text)
    return f"{text[:head]}{'*' * hidden}{text[-tail:]}"


# --- names and their pinyin ----------------------------------------------------------------------

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_RUN = re.compile(rf"(?P<han>{_HAN.pattern}+)|(?P<word>(?:(?!{_HAN.pattern})[^\W_])+)")
_MAX_READINGS = 2
_MAX_SURNAME_READINGS = 3
_MAX_SPELLINGS = 12
_MAX_POSITIONS = 24
_MAX_TERM = 32
_HAN_TERM = 8


def is_han(char: str) -> bool:
    """Whether ``char`` is a Chinese character."""
    return bool(_HAN.fullmatch(char))


_ENTRY = re.compile(rb'"(\d+)": "([^"\\]*)"')


class _Readings:
    """Code points to readings with tones (``"dān,chán,shàn"``), packed: 1 MiB, a dict needs 6.

    ``table`` comes in the order of the code points; raises ValueError where it does not.
    """

    def __init__(self, table: Iterable[tuple[int, bytes]]) -> None:
        self._codes, self._ends, text = array("L"), array("L"), bytearray()
        for code, toned in table:
            if self._codes and code <= self._codes[-1]:
                raise ValueError(f"{code} is out of order")
            text += toned
            self._codes.append(code)
            self._ends.append(len(text))
        self._text = bytes(text)

    def __len__(self) -> int:
        return len(self._codes)

    def of(self, char: str) -> str:
        """The readings of one character, comma-separated; "" where none is known."""
        place = bisect_left(self._codes, ord(char))
        if place == len(self) or self._codes[place] != ord(char):
            return ""
        start = self._ends[place - 1] if place else 0
        return self._text[start : self._ends[place]].decode()


@lru_cache(maxsize=1)
def _pinyin_data() -> _Readings:
    """Read from the data file that pypinyin ships instead of importing it.

    The import also loads the phrase dictionary, 58 MiB measured, which is of no use for names; and
    the file is read past its JSON, whose objects would leave 3 MiB of holes in each process.
    """
    spec = find_spec("pypinyin")
    folder = ((spec and spec.submodule_search_locations) or [""])[0]
    file = Path(folder, "pinyin_dict.json")
    if file.is_file():
        with suppress(ValueError):
            return _Readings((int(m[1]), m[2]) for m in _ENTRY.finditer(file.read_bytes()))
    # A later release may drop the file or its order; its Python twin is then worth the memory.
    from pypinyin.pinyin_dict import pinyin_dict

    return _Readings((code, toned.encode()) for code, toned in sorted(pinyin_dict.items()))


@lru_cache(maxsize=8192)
def _common_readings(char: str) -> tuple[str, ...]:
    """All readings of a character without tones, the commonest first."""
    toned = _pinyin_data().of(char)
    return tuple(dict.fromkeys(filter(None, map(_toneless, toned.split(",")))))


def _toneless(syllable: str) -> str:
    """``lǜ`` → ``lv``, ``céng`` → ``ceng``; readings without a vowel (``ńg``) give ``""``."""
    plain = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    plain = "".join(c for c in plain if "a" <= c <= "z")
    return plain if re.search(r"[aeiouv]", plain) else ""


def readings(name: str) -> list[tuple[str, ...]]:
    """Return each Chinese character's readings, the likeliest first; three of a surname, else two.

    The surname's own reading leads: 单 shan, 曾 zeng, 仇 qiu, 尉迟 yuchi; the common reading stays,
    since that is what a stranger types. Other characters than Chinese are left out.
    """
    han = [c for c in unicodedata.normalize("NFKC", name) if is_han(c)]
    result = [_common_readings(c)[:_MAX_READINGS] for c in han]
    lead = SURNAME_READINGS.get("".join(han[:2])) or SURNAME_READINGS.get("".join(han[:1]), "")
    for place, reading in enumerate(lead.split()):
        known = dict.fromkeys((reading, *_common_readings(han[place])))
        result[place] = tuple(known)[:_MAX_SURNAME_READINGS]
    return [r for r in result if r]


def _spellings(syllables: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """All ways to read the syllables in a row, or, where that is too many, each reading once."""
    total = 1
    for options in syllables:
        total *= len(options)
    if total <= _MAX_SPELLINGS:
        return list(product(*syllables))
    first = tuple(options[0] for options in syllables)
    varied = (
        (*first[:place], other, *first[place + 1 :])
        for place, options in enumerate(syllables)
        for other in options[1:]
    )
    return [first, *islice(varied, _MAX_SPELLINGS * 2)]


def name_terms(name: str) -> frozenset[str]:
    """Return the terms under which a name or title is found by *prefix* search.

    Chinese: every tail of the characters (张伟 → 张伟, 伟), so that one character, two, or any part
    is the beginning of a term: that covers single characters and bigrams with fewer rows and
    without false matches; every tail of the full pinyin in every reading (zhangwei, wei) and the
    initials of the whole (zw). Words in other scripts are terms as they are, lower case, and once
    joined (LJ-0007 → lj, 0007, lj0007). Deterministic; at most some hundred terms, 32 characters
    each.
    """
    terms: set[str] = set()
    words: list[str] = []
    for run in _RUN.finditer(unicodedata.normalize("NFKC", name).casefold()):
        if word := run.group("word"):
            words.append(_latin(word))
            continue
        han = run.group("han")
        for start in range(min(len(han), _MAX_POSITIONS)):
            terms.add(han[start : start + _HAN_TERM])
        syllables = readings(han)[:_MAX_POSITIONS]
        for start in range(len(syllables)):
            tail = syllables[start : start + _HAN_TERM]
            for spelling in _spellings(tail):
                terms.add("".join(spelling))
                if start == 0:
                    terms.add("".join(s[0] for s in spelling))
    terms.update(words)
    if len(words) > 1:
        terms.add("".join(words))
    return frozenset(term[:_MAX_TERM] for term in terms if term)


def query_words(text: str) -> tuple[str, ...]:
    """Split what a person typed into words that all have to match, in the form of the terms.

    ``张 wei`` and ``张wei`` give ``张``, ``wei``; ``LÜ`` gives ``lv``. At most six words.
    """
    words = []
    for run in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        if han := run.group("han"):
            words.append(han[:_HAN_TERM])
        else:
            words.append(_latin(run.group("word"))[:_MAX_TERM])
    return tuple(dict.fromkeys(words))[:6]


def _latin(word: str) -> str:
    """Bring the three spellings of ü together: ``lü`` and passport ``lyu`` become ``lv``."""
    if word in ("lyu", "nyu"):
        return word.replace("yu", "v")
    return re.sub(r"(?<=[ln])ü", "v", word)


# --- spreadsheet cells ---------------------------------------------------------------------------

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def safe_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it: a formula's first character gets ``'``.

    Guards ``= + - @``, tab, CR and LF and their full-width forms. :func:`plain_cell` takes the
    mark off again; both together give any text back unchanged.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """Undo :func:`safe_cell`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
