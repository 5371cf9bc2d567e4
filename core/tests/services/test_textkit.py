"""Phones, names and spreadsheet text: examples, and what must hold for any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.services import textkit
from zhike.services.textkit import (
    clean,
    mask_id,
    mask_name,
    mask_phone,
    name_terms,
    nfkc,
    normalise_id,
    normalise_phone,
    plain_cell,
    query_words,
    readings,
    safe_cell,
)


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "+86 138 1234 5678",
        "＋８６13812345678",
        "0086-13812345678",
        "8613812345678",
        "013812345678",
        " 13812345678\t",
        "'13812345678",
        "tel:13812345678",
    ],
)
def test_every_spelling_of_a_mobile_number_is_one_number(text: str) -> None:
    phone = normalise_phone(text)
    assert phone is not None
    assert (phone.e164, phone.kind, phone.last4) == ("+8613812345678", "mobile", "5678")
    assert phone.national == "13812345678"


@pytest.mark.parametrize(
    ("text", "e164", "kind", "extension"),
    [
        ("010-87654321", "+861087654321", "landline", ""),
        ("(010) 8765 4321", "+861087654321", "landline", ""),
        ("+86 (0)10 87654321", "+861087654321", "landline", ""),
        ("010-87654321-8001", "+861087654321", "landline", "8001"),
        ("010-87654321转8001", "+861087654321", "landline", "8001"),
        ("0571-87654321 分机：12", "+8657187654321", "landline", "12"),
        ("0571 8765 4321 ext. 12", "+8657187654321", "landline", "12"),
        ("13812345678转3", "+8613812345678", "mobile", "3"),
        ("400-800-1234", "+864008001234", "other", ""),
        ("400-800-1234-9", "+864008001234", "other", "9"),
        ("+852 2345 6789", "+85223456789", "landline", ""),
        ("00852 2345 6789", "+85223456789", "landline", ""),
    ],
)
def test_landlines_extensions_and_foreign_numbers(
    text: str, e164: str, kind: str, extension: str
) -> None:
    phone = normalise_phone(text)
    assert phone is not None
    assert (phone.e164, phone.kind, phone.extension) == (e164, kind, extension)


@pytest.mark.parametrize(
    "text", ["", "12345", "张伟", "1381234567", "138123456789", "87654321", "-", "1" * 60, "转8001"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert normalise_phone(text) is None


def test_a_local_number_needs_an_area_code() -> None:
    phone = normalise_phone("8765 4321", area_code="010")
    assert phone is not None
    assert phone.e164 == "+861087654321"
    assert normalise_phone("13812345678", area_code="010") == normalise_phone("13812345678")


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_normalising_twice_changes_nothing(number: str) -> None:
    phone = normalise_phone(number)
    assert phone is not None
    assert normalise_phone(phone.e164) == phone
    assert normalise_phone(phone.national) == phone


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    phone = normalise_phone(text)
    if phone is not None:
        assert re.fullmatch(r"\+\d{6,15}", phone.e164)
        assert phone.last4.isdigit()


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_masked_mobile_shows_seven_digits(number: str) -> None:
    assert mask_phone(number) == f"{number[:3]}****{number[-4:]}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+8613812345678", "138****5678"),
        ("010-87654321-8001", "010****4321"),
        ("0571-87654321", "0571****4321"),
        ("+852 2345 6789", "+852****6789"),
        ("12345", "***45"),
        ("12", "**"),
        ("", ""),
    ],
)
def test_masking_other_numbers(text: str, shown: str) -> None:
    assert mask_phone(text) == shown


def test_masking_names_and_identity_numbers() -> None:
    assert mask_name("李敏") == "李*"
    assert mask_name("欧阳娜娜") == "欧阳*"
    assert mask_name("欧阳") == "欧*"
    assert mask_name("John Smith") == "J*"
    assert mask_name("  ") == ""
    assert mask_id("11010119900307123x") == "110***********123X"
    assert mask_id("E12345678") == "*******78"
    assert mask_id("") == ""


@given(st.text(alphabet="0123456789X", min_size=1, max_size=30))
def test_a_masked_number_hides_at_least_two_characters(number: str) -> None:
    shown = mask_id(number)
    assert len(shown) == len(number)
    assert shown.count("*") >= min(2, len(number))


def test_identity_numbers_have_one_spelling() -> None:
    assert normalise_id("１１０１０１ 19900307-123x") == "11010119900307123X"


def test_nfkc_joins_widths_and_blanks() -> None:
    assert nfkc("　Ａ１  张\t伟\n") == "A1 张 伟"


@given(st.text())
def test_clean_leaves_only_what_xml_and_databases_hold(text: str) -> None:
    assert "\x00" not in clean(text)
    clean(text).encode("utf-8")
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("张伟", {"zw", "zhangwei", "wei", "张伟", "伟"}),
        ("曾志伟", {"zengzhiwei", "cengzhiwei", "zzw", "czw", "zhiwei", "志伟"}),
        ("单雄信", {"shanxiongxin", "danxiongxin", "sxx"}),
        ("仇和", {"qiuhe", "chouhe", "qh"}),
        ("区小明", {"ouxiaoming", "quxiaoming"}),
        ("查良镛", {"zhaliangyong", "chaliangyong"}),
        ("解缙", {"xiejin", "jiejin"}),
        ("尉迟恭", {"yuchigong", "ycg"}),
        ("万俟卨", {"moqixie"}),
        ("吕布", {"lvbu", "lb"}),
        ("John Smith", {"john", "smith", "johnsmith"}),
        ("张三Bob", {"bob", "zhangsan"}),
        ("Bob张三", {"bob", "zhangsan"}),
        ("LJ20261121-0007", {"lj20261121", "0007", "lj202611210007"}),
    ],
)
def test_names_are_found_under(name: str, wanted: set[str]) -> None:
    assert wanted <= name_terms(name)


def test_a_surname_leads_with_its_own_reading() -> None:
    assert readings("单雄信")[0][0] == "shan"
    assert [r[0] for r in readings("尉迟恭")] == ["yu", "chi", "gong"]
    assert [r[0] for r in readings("长孙无忌")][:2] == ["zhang", "sun"]


@given(st.text(max_size=200))
def test_terms_are_short_few_and_repeatable(text: str) -> None:
    terms = name_terms(text)
    assert terms == name_terms(text)
    assert len(terms) <= 24 * 40 + 200
    assert all(0 < len(term) <= 32 for term in terms)


HAN = st.text(
    alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=8
)


@given(HAN, st.data())
def test_any_part_of_a_chinese_name_begins_a_term(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    (word,) = query_words(name[start:end])
    assert any(term.startswith(word) for term in name_terms(name))


@given(HAN)
def test_the_initials_begin_a_term(name: str) -> None:
    initials = "".join(options[0][0] for options in readings(name))
    assert any(term.startswith(initials[:8]) for term in name_terms(name)) or not initials


def test_what_a_person_types_becomes_words() -> None:
    assert query_words("张wei") == ("张", "wei")
    assert query_words("wei张") == ("wei", "张")
    assert query_words(" ZHANG　Wei ") == ("zhang", "wei")
    assert query_words("LÜ bu") == ("lv", "bu")
    assert query_words("lyu") == ("lv",)
    assert query_words("%_'\"") == ()


@given(st.text(max_size=50))
def test_a_safe_cell_starts_no_formula_and_comes_back(text: str) -> None:
    safe = safe_cell(text)
    assert safe[:1] not in set("=+-@\t\r\n＝＋－＠")
    assert plain_cell(safe) == text


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@A1", "\t=1", "\r=1", "＝1", "＋1", "'=1"])
def test_formula_text_is_marked(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert plain_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", ["张伟", "'quoted'", "1-2", "a=b", ""])
def test_harmless_text_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text
    assert plain_cell(text) == text


def test_the_packed_table_says_what_the_library_says() -> None:
    from pypinyin.pinyin_dict import pinyin_dict

    packed = textkit._pinyin_data()
    assert len(packed) == len(pinyin_dict) > 40_000
    assert all(packed.of(chr(code)) == toned for code, toned in pinyin_dict.items())
    assert packed.of("a") == packed.of("\U0010ffff") == ""
    with pytest.raises(ValueError, match="out of order"):
        textkit._Readings([(2, b"x"), (1, b"y")])
