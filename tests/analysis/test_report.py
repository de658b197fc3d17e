"""The report: one file, safe, complete, and its numbers are GetDist's."""

import json
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser

import pytest
from synthetic import write_run

from ede_wbins.analysis import load_run
from ede_wbins.analysis.figures import KINDS, default_kinds
from ede_wbins.analysis.report import words, write_report
from ede_wbins.analysis.table import rows
from ede_wbins.analysis.tension_report import measured_tensions

FIGURES = ("w", "f_ede", "s8h0")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


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
    parameter = evil.samples.getMargeStats().parWithName("H0")
    (row,) = [row for row in rows(evil) if row.name == "H0"]
    assert cells["H0"][1] == row.number(parameter.mean)
    limits = parameter.limits[0]
    assert cells["H0"][2] == f"[{row.number(limits.lower)}, {row.number(limits.upper)}]"
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


def test_every_kind_of_figure_has_a_caption(w3):
    from ede_wbins.analysis.report.write import _CAPTIONS

    assert set(_CAPTIONS) == set(KINDS) >= set(default_kinds(w3))


PROBE = """<script>addEventListener("load", () => {
  const images = [...document.querySelectorAll("figure img")];
  document.querySelector("figure button").click();
  const open = document.querySelector("dialog").open;
  const wide = document.documentElement.scrollWidth <= innerWidth;
  document.title = JSON.stringify({
    seen: images.filter((i) => i.complete && i.naturalWidth && i.offsetWidth).length,
    open, wide, load: performance.now()});
});</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser(page, tmp_path, width):
    """No error, all figures visible, zoom works, nothing wider than a phone, under 2 seconds."""
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", PROBE))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--dump-dom", probed.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert time.monotonic() - began < 120
    assert "CONSOLE" not in done.stderr
    found = json.loads(re.search(r"<title>(.*)</title>", done.stdout)[1])
    assert found["seen"] == len(FIGURES)
    assert found["open"]
    assert found["wide"]
    assert found["load"] < 2000
