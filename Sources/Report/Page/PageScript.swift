/// The script of a report's page: it chooses a theme, hides curves and reads points out.
enum PageScript {
  static let text = #"""
    "use strict";
    \#(theme)
    \#(legend)
    \#(readout)
    document.querySelector(".guide").hidden = false;
    for (const figure of document.querySelectorAll(".figure")) {
      makeLegend(figure);
      makeReadout(figure);
    }
    """#

  private static let theme = #"""
    {
      const group = document.querySelector(".theme");
      const buttons = group.querySelectorAll("button");
      group.hidden = false;
      for (const button of buttons) {
        button.addEventListener("click", () => {
          if (button.dataset.theme) document.documentElement.dataset.theme = button.dataset.theme;
          else delete document.documentElement.dataset.theme;
          for (const other of buttons) other.setAttribute("aria-pressed", other === button);
        });
      }
    }
    """#

  private static let legend = #"""
    // Each entry becomes a button that hides its curve and shows it again.
    function makeLegend(figure) {
      const entries = figure.querySelectorAll(".legend li");
      if (entries.length < 2) return;
      entries.forEach((entry, index) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-pressed", true);
        button.title = "Hide or show";
        button.append(...entry.childNodes);
        entry.append(button);
        button.addEventListener("click", () => {
          const isShown = button.getAttribute("aria-pressed") !== "true";
          button.setAttribute("aria-pressed", isShown);
          const curve = figure.querySelector(`.canvas [data-series="${index}"]`);
          curve?.toggleAttribute("data-off", !isShown);
          figure.dispatchEvent(new Event("curves"));
        });
      });
    }
    """#

  private static let readout = #"""
    // Says what the point is that is nearest to the pointer, or that arrow keys choose.
    function makeReadout(figure) {
      const source = figure.querySelector(".marks");
      if (!source) return;
      const canvas = figure.querySelector(".canvas");
      const picture = canvas.querySelector("svg");
      const all = JSON.parse(source.textContent).flatMap(({name, points}, series) =>
        points.map(([x, y, text]) => ({series, x, y, text: name ? `${name}, ${text}` : text})));
      if (!all.length) return;
      const output = document.createElement("output");
      output.className = "readout";
      canvas.after(output);
      const cursor = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      cursor.setAttribute("class", "cursor");
      cursor.setAttribute("r", 7);
      canvas.ariaLabel += ": arrow keys read its points.";
      let chosen = null;
      const neighbour = (points, key, step) => {
        if (!chosen) return points[0];
        if (key === "ArrowLeft" || key === "ArrowRight") {
          const curve = points.filter(({series}) => series === chosen.series);
          return curve[curve.indexOf(chosen) + step] ?? chosen;
        }
        const series = [...new Set(points.map((point) => point.series))];
        const next = series[series.indexOf(chosen.series) + step];
        if (next === undefined) return chosen;
        return nearest(points.filter((point) => point.series === next), chosen.x, chosen.y);
      };

      const shown = () => all.filter(({series}) =>
        !figure.querySelector(`.canvas [data-series="${series}"][data-off]`));
      const show = (point) => {
        chosen = point;
        if (!point) {
          cursor.remove();
          output.textContent = "";
          return;
        }
        cursor.setAttribute("cx", point.x);
        cursor.setAttribute("cy", point.y);
        picture.append(cursor);
        output.textContent = point.text;
      };
      const nearest = (points, x, y) => points.reduce((best, point) => {
        const distance = Math.hypot(point.x - x, point.y - y);
        return distance < best.distance ? {point, distance} : best;
      }, {point: null, distance: Infinity}).point;

      const point = (event) => {
        const place = new DOMPoint(event.clientX, event.clientY)
          .matrixTransform(picture.getScreenCTM().inverse());
        show(nearest(shown(), place.x, place.y));
      };
      picture.addEventListener("pointermove", point);
      picture.addEventListener("pointerdown", point);
      // A finger leaves as soon as it is lifted: what it read out stays.
      canvas.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch") show(null);
      });
      canvas.addEventListener("blur", () => show(null));
      figure.addEventListener("curves", () => show(null));
      canvas.addEventListener("keydown", (event) => {
        const points = shown();
        const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1}[event.key];
        if (event.key === "Escape") show(null);
        if (!step || !points.length) return;
        event.preventDefault();
        show(neighbour(points, event.key, step));
        // Where the plot is wider than its box.
        cursor.scrollIntoView({block: "nearest", inline: "nearest"});
      });
    }
    """#
}
