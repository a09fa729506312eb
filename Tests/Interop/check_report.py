"""Checks a report of runs in Chromium.

    check_report.py REPORT RUN_FOLDER... [--screenshots FOLDER]

Fails on any error in the console and any request, on figures without a text, on identifiers that are
not unique, on texts and marks with too little contrast, and where a page is wider than a phone or a
plot's text too small on one. Hides a curve, reads points out, switches themes, and compares a file that
is offered with the run's own numbers.
"""
import argparse
import csv
import json
import pathlib
import shutil
import tempfile
import time

from agreement import fail, need, skip
from browser import Browser

# How colours stand out from one another.
COLORS = r"""
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (first, second) => {
    const pair = [luminance(first), luminance(second)];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
"""

# Colours of texts and of what is behind them, as the page shows them.
CONTRAST = "(() => {" + COLORS + r"""
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...document.querySelectorAll("body *:not(script)")].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    && element.checkVisibility() && !element.closest("svg"));
  return texts.map((element) =>
    [contrast(getComputedStyle(element).color, background(element)), element.outerHTML]
  ).sort((a, b) => a[0] - b[0])[0];
})()"""

# The same of plots: of their texts, and of the lines and bars of their series and legends. A text in a
# cell of a heat map stands on the cell, all else on paper. What is faint on purpose is left out.
PLOT_CONTRAST = "(() => {" + COLORS + r"""
  const paper = getComputedStyle(document.body).backgroundColor;
  const mixed = (color, element) => {
    let opacity = 1;
    for (let outer = element; outer && outer.tagName !== "FIGURE"; outer = outer.parentElement)
      opacity *= getComputedStyle(outer).opacity;
    const ground = channels(paper);
    const seen = channels(color).slice(0, 3)
      .map((value, index) => opacity * value + (1 - opacity) * ground[index]);
    return `rgb(${seen.join()})`;
  };
  const cell = (text) => {
    let element = text.previousElementSibling;
    while (element?.tagName === "path" && element.getAttribute("fill") === "none")
      element = element.previousElementSibling;
    return getComputedStyle(element).fill;
  };
  const worst = (elements, color, ground) => [...elements].map((element) =>
    [contrast(mixed(color(element), element), ground(element)), element.outerHTML]
  ).sort((a, b) => a[0] - b[0])[0];
  return {
    text: worst(document.querySelectorAll(".canvas svg text"),
      (text) => getComputedStyle(text).fill,
      (text) => text.hasAttribute("fill") ? cell(text) : paper),
    mark: worst(document.querySelectorAll(".series path:not([opacity]), .legend svg [class]"),
      (mark) => getComputedStyle(mark).color, () => paper),
  };
})()"""

# How large the smallest text of each plot is, and whether all of the plot can be reached.
PLOT_SIZES = """[...document.querySelectorAll(".canvas svg")].map((svg) => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const canvas = svg.closest(".canvas");
  return {
    size: scale * Math.min(...[...svg.querySelectorAll("text")]
      .map((text) => parseFloat(getComputedStyle(text).fontSize))),
    isReachable: canvas.scrollWidth <= canvas.clientWidth
      || canvas.tabIndex === 0 && canvas.role === "group" && Boolean(canvas.ariaLabel),
    label: svg.ariaLabel.slice(0, 60),
  };
})"""

# What reaches beyond the right edge and does not scroll in a box of its own.
WIDE = """[...document.querySelectorAll("body *")].filter((element) =>
  !element.closest(".scroll > *, .canvas > *")
  && element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 80))"""

FIGURES = """[...document.querySelectorAll("figure")].map((figure) => {
  const svg = figure.querySelector(".canvas svg"), image = figure.querySelector(".canvas img");
  return {
    title: figure.querySelector("figcaption").textContent,
    label: svg ? svg.role === "img" && svg.ariaLabel : image.alt,
  };
})"""

# Where each curve of a figure is shown.
CURVES = """[...document.querySelectorAll("figure")].map((figure) =>
  [...figure.querySelectorAll(".canvas [data-series]")].map((curve) =>
    getComputedStyle(curve).display !== "none"))"""


def check_structure(browser, runs):
    """Every figure has a text and is there; nothing is said twice."""
    figures = browser.evaluate(FIGURES)
    wanted = sum(len(list((run / "figures").glob("*.json"))) for run in runs) + 1
    if len(figures) < wanted:
        fail(f"the report has {len(figures)} figures, expected at least {wanted}.")
    for figure in figures:
        if not figure["label"] or len(figure["label"]) < 10:
            fail(f"the figure '{figure['title']}' has no accessible text.")
    identifiers = browser.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    if len(set(identifiers)) != len(identifiers):
        fail(f"identifiers are used twice: {identifiers}.")
    groups = browser.evaluate("[...document.querySelectorAll('.canvas[role]')].map((e) => e.ariaLabel)")
    if len(set(groups)) != len(groups):
        fail(f"plots are called alike: {groups}.")
    levels = browser.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((e) => +e.tagName[1])")
    if levels.count(1) != 1 or any(b - a > 1 for a, b in zip(levels, levels[1:])):
        fail(f"headings skip levels: {levels}.")
    if not browser.evaluate("document.documentElement.lang"):
        fail("the page does not say its language.")
    print(f"  {len(figures)} figures with texts, {len(identifiers)} identifiers")


def check_legend(browser):
    """A button hides its curve and no other, by keyboard, and shows it again."""
    button = "document.querySelector('figure .legend button')"
    before = browser.evaluate(CURVES)
    if not all(all(figure) for figure in before):
        fail("not every curve is shown at first.")
    for pressed in ("false", "true"):
        browser.evaluate(f"{button}.focus()")
        browser.press("Enter", text="\r")
        found = browser.evaluate(f"{button}.getAttribute('aria-pressed')")
        if found != pressed:
            fail(f"the legend's button says it is {found}, expected {pressed}.")
        changed = [
            (figure, curve) for figure, curves in enumerate(browser.evaluate(CURVES))
            for curve, is_shown in enumerate(curves) if not is_shown]
        if len(changed) != (pressed == "false"):
            fail(f"the legend's button changed {changed}.")
    print("  a button hides its curve, and shows it again")


def check_readout(browser):
    """The pointer and arrow keys read points out."""
    place = browser.evaluate(
        "(() => { const svg = document.querySelector('figure .canvas svg');"
        "svg.scrollIntoView({block: 'center'}); const box = svg.getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()")
    readout = "document.querySelector('figure .readout').textContent"
    hint = browser.evaluate(readout)
    browser.move(*place)
    pointed = browser.evaluate(readout)
    if pointed == hint or not any(character.isdigit() for character in pointed):
        fail(f"the pointer reads '{pointed}'.")
    browser.move(1, 1)
    browser.evaluate("document.querySelector('figure .canvas').focus()")
    texts = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        browser.press(key)
        texts.append(browser.evaluate(readout))
    if hint in texts or len(set(texts)) != 3:
        fail(f"arrow keys read {texts}.")
    browser.evaluate("document.activeElement.blur()")
    browser.tap(*place)
    touched = browser.evaluate(readout)
    if touched != pointed:
        fail(f"a finger reads '{touched}', where the pointer reads '{pointed}'.")
    browser.evaluate("document.activeElement.blur()")
    print(f"  read out: '{pointed}'")


def check_download(browser, run, downloads):
    """The file that a link offers has the numbers of the run's figure."""
    plot = json.loads(need(run / "figures" / "bounds.json").read_text())["content"]["lines"]
    name = browser.evaluate(
        "(() => { const link = document.querySelector('a[download$=\"bounds.csv\"]');"
        "link.click(); return link.download; })()")
    path = downloads / name
    deadline = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > deadline:
            fail(f"'{name}' did not arrive.")
        time.sleep(0.05)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for curve in plot["curves"]:
        found = [(float(row[plot["x_label"]]), float(row[curve["name"]])) for row in rows]
        wanted = [(point["x"], point["y"]) for point in curve["points"]]
        if found != wanted:
            fail(f"'{name}' has {found} for '{curve['name']}', expected {wanted}.")
    print(f"  {name}: {len(rows)} rows are those of the run")


def check_themes(browser):
    """The page follows the system, unless told otherwise; its texts can be read in both."""
    ground = "getComputedStyle(document.body).backgroundColor"
    seen = {}
    for system in ("light", "dark"):
        browser.prefer(system)
        for choice in ("", "light", "dark"):
            browser.evaluate(f"document.querySelector('.theme [data-theme=\"{choice}\"]').click()")
            seen.setdefault(choice or system, set()).add(browser.evaluate(ground))
            contrast, text = browser.evaluate(CONTRAST)
            if contrast < 4.5:
                fail(f"the contrast is {contrast:.2f}, expected 4.5, in {text[:200]}.")
            for kind, least in (("text", 4.5), ("mark", 3)):
                contrast, text = browser.evaluate(PLOT_CONTRAST)[kind]
                if not contrast >= least:
                    fail(f"a plot's {kind} has the contrast {contrast:.2f}, expected {least}, in "
                         f"{text[:200]}.")
        browser.evaluate("document.querySelector('.theme button').click()")
    if any(len(colors) != 1 for colors in seen.values()) or seen["light"] == seen["dark"]:
        fail(f"the themes look like {seen}.")
    print(f"  light and dark: {seen['light'].pop()}, {seen['dark'].pop()}")


def check_widths(browser):
    for width in (390, 320, 1280):
        browser.resize(width)
        found = browser.evaluate("document.documentElement.scrollWidth")
        wide = browser.evaluate(WIDE)
        if found > width or wide:
            fail(f"at {width} pixels the page is {found} wide; too wide are {wide[:3]}.")
        plots = browser.evaluate(PLOT_SIZES)
        smallest = min(plots, key=lambda plot: plot["size"])
        if not smallest["size"] >= 11:
            fail(f"at {width} pixels the text of '{smallest['label']}' is {smallest['size']:.1f} high.")
        if not all(plot["isReachable"] for plot in plots):
            fail(f"at {width} pixels a plot is cut off where keys do not reach it: {plots}.")
        print(f"  at {width} pixels no wider, and no plot's text below {smallest['size']:.1f}")


def check_scrolling(browser):
    """Keys that read a curve to its end show that end, where a plot is wider than its box."""
    browser.resize(320)
    canvas = "document.querySelector('figure .canvas')"
    count = browser.evaluate(
        "JSON.parse(document.querySelector('figure .marks').textContent)[0].points.length")
    browser.evaluate(f"{canvas}.focus()")
    for _ in range(count):
        browser.press("ArrowRight")
    found = browser.evaluate(f"[{canvas}.scrollLeft, scrollX]")
    if not (found[0] > 0 and found[1] == 0):
        fail(f"after {count} keys the plot and the page have moved by {found}.")
    browser.evaluate("document.activeElement.blur()")
    browser.resize(1280)
    print(f"  keys move a plot by {found[0]:.0f} pixels, and not the page")


def check_without_scripts(browser, address):
    """Without scripts there is everything but what only scripts can do."""
    text = "document.querySelector('main').innerText"
    whole = browser.evaluate("document.querySelectorAll('figure .canvas > *').length")
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(address)
    if browser.evaluate("document.querySelectorAll('figure .canvas > *').length") != whole:
        fail("there are other figures without scripts.")
    if browser.evaluate(
            "[...document.querySelectorAll('button')].some((button) => button.checkVisibility())"):
        fail("buttons are shown that do nothing without scripts.")
    if len(browser.evaluate(text)) < 200:
        fail("without scripts there is next to nothing to read.")
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
    print("  without scripts it reads as well")


def take_screenshots(browser, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        browser.prefer(theme)
        for name, width in (("wide", 1280), ("phone", 390)):
            browser.resize(width)
            # As high as the page, so that all of it is painted by then.
            browser.resize(width, browser.evaluate("document.documentElement.scrollHeight"))
            browser.evaluate("new Promise((done) => requestAnimationFrame(() =>"
                             " requestAnimationFrame(done)))")
            browser.screenshot(folder / f"{theme}-{name}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", help="the HTML file")
    parser.add_argument("runs", nargs="+", type=pathlib.Path, help="the runs it is about")
    parser.add_argument("--screenshots", type=pathlib.Path, help="a folder for pictures of it")
    options = parser.parse_args()
    address = need(options.report).resolve().as_uri()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
                   None)
    if not program:
        skip("the report in Chromium (it is not installed)")
        return
    with tempfile.TemporaryDirectory() as name:
        downloads = pathlib.Path(name)
        browser = Browser(program, downloads)
        try:
            browser.open(address)
            check_structure(browser, options.runs)
            check_legend(browser)
            check_readout(browser)
            check_download(browser, options.runs[0], downloads)
            check_widths(browser)
            check_scrolling(browser)
            check_themes(browser)
            if options.screenshots:
                take_screenshots(browser, options.screenshots)
            problems = browser.problems(address)
            check_without_scripts(browser, address)
            problems += browser.problems(address)
        finally:
            browser.close()
    if problems:
        fail("; ".join(problems))
    print(f"{options.report}: no error, and no request beyond the page")


if __name__ == "__main__":
    main()
