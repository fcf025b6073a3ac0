"""The report in a real headless Chromium; skipped where there is none."""

import io
from urllib.parse import unquote, urlsplit

import pytest
from small_report import make

from fer_utils.publishing import report, report_pdf

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make setup")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make setup")
SHIFT = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => { sum += entry.value; }))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve(sum), 200);
})"""


@pytest.fixture(scope="module")
def chromium():
    try:
        path = report_pdf.browser()
    except report_pdf.BrowserError as error:
        pytest.skip(str(error))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def folder(outputs):
    make("tiny")
    report.build("tiny", single_file=True)
    return outputs / "tiny" / "report"


@pytest.fixture
def visit(chromium):
    """Opens a page and says in the end that it was quiet: nothing in the console, nothing fetched from elsewhere."""
    contexts, told = [], []

    def open_page(path, *, width=1400, scheme="light", **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.on("request", lambda request: told.append(request.url) if request.url.startswith(("http", "ws")) else None)
        page.on("requestfailed", lambda request: told.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []


def each_page(folder):
    return sorted(folder.glob("*.html"))


def test_pages_are_quiet_accessible_and_fit(folder, visit):
    for path in each_page(folder):
        for width, scheme in ((360, "light"), (1400, "light"), (1400, "dark")):
            page = visit(path, width=width, scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SHIFT) < 0.01
            assert page.evaluate("[...document.images].every(image => image.alt && image.width && image.height)")
            page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            violations = axe.Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


def test_every_link_leads_somewhere(folder, visit):
    identifiers = {}
    for path in each_page(folder):
        identifiers[path] = set(visit(path).eval_on_selector_all("[id]", "all => all.map(each => each.id)"))
    count = 0
    for path in each_page(folder):
        for address in visit(path).eval_on_selector_all("a", "all => all.map(each => each.href)"):
            parts = urlsplit(address)
            target = path.__class__(unquote(parts.path))
            assert parts.scheme == "file"
            assert target.is_file()
            assert not parts.fragment or unquote(parts.fragment) in identifiers[target]
            count += 1
    assert count > 40


def test_contents_lead_to_headings_and_pictures_are_seen(folder, visit):
    page = visit(folder / "01_part.html")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Tables").click()
    heading = page.get_by_role("heading", name="Tables")
    assert 0 <= heading.bounding_box()["y"] < 900
    page.locator("figure img").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('figure img').naturalWidth === 60")
    page.get_by_role("link", name="Part 2").first.click()
    assert page.url.endswith("02_part.html")


def test_by_keyboard_and_without_scripts(folder, visit):
    page = visit(folder / "01_part.html", width=360, java_script_enabled=False)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.keyboard.press("Enter")
    code = page.locator("details.code").first
    assert not code.locator("pre").is_visible()
    code.locator("summary").focus()
    page.keyboard.press("Enter")
    assert code.locator("pre").is_visible()
    table = page.locator(".table").first
    table.focus()
    assert page.locator(":focus").get_attribute("aria-label").startswith("Table 1")


def test_a_pdf_has_all_pages(folder, outputs):
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed: make setup")
    try:
        report_pdf.browser()
    except report_pdf.BrowserError as error:
        pytest.skip(str(error))
    report.build("tiny", pdf=True)
    reader = pypdf.PdfReader(io.BytesIO((folder / "tiny.pdf").read_bytes()))
    text = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert len(text) >= 3
    assert "What was asked" in text[0]
    for words in ("01 Part 1", "02 Part 2"):
        assert any(page.startswith(words) for page in text[1:])
    assert sum(len(page.images) for page in reader.pages) == 2
    assert "It works in part 2" in text[-1]
