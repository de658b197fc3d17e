"""The report: one file, safe, complete, and its numbers are GetDist's."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from synthetic import write_run

from ede_wbins.analysis import load_run
from ede_wbins.analysis.figures import KINDS, default_figures
from ede_wbins.analysis.report import words, write_report
from ede_wbins.analysis.tension_report import measured_tensions

FIGURES = ("w", "f_ede", "s8h0")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)"
)


class Page(HTMLParser):
    """Cells of tables, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self._in_cell = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._in_cell = tag in ("td", "th")

    def handle_data(self, data):
        if self._in_cell and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A run whose name and labels are HTML, with rejected points."""
    folder = tmp_path_factory.mktemp("evil")
    prefix = write_run(folder / "<b>&x", n=400)
    record = folder / "<b>&x.updated.yaml"
    record.write_text(record.read_text().replace("latex: H_0", "latex: H_0</script><i>"))
    reasons = {"A_s = # is <b>too</b> large": 3}
    (folder / "<b>&x.rejected.1.json").write_text(json.dumps(reasons))
    return load_run(prefix)


@pytest.fixture(scope="module")
def page(evil, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report([evil], path, FIGURES)


def test_numbers_are_getdists(page, evil):
    cells = {row[0]: row for row in Page(page.read_text()).rows if len(row) == 5}
    stats = evil.samples.getMargeStats()
    for name in evil.parameters:
        parameter = stats.parWithName(name)
        half_digit = 0.06 * parameter.err
        assert float(cells[name][1]) == pytest.approx(parameter.mean, abs=half_digit)
        for cell, limit in zip(cells[name][2:4], parameter.limits[:2], strict=True):
            ends = [limit.lower] * (limit.twotail or limit.onetail_lower)
            ends += [limit.upper] * (limit.twotail or limit.onetail_upper)
            shown = [float(x) for x in re.findall(r"[-+.\de]*\d", cell)]
            assert shown == pytest.approx(ends, abs=half_digit)
        assert float(cells[name][4]) == pytest.approx(evil.best.values[name], abs=half_digit)
    assert cells["fEDE"][3].startswith("< ")
    (each,) = [each for each in measured_tensions(evil) if each.other == "SH0ES"]
    (shown,) = [row for row in Page(page.read_text()).rows if row[1:2] == ["SH0ES"]]
    assert shown[3].startswith(f"{each.shift.n_sigma:.2f} ")


def test_nothing_is_taken_from_elsewhere_and_everything_is_escaped(page):
    text = page.read_text()
    parsed = Page(text)
    for tag, attributes in parsed.tags:
        assert tag not in ("link", "iframe", "b", "i")
        for name in ("src", "href"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#"))
    assert "&lt;b&gt;&amp;x" in text
    assert text.count("<script>") == text.count("</script>") == 1
    assert "default-src 'none'" in text


def test_page_is_complete_and_accessible(page):
    text = page.read_text()
    parsed = Page(text)
    images = [attributes for tag, attributes in parsed.tags if tag == "img"]
    assert len(images) == len(FIGURES) + 1
    assert all("alt" in attributes for attributes in images)
    assert parsed.tags.count(("table", {})) == text.count("<caption>") >= 5
    assert ("html", {"lang": "en"}) in parsed.tags
    for expected in (
        "not converged",
        "3 point(s) could not be computed",
        "reaches the end of the prior in",
        "3.4.1.0+ede_wbins.0123456789ab",
        "@article{Blas:2011rf",
        "n_bins: 3",
        "min: 0.001",
    ):
        assert expected in text


def test_words_say_what_came_out(w3):
    text = " ".join(words.summary(w3, measured_tensions(w3)))
    assert "early dark energy as an effective fluid and w(z) constant in 3 bins" in text
    assert "on PlanckCompressed, BAOCompressed, SNCompressed: 2 chain(s)" in text
    assert re.search(r"fEDE < 0\.0\d+ \(95%\); H0 = 6\d\.\d", text)
    assert "SH0ES in H0 (" in text


def test_an_emulated_run_says_what_class_found(evil):
    info = {**evil.info, "theory": {"ede_wbins.EmulatedEDEWBins": {"n_bins": 3}}}
    run = type(evil)(evil.prefix, evil.samples, info)
    assert any("was emulated, not yet checked" in text for text in words.warnings(run))
    file = evil.prefix.with_name(f"{evil.name}.exact_check.json")
    file.write_text(json.dumps({"verdict": "24 points: good", "points": []}))
    assert any("checked by CLASS at 24 points: good" in text for text in words.warnings(run))
    file.unlink()


def test_every_kind_of_figure_has_a_caption(w3):
    from ede_wbins.analysis.report.write import _CAPTIONS

    assert set(_CAPTIONS) == set(KINDS) >= {kind for kind, _ in default_figures([w3])}


PROBE = """<script>addEventListener("load", () => {
  const images = [...document.querySelectorAll("figure img")];
  const button = document.querySelector("figure button");
  button.focus();
  const reached = document.activeElement === button && !document.querySelector("[tabindex='-1']");
  button.click();
  const dialog = document.querySelector("dialog");
  const open = dialog.open && dialog.contains(document.activeElement);
  dialog.querySelector("[data-close]").click();
  const back = !dialog.open && document.activeElement === button;
  const wide = document.documentElement.scrollWidth <= innerWidth;
  document.title = JSON.stringify({
    seen: images.filter((i) => i.complete && i.naturalWidth && i.offsetWidth).length,
    open, back, reached, wide, load: performance.now()});
});</script></body>"""


@NEEDS_CHROMIUM
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser(page, tmp_path, width):
    """No error, all figures visible, zoom works, nothing wider than a phone, under 2 seconds."""
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", PROBE))
    done = _chromium(tmp_path, f"--window-size={width},900", "--dump-dom", probed.as_uri())
    assert "CONSOLE" not in done.stderr
    found = json.loads(re.search(r"<title>(.*)</title>", done.stdout)[1])
    assert found["seen"] == len(FIGURES)
    # By keyboard too: into the enlarged figure, and back to where one was.
    assert found["reached"] and found["open"] and found["back"]
    assert found["wide"]
    assert found["load"] < 2000


@NEEDS_CHROMIUM
def test_on_paper(page, tmp_path):
    """All figures are printed, and the input, which is folded on a screen, too."""
    paper = tmp_path / "report.pdf"
    _chromium(tmp_path, f"--print-to-pdf={paper}", page.as_uri())
    assert len(re.findall(rb"/Subtype\s*/Image", paper.read_bytes())) >= len(FIGURES)
    assert len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) >= 4


def _chromium(folder, *arguments):
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    return subprocess.run(
        [CHROMIUM, *options, f"--user-data-dir={folder / 'profile'}", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
