# Checks a report as its reader uses it: check_page.py CHROMIUM PAGE [--study] [--shots FOLDER]. One line a check;
# exits with 1 if one fails.
import argparse
import pathlib
import sys

from browser import Browser

parser = argparse.ArgumentParser()
parser.add_argument("chromium")
parser.add_argument("page", type=pathlib.Path)
parser.add_argument("--study", action="store_true", help="the page has tables that sort and filter")
parser.add_argument("--most-milliseconds", type=float, help="that loading may take, the fastest of three")
parser.add_argument("--shots", type=pathlib.Path, help="folder for screenshots of both schemes and two widths")
options = parser.parse_args()
failed = []


def check(name, good, shown=""):
    print(("ok    " if good else "FAILED"), name, shown, flush=True)
    if not good:
        failed.append(name)


# Contrast of every visible piece of text with what lies behind it, as WCAG defines it; the worst one.
WORST_CONTRAST = """(() => {
 const rgb = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
 const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * r + .7152 * g + .0722 * b; };
 const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
 let worst = [99, ''];
 for (const e of document.querySelectorAll('main *, header *, footer *, nav *')) {
  if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
  const a = light(rgb(getComputedStyle(e).color).slice(0, 3)), b = light(behind(e));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < worst[0]) worst = [ratio, e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 30)];
 }
 return worst; })()"""


def tab_to(browser, expression, most=400):
    """Presses Tab until the focused element fits; how often, or None."""
    for pressed in range(1, most):
        browser.key("Tab")
        if browser.value(f"(e => {expression})(document.activeElement)"):
            return pressed
    return None


def column(browser, table, index):
    return browser.value(f"[...document.querySelectorAll('#{table} tbody tr')].filter(r => !r.hidden)"
                         f".map(r => (r.cells[{index}].dataset.v ?? r.cells[{index}].textContent).trim())")


def check_sorting(browser):
    pressed = tab_to(browser, "e.matches('#cells-table button.sort') && e.closest('th').hasAttribute('data-number') "
                              "&& e.closest('th').cellIndex > 1")
    check("the keyboard reaches a sorting button", pressed is not None, f"{pressed} times Tab")
    if pressed is None:
        return
    index = browser.value("document.activeElement.closest('th').cellIndex")
    for direction, reverse in (("ascending", False), ("descending", True)):
        browser.key("Enter")
        state = browser.value("document.activeElement.closest('th').getAttribute('aria-sort')")
        values = column(browser, "cells-table", index)
        numbers = [float(v) for v in values if v != ""]
        check(f"Enter sorts {direction}", state == direction and numbers == sorted(numbers, reverse=reverse) and
              len(set(numbers)) > 1, f"{len(numbers)} numbers")
        check(f"rows without a value stay last when {direction}", all(v == "" for v in values[len(numbers):]))
    check("the focus outlines what it is on", browser.value(
        "getComputedStyle(document.activeElement).outlineStyle !== 'none'"))


def check_filter(browser):
    browser.value("document.activeElement.blur(), document.querySelector('#cells').focus()")
    pressed = tab_to(browser, "e.id === 'cells-table-filter'")
    check("the keyboard reaches the filter", pressed is not None)
    rows = browser.value("document.querySelectorAll('#cells-table tbody tr').length")
    for letter in "mrd done":
        browser.key("Space" if letter == " " else letter)
    shown = browser.value("[...document.querySelectorAll('#cells-table tbody tr')].filter(r => !r.hidden)"
                          ".map(r => r.textContent)")
    check("the filter keeps the rows that have every word", 0 < len(shown) < rows and
          all("mrd" in row and "done" in row for row in shown), f"{len(shown)} of {rows}")
    check("and says how many", browser.value("document.querySelector('#cells-table-count').textContent") ==
          f"{len(shown)} of {rows} rows")
    browser.key("Escape")
    check("Escape empties it", browser.value(
        "[...document.querySelectorAll('#cells-table tbody tr')].every(r => !r.hidden)"))


def check_page(browser, url):
    browser.window(1280)
    times = [browser.open(url) for _ in range(3)]
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    check("asks for nothing but itself", asked == [url], str(asked[1:]))
    bad = [e["method"] for e in browser.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    check("complains of nothing", not bad, str(bad))
    print(f"      loaded in {min(times):.0f} ms, {browser.value('document.documentElement.outerHTML.length')} characters")
    if options.most_milliseconds:
        check(f"opens in {options.most_milliseconds:.0f} ms", min(times) <= options.most_milliseconds)
    browser.value("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    browser.key("Tab")
    check("the first Tab offers to skip to the content", browser.value(
        "document.activeElement.className === 'skip' && document.activeElement.getBoundingClientRect().left >= 0"))
    for name in ("light", "dark"):
        browser.scheme(name)
        ratio, where = browser.value(WORST_CONTRAST)
        check(f"text is readable in the {name} scheme", ratio >= 4.5, f"contrast {ratio:.2f} at {where}")
    dark = browser.value("getComputedStyle(document.body).backgroundColor")
    browser.scheme("light")
    check("dark and light differ", dark != browser.value("getComputedStyle(document.body).backgroundColor"), dark)
    for width in (1280, 390, 320):
        browser.window(width)
        wide = browser.value("document.documentElement.scrollWidth")
        check(f"a window of {width} needs no sideways scrolling", wide <= width, str(wide))
    browser.window(1280)
    check("every table wider than the page scrolls by keyboard", browser.value(
        "[...document.querySelectorAll('table')].every(t => t.getClientRects().length === 0 || "
        "t.scrollWidth <= t.closest('section').clientWidth || t.closest('[tabindex=\"0\"]'))"))
    browser.value("document.querySelectorAll('details').forEach(d => { d.open = false; })")


def shoot(browser, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for width in (1280, 390):
        for name in ("light", "dark"):
            browser.window(width), browser.scheme(name)
            height = min(browser.value("document.documentElement.scrollHeight"), 9000)
            browser.window(width, height)
            browser.screenshot(folder / f"{options.page.stem}-{width}-{name}.png")


browser = Browser(options.chromium)
try:
    check_page(browser, options.page.resolve().as_uri())
    if options.study:
        check_sorting(browser)
        check_filter(browser)
    if options.shots:
        shoot(browser, options.shots)
finally:
    browser.close()
sys.exit(1 if failed else 0)
