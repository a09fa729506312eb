"""The results of `compare` as a hand-written SVG: horizontal bars, one group for each workload.

Every group has a linear scale of its own. A bar that would dwarf the others is cut, and shows it.
The file has no background; its greys and its blue read on light and on dark pages.
"""
import html

WIDTH, LEFT, BAR_WIDTH = 800, 112, 430
BAR, PITCH, TITLE, GAP = 14, 20, 26, 18
# A bar is cut at this many times the slowest of JAX and PyTorch.
CUT = 1.7
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; fill: #1f2328; }
.ours { fill: #2f7de1; } text.ours { font-weight: 600; }
.peer { fill: #9aa4ae; }
.spread { stroke: #57606a; stroke-width: 1.5; }
.goal { stroke: #d1602f; stroke-width: 2; } text.goal { fill: #d1602f; stroke: none; }
.cut { stroke: #9aa4ae; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #9da7b1; } .title { fill: #e6edf3; } .ours { fill: #5ea1f2; }
  .peer { fill: #6b7580; } .spread { stroke: #c9d1d9; } .cut { stroke: #6b7580; }
  .goal { stroke: #f0885a; } text.goal { fill: #f0885a; }
}
"""


def text(x, y, content, kind=None, anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    place = f'x="{x:.0f}" y="{y:.0f}"{kind} text-anchor="{anchor}"'
    return f"<text {place}>{html.escape(content)}</text>"


def milliseconds(value):
    return f"{value:.0f} ms" if value >= 100 else f"{value:#.3g} ms"


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def full_scale(entries):
    """The time that a bar of full width stands for."""
    common = [
        entry["milliseconds"] for name, entry in entries.items()
        if name == "ours" or name == "jax" or name.startswith("torch")]
    longest = max(entry["milliseconds"] for entry in entries.values())
    return min(longest, CUT * max(common)) if common else longest


def bar(name, entry, scale, y):
    kind = "ours" if name == "ours" else "peer"
    length = min(entry["milliseconds"] / scale, 1) * BAR_WIDTH
    middle = y + BAR / 2
    yield text(LEFT - 8, y + 11, "iwae-gpu" if name == "ours" else name, kind=(
        "ours" if name == "ours" else None), anchor="end")
    if entry["milliseconds"] > scale:
        # Cut: a full bar, two slanted strokes and a stub.
        yield f'<rect x="{LEFT}" y="{y}" width="{length - 18:.1f}" height="{BAR}" class="{kind}"/>'
        for x in (length - 14, length - 8):
            yield line(LEFT + x - 2, y + BAR, LEFT + x + 2, y, "cut")
        yield f'<rect x="{LEFT + length - 4:.1f}" y="{y}" width="4" height="{BAR}" class="{kind}"/>'
        return
    yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" class="{kind}"/>'
    lowest, highest = (
        LEFT + min(value / scale, 1) * BAR_WIDTH
        for value in (min(entry["rounds"]), max(entry["rounds"])))
    yield line(lowest, middle, highest, middle, "spread")


def group(result, y):
    """The parts of a workload's group, and where the next one starts."""
    entries = result["participants"]
    parts = [text(LEFT, y + 12, result["title"], "title")]
    y += TITLE - 4
    scale = full_scale(entries) if entries else 1
    goal = result.get("against_goal")
    for name, entry in entries.items():
        parts += bar(name, entry, scale, y)
        label = milliseconds(entry["milliseconds"])
        end = LEFT + min(max(entry["rounds"]) / scale, 1) * BAR_WIDTH
        if name == "ours" and goal:
            mark = LEFT + BAR_WIDTH * result["goal"] * (
                entries[goal["peer"]]["milliseconds"] / scale)
            parts.append(line(mark, y - 3, mark, y + BAR + 3, "goal"))
            label += f", {goal['median']:.2f} of {goal['peer']}"
            end = max(end, mark)
            verdict = {True: "met", False: "missed", None: "not measured"}[result.get("met")]
            parts.append(text(
                WIDTH - 8, y + 11, f"goal {result['goal']:.2f}: {verdict}", "goal", "end"))
        parts.append(text(end + 7, y + 11, label, "ours" if name == "ours" else None))
        y += PITCH
    for name, reason in result["not_timed"].items():
        parts.append(text(LEFT - 8, y + 11, name, anchor="end"))
        parts.append(text(LEFT, y + 11, f"not timed: {reason[:90]}"))
        y += PITCH
    return parts, y + GAP


def draw(results, machine):
    """The SVG of the results that `compare` gathered."""
    parts, y = [], 8
    for result in results:
        more, y = group(result, y)
        parts += more
    where = f"{machine['processor']}, {machine['cores']} cores."
    parts.append(text(LEFT, y + 4, f"{where} Medians; a thin line spans the rounds."))
    parts.append(text(
        LEFT, y + 20, "Each group has a scale of its own; slanted strokes cut a bar short."))
    height = y + 32
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="Times of iwae-gpu and its peers">\n'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n")
