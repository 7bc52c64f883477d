"""A code is asked for in any notation or by its symbol; a table with a wrong row must not be shipped."""

import csv
import shutil
from pathlib import Path

import pytest

import knowledge
from knowledge.codes import FAMILIES, BadTable, Codes

FOLDER = Path(knowledge.__file__).parent / "codes"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "codes"))


def test_every_family_has_a_table_and_every_table_a_family(codes: Codes) -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(FAMILIES)
    assert {meaning.family for meaning in codes.meanings} == set(FAMILIES)


def test_no_row_of_any_table_is_lost(codes: Codes) -> None:
    tables = [list(csv.reader(path.read_text("utf-8").splitlines(keepends=True))) for path in FOLDER.iterdir()]
    assert len(codes.meanings) == sum(len(table) - 1 for table in tables) > 900


@pytest.mark.parametrize("family", FAMILIES)
def test_no_table_says_the_same_twice(codes: Codes, family: str) -> None:
    rows = [(m.code, m.symbol, m.meaning) for m in codes.meanings if m.family == family]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("text", ["12175", "0x2F8F", "0x80072F8F", "80072f8f", "-2147012721", "2147954575", " 12175 "])
def test_every_notation_finds_the_same_meanings(codes: Codes, text: str) -> None:
    found = {(meaning.family, meaning.code) for meaning in codes.explain(text)}
    assert found == {("winhttp", "12175"), ("hresult", "0x80072F8F")}


@pytest.mark.parametrize("text", ["0x800B0109", "800B0109", "2148204809", "-2146762487", "cert_e_untrustedroot"])
def test_an_untrusted_root_is_found_by_number_and_by_symbol(codes: Codes, text: str) -> None:
    assert [meaning.symbol for meaning in codes.explain(text)] == ["CERT_E_UNTRUSTEDROOT"]


@pytest.mark.parametrize("text", ["ERROR_WINHTTP_SECURE_FAILURE", "error_winhttp_secure_failure"])
def test_a_symbol_is_found_in_any_case(codes: Codes, text: str) -> None:
    assert [meaning.code for meaning in codes.explain(text)] == ["12175"]


def test_a_status_with_substatus_is_found(codes: Codes) -> None:
    assert [(meaning.family, meaning.code) for meaning in codes.explain("403.16")] == [("iis", "403.16")]
    assert codes.explain("403 16") == codes.explain("403.16")


@pytest.mark.parametrize("text", ["0x80190194", "-2145844844"])
def test_an_hresult_of_facility_http_is_explained_by_its_http_status(codes: Codes, text: str) -> None:
    assert ("iis", "404") in [(meaning.family, meaning.code) for meaning in codes.explain(text)]


def test_one_word_may_have_several_meanings(codes: Codes) -> None:
    assert {meaning.family for meaning in codes.explain("badRequest")} == {"httperr", "scep-failinfo"}


@pytest.mark.parametrize("text", ["", "nothing", "0x8FFFFFFF", "99999", "403.99", "4294967296", "\ud800"])
def test_what_is_in_no_table_has_no_meaning(codes: Codes, text: str) -> None:
    assert codes.explain(text) == []


def test_no_meaning_is_told_twice(codes: Codes) -> None:
    for meaning in codes.meanings:
        found = codes.explain(meaning.code)
        assert meaning in found
        assert len(set(found)) == len(found), meaning.code


def test_a_table_with_other_columns_is_refused(folder: Path) -> None:
    (folder / "win32.csv").write_text("number,symbol,meaning\n2,X,y\n", encoding="utf-8")
    with pytest.raises(BadTable) as error:
        Codes.load(folder)
    assert str(error.value) == "win32.csv:1: the columns must be code, symbol, meaning"


def test_an_empty_table_is_refused(folder: Path) -> None:
    (folder / "win32.csv").write_text("", encoding="utf-8")
    with pytest.raises(BadTable) as error:
        Codes.load(folder)
    assert str(error.value) == "win32.csv:1: the columns must be code, symbol, meaning"


@pytest.mark.parametrize("row", ["5,ERROR_ACCESS_DENIED", ",SYMBOL,meaning", "5,SYMBOL,", "5,S,m,more", ""])
def test_a_row_that_says_too_little_or_too_much_is_refused_with_its_line(folder: Path, row: str) -> None:
    (folder / "capi2.csv").write_text(f'code,symbol,meaning\n1,,"two\nlines"\n{row}\n', encoding="utf-8")
    with pytest.raises(BadTable) as error:
        Codes.load(folder)
    assert str(error.value) == "capi2.csv:4: a row is code, symbol and meaning"
