"""Pieces of pages by their style alone: a date and a number stay in one line, and what belongs together is one row."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

_STYLE = "".join((Path("static/css") / f"{name}.css").read_text() for name in ("tokens", "base", "components", "pages"))
_LINES = """element => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return new Set([...range.getClientRects()].map(line => Math.round(line.top))).size;
}"""
_CENTRES = """row => {
  const box = row.querySelector("input").getBoundingClientRect();
  const words = row.querySelector("b").getBoundingClientRect();
  return Math.abs(box.top + box.height / 2 - words.top - words.height / 2);
}"""
_HIDE = '<td><b>Hide</b><span class="field-check"><label><input type="checkbox"></label></span></td>'


@pytest.mark.parametrize(
    ("piece", "element"),
    [
        ('<ol class="time-line"><li><span>Payment asked for again</span> <time>29 Dec 2026</time></li></ol>', "time"),
        ('<h1>Pay <span class="number">INV-2026-000005</span></h1>', ".number"),
    ],
    ids=["a date", "a number"],
)  # fmt: skip
def test_it_stays_in_one_line(browser: Browser, piece: str, element: str) -> None:
    page = browser.new_page(viewport={"width": 280, "height": 600})
    page.set_content(f"<style>{_STYLE}</style>{piece}")
    assert page.locator(element).evaluate(_LINES) == 1
    page.close()


def test_a_box_to_tick_stands_beside_its_word(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 600})
    page.set_content(f'<style>{_STYLE}</style><table class="table"><tbody><tr>{_HIDE}</tr></tbody></table>')
    assert page.locator("td").evaluate(_CENTRES) < 2
    page.close()
