import base64
import io
import json
import re

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from PIL import Image
from small_report import ALT, FOLDER, HARM, code, display, figure_outputs, make, picture, words, write

from fer_utils.cli import main
from fer_utils.common import files, paths
from fer_utils.common.errors import OutputError
from fer_utils.publishing import executed_copies, report, report_markup, report_pdf


def texts(outputs, dataset="tiny"):
    return {path.name: path.read_text() for path in (outputs / dataset / "report").glob("*.html")}


def test_index_and_pages(outputs):
    make("tiny")
    executed_copies.note("tiny", "01_part", seconds=12.3, failure="")
    report.build("tiny")
    pages = texts(outputs)
    assert set(pages) == {"index.html", "01_part.html", "02_part.html"}
    index = BeautifulSoup(pages["index.html"], "html.parser")
    plain = " ".join(index.get_text().split())
    for words_of_it in (
        "Does it work?",
        "95 % (people, seeds)",
        "It works in part 2.",
        "numpy 2.0",
        "12 s",
        "Budget quick",
    ):
        assert words_of_it in plain
    origins = [" ".join(each.get_text().split()) for each in index.select("details.origin")]
    assert [each.partition(" Written by")[0] for each in origins] == [
        "Origin of scores.csv",
        "Origin of comparisons.csv",
    ]
    assert all(part in origins[0] for part in ("03_tables, cell-02", 'budget = "quick"', "d" * 64, "c" * 64))
    gallery = [each["href"] for each in index.select(".gallery a")]
    assert gallery == ["01_part.html#figure-01-noise", "02_part.html#figure-02-noise"]
    page = BeautifulSoup(pages["01_part.html"], "html.parser")
    figure = page.select_one("figure#figure-01-noise")
    assert (figure.img["width"], figure.img["height"], figure.img["alt"]) == ("60", "40", ALT)
    assert len(page.find_all(string=re.compile("Noise of"))) == 1
    origin = " ".join(figure.select_one("details.origin").get_text().split())
    for part in ("01_part, cell-03", 'budget = "quick"', "d" * 64, "c" * 64, "numpy 2.0", "Commit"):
        assert part in origin
    assert next(each.get_text() for each in page.select("details.code summary")) == "Code (cell-01, 1 line)"
    assert "training: 100%" not in pages["01_part.html"]
    assert "10 %\n" not in page.pre.get_text()
    assert "100 %\nall told" in page.get_text()
    assert next(each["aria-label"] for each in page.select(".table[tabindex='0']")).startswith("Table 1 of 01 Part 1")
    shown, drawn = Image.open(outputs / "tiny" / "report" / figure.img["src"]), Image.open(io.BytesIO(picture(1)))
    assert shown.convert("RGB").tobytes() == drawn.convert("RGB").tobytes()  # smaller, and the same pixels


def test_nothing_that_a_notebook_holds_does_harm(outputs):
    make("tiny")
    report.build("tiny", single_file=True)
    for text in texts(outputs).values():
        soup = BeautifulSoup(text, "html.parser")
        assert soup.find(["script", "iframe", "object"]) is None
        assert len(soup.find_all("style")) == 1
        assert not any(name.startswith("on") for each in soup.find_all() for name in each.attrs)
        assert all(each["src"].startswith(("figures/", "data:")) for each in soup.find_all("img"))
        assert any(word in soup.h1.get_text() for word in (HARM, FOLDER))
        assert "secret.txt" not in text


def test_same_notebooks_same_bytes_and_old_pages_go(outputs):
    make("tiny")
    report.build("tiny")
    first = texts(outputs)
    (outputs / "tiny" / "report" / "09_gone.html").write_text("old")
    report.build("tiny")
    assert texts(outputs) == first
    for text in first.values():
        assert str(paths.PROJECT) not in text
        assert str(outputs) not in text


def test_a_failed_notebook_is_shown_as_failed(outputs):
    make("tiny")
    error = nbformat.v4.new_output(
        "error", ename="ValueError", evalue=f"bad {HARM}", traceback=["\x1b[31mTrace\x1b[0m"]
    )
    write("tiny", "03_raised", [words("# 03 Raised", number=0), code("1 / 0", [error], number=1)])
    write("tiny", "04_died", [code("train()", [], number=1), code("show()", [], number=2, ran=False)])
    (outputs / "tiny" / "notebooks" / "05_damaged.ipynb").write_text("{")
    write("tiny", "06_noted", [code("x", [], number=1)])
    executed_copies.note("tiny", "06_noted", seconds=1, failure="the kernel died")
    report.build("tiny")
    pages = texts(outputs)
    index = BeautifulSoup(pages["index.html"], "html.parser")
    failures = [" ".join(each.get_text().split()) for each in index.select(".failure")]
    assert len(failures) == 4
    for failure, expected in zip(failures, ("ValueError: bad", "never ran", "is damaged", "kernel died"), strict=True):
        assert expected in failure
    assert "Trace" in pages["03_raised.html"]
    assert "\x1b" not in pages["03_raised.html"]
    assert all("<script" not in text for text in pages.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "is missing"), ("", "is damaged"), ("a,b\n1,2\n", "no column"), ("\0\1", "is damaged")],
)
def test_results_that_are_missing_or_damaged(outputs, content, message):
    make("tiny")
    table = outputs / "tiny" / "scores.csv"
    table.unlink() if content is None else table.write_text(content)
    report.build("tiny")
    notices = " ".join(
        each.get_text() for each in BeautifulSoup(texts(outputs)["index.html"], "html.parser").select(".notice")
    )
    assert "scores.csv" in notices
    assert message in notices
    assert str(outputs) not in notices


def test_results_of_other_images_than_the_manifest_lists(outputs):
    make("tiny")
    manifest = outputs / "tiny" / "manifest.csv"
    columns = "image,subject,condition,label,sha256,width,height,kept,reason"
    manifest.write_text(
        f"{columns}\nx/NA.png,NA,x,x,00,9,9,True,\nx/nan.png,nan,x,None,01,9,9,True,\ny,,,,,,,False,bad\n"
    )
    report.build("tiny")
    index = BeautifulSoup(texts(outputs)["index.html"], "html.parser").get_text()
    assert "scores.csv is of other images than manifest.csv lists, and not used: run notebook 03 again" in index
    assert "Of other images than manifest.csv lists: 01_part, 02_part. Run them again" in index
    assert "3 image files, of which 2 are kept: 2 people, expressions None, x." in index
    assert "95 % (people, seeds)" not in index
    manifest.write_text("image;sha256\n")
    report.build("tiny")
    index = BeautifulSoup(texts(outputs)["index.html"], "html.parser").get_text()
    assert "manifest.csv is damaged (a spreadsheet program has put semicolons" in index


def test_numbers_that_are_none(outputs):
    make("tiny")
    table = outputs / "tiny" / "scores.csv"
    table.write_text(table.read_text().replace("0.5", "many"))
    report.build("tiny")
    assert "scores.csv is damaged" in texts(outputs)["index.html"]


def test_names_of_an_index_stand_in_the_one_header_row():
    table = pd.DataFrame({"x": [1, 2], "y": [3, 4]}, index=pd.Index(["one", "two"], name="which"))
    html, _ = report_markup.arranged(report_markup.table(table.to_html()), prefix="p", title="")
    assert [each.get_text() for each in BeautifulSoup(html, "html.parser").select("thead tr th")] == ["which", "x", "y"]


def test_a_table_keeps_its_cells_and_words_and_nothing_else():
    html = (
        '<style>td {color: red}</style><!-- a comment --><div lang="en" title="t"><table border="1" class="dataframe">'
        '<caption>a <b>caption</b></caption><tr onclick="x()"><th colspan="2" scope="col" style="color: red" id="i">A</th></tr>'
        '<tr><td rowspan="1" title="t" lang="de"><a href="https://example.org" title="t">words</a><img src="x" onerror="y()">'
        '<svg><script>z()</script></svg></td><td>1 &lt; 2 &amp; 3<br></td></tr></table><iframe src="x">i</iframe></div>'
    )
    assert report_markup.table(html) == (
        "<table><caption>a <b>caption</b></caption><tbody>"
        '<tr><th colspan="2">A</th></tr>'
        '<tr><td rowspan="1">words</td><td>1 &lt; 2 &amp; 3<br></td></tr></tbody></table>'
    )


def test_a_hint_is_folded_and_no_other_element_of_a_text_is_kept():
    hint = "<details><summary>Hint</summary>\n\nLook at *it* <b>.\n\n</details>\n\n"
    harm = "<details ontoggle='x()'><summary>Hint</summary>\n\n<summary>one</summary>"
    soup = BeautifulSoup(report_markup.markdown(hint + harm), "html.parser")
    (folded,) = soup.find_all("details")
    assert folded.summary.get_text() == "Hint" and folded.em.get_text() == "it" and not folded.attrs
    assert len(soup.find_all("summary")) == 1 and not soup.find_all("b")
    assert "ontoggle" in soup.get_text()


def test_without_executed_notebooks(outputs, three_people):
    found = CliRunner().invoke(main, ["report", "--dataset", str(three_people)])
    assert found.exit_code == 1
    assert "no executed notebooks" in found.output
    assert not (outputs / "three-people" / "report").exists()


def test_a_picture_that_was_never_saved_or_drawn_anew(outputs):
    make("tiny")
    shown = display({"image/png": base64.b64encode(picture(7)).decode()})
    write("tiny", "01_part", [words("# 01 Part", number=0), code("plot", [shown, shown], number=1)])
    report.build("tiny")
    page = BeautifulSoup(texts(outputs)["01_part.html"], "html.parser")
    assert "not known" in page.figure.get_text()
    assert all(each["alt"] for each in page.find_all("img"))
    assert len({each["id"] for each in page.find_all("figure")}) == 2


def test_index_over_several_data_sets(outputs):
    make("one")
    make("two", tables=False)
    index = report.build_several(["one", "two"])
    assert index == outputs / "index.html"
    soup = BeautifulSoup(index.read_text(), "html.parser")
    links = [each["href"] for each in soup.select("h2 a")]
    assert links == ["one/report/index.html", "two/report/index.html"]
    assert "is missing" in soup.get_text()
    back = BeautifulSoup(texts(outputs, "one")["index.html"], "html.parser").select_one("header a")["href"]
    assert (outputs / "one" / "report" / back).resolve() == index.resolve()


def test_the_index_begins_with_a_card_for_each_notebook(outputs):
    make("tiny")
    write(
        "tiny",
        "03_key",
        [
            words("# 03 Key\n\n**Question.** Which picture says most?", number=0),
            code("a", figure_outputs("tiny", "03-first", seed=3), number=1),
            words("**Predict before you look.** Which bar is longer?", number=2),
            code("b", figure_outputs("tiny", "05-loso-forest", seed=4), number=3),
            code("c", figure_outputs("tiny", "03-last", seed=5), number=4),
            words("## What we found", number=5),
            code("d", [display({"text/markdown": "1. Half of `it`, 0.5 of 2. And more."})], number=6),
        ],
    )
    report.build("tiny", single_file=True)
    index = BeautifulSoup(texts(outputs)["index.html"], "html.parser")
    cards = index.select(".cards li")
    assert [card.a["href"] for card in cards] == ["01_part.html", "02_part.html", "03_key.html"]
    assert cards[2].select_one(".answer").get_text() == "Half of it, 0.5 of 2."
    assert [card.img["src"].split("/")[1].split(".")[0] for card in cards] == ["01-noise", "02-noise", "05-loso-forest"]
    assert index.select_one(".hero a")["href"] == "03_key.html#figure-05-loso-forest"
    hero = BeautifulSoup(texts(outputs)["tiny.html"], "html.parser").select_one(".hero img")
    assert hero["src"].startswith("data:image/")


def test_a_single_file_needs_no_other(outputs):
    make("tiny")
    report.build("tiny", single_file=True)
    soup = BeautifulSoup(texts(outputs)["tiny.html"], "html.parser")
    assert len(soup.find_all("h1")) == 1
    assert len(soup.find_all("img")) == 2
    identifiers = [each["id"] for each in soup.find_all(id=True)]
    assert len(identifiers) == len(set(identifiers))
    assert all(each["href"].startswith(("#", "https://")) for each in soup.find_all("a"))
    assert {each["href"][1:] for each in soup.find_all("a") if each["href"].startswith("#")} <= set(identifiers)


def test_a_pdf_needs_a_browser_and_says_so_first(outputs, monkeypatch, tmp_path):
    make("tiny")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(report_pdf.BrowserError, match="apt-get install chromium"):
        report.build("tiny", pdf=True)
    assert not (outputs / "tiny" / "report").exists()


def test_notes_of_runs_survive_damage(outputs):
    make("tiny")
    notes = outputs / "tiny" / "notebooks" / "executed.json"
    notes.write_text("[")
    executed_copies.note("tiny", "01_part", seconds=3.21, failure="")
    assert json.loads(notes.read_text())["01_part"]["seconds"] == 3.2
    assert executed_copies.read("tiny")[0].failure == ""
    with pytest.raises(OutputError, match="no executed notebooks"):
        executed_copies.read("nothing")


def damaged_copies(outputs):
    """Executed copies of which one thing or another is missing or no longer what it was."""
    path = outputs / "tiny" / "notebooks" / "01_part.ipynb"
    whole = path.read_text()
    for old, new in (
        ('"cells"', '"cellz"'),
        ('"cell_type": "code"', '"cell_type": "c0de"'),
        ('"output_type": "display_data"', '"output_type": "display_date"'),
        ('"source"', '"sourse"'),
        ('"metadata": {}', '"metadata": []'),
        ('"nbformat": 4', '"nbformat": 7'),
        (whole, "[]"),
        (whole, "\x00" * 99),
    ):
        assert old in whole, old
        path.write_text(whole.replace(old, new))
        yield path


def test_a_damaged_copy_is_told_and_the_others_are_shown(outputs):
    make("tiny")
    for path in damaged_copies(outputs):
        assert executed_copies.read("tiny")[0].failure.startswith(f"{path.name} is damaged")
        report.build("tiny")
        assert "01_part.ipynb is damaged" in (outputs / "tiny" / "report" / "01_part.html").read_text()
        assert "It works in part 2" in (outputs / "tiny" / "report" / "02_part.html").read_text()


def test_a_picture_whose_bytes_are_damaged_is_told(outputs):
    make("tiny")
    path = outputs / "tiny" / "notebooks" / "01_part.ipynb"
    content = base64.b64encode(picture(1)).decode()
    whole = path.read_text()
    assert content in whole
    for damaged in (content[:-2000], content[:400] + "A" * 600 + content[1000:], "no base64!", ""):
        path.write_text(whole.replace(content, damaged))
        report.build("tiny")
        assert (
            "A picture stood here; its bytes are damaged." in (outputs / "tiny" / "report" / "01_part.html").read_text()
        )


@pytest.mark.parametrize("entry", ["code", "cell", "versions", "parameters"])
def test_an_origin_that_says_too_little_counts_as_none(outputs, entry):
    """Found by the hunt: a page asked a damaged origin for what it did not hold."""
    make("tiny")
    path = outputs / "tiny" / "figures" / "01-noise.json"
    origin = files.read_checked_json(path)
    del origin[entry]
    files.write_checked_json(path, origin)
    report.build("tiny")
    page = BeautifulSoup(texts(outputs)["01_part.html"], "html.parser")
    assert "not known" in page.select_one("figure#figure-01-noise details.origin").get_text()
