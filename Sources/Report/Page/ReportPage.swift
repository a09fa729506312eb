import Files
import Foundation

/// A report on runs: one HTML document that needs nothing else, and reads without scripts too.
public struct ReportPage: Sendable {
  public var title: String
  public var runs: [ReportRun]
  /// Runs of equal settings together; nil where each is alone.
  public var seeds: PageTable?
  /// The time after which a browser reads the page again; nil for a page that stays.
  public var refreshSeconds: Int?

  public init(title: String, runs: [ReportRun], seeds: PageTable? = nil) {
    (self.title, self.runs, self.seeds) = (title, runs, seeds)
  }

  public var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">\(refresh)
    <meta http-equiv="Content-Security-Policy" \
    content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
    <link rel="icon" href="data:,">
    <title>\(escaped(title))</title>
    <style>
    \(PageStyle.text)
    </style>
    </head>
    <body>
    <header>
    <h1>\(escaped(title))</h1>
    \(PageStyle.themeSwitch)
    </header>
    <main>
    \(sections.joined(separator: "\n"))
    </main>
    <footer><p>Made by iwae-gpu. This page is one file and asks nothing of the network.</p></footer>
    <script>
    \(PageScript.text)
    </script>
    </body>
    </html>

    """
  }

  private var refresh: String {
    refreshSeconds.map { "\n<meta http-equiv=\"refresh\" content=\"\($0)\">" } ?? ""
  }

  /// The number of figures on the page.
  public var figureCount: Int {
    TrainingFigures.figures(runs).count + runs.map(\.figures.count).reduce(0, +)
  }

  private var sections: [String] {
    let training = TrainingFigures.figures(runs).map { FigureElement($0) }
    return [
      section(
        "runs", runs.count == 1 ? "Run" : "Runs",
        comparison + (seeds?.html(title: "Seeds") ?? "") + missing),
      section(
        "training", "Training",
        PageStyle.guide + (training.isEmpty ? "<p>No pass is done yet.</p>" : Self.grid(training))),
      section("figures", "Figures", figures),
    ]
  }

  private var comparison: String {
    let trained = runs.filter { !$0.isFiguresAlone }
    return trained.isEmpty ? "<p>There are figures alone.</p>" : Comparison(trained).html
  }

  private func section(_ id: String, _ title: String, _ content: String) -> String {
    """
    <section aria-labelledby="\(id)">
    <h2 id="\(id)">\(title)</h2>
    \(content)
    </section>
    """
  }

  private static func grid(_ figures: [FigureElement]) -> String {
    "<div class=\"grid\">\n\(figures.map(\.html).joined(separator: "\n"))\n</div>"
  }

  private typealias Shown = (run: String, figure: Figure)

  /// Figures of the same name stand side by side; those that a single run has come last.
  private var figures: String {
    let names = Set(runs.flatMap(\.figures).map(\.name)).sorted()
    guard !names.isEmpty else {
      return "<p>There are none yet.</p>"
    }
    if runs.count == 1 { return Self.grid(runs[0].figures.map { FigureElement($0) }) }
    let groups: [[Shown]] = names.map { name in
      runs.flatMap { run in run.figures.filter { $0.name == name }.map { (run.name, $0) } }
    }
    let single = groups.filter { $0.count == 1 }.joined().map {
      FigureElement($0.figure, run: $0.run, showsTitle: true)
    }
    return
      (groups.filter { $0.count > 1 }.map(Self.sideBySide)
      + (single.isEmpty ? [] : ["<h3>Of one run each</h3>\n" + Self.grid(single)]))
      .joined(separator: "\n")
  }

  private static func sideBySide(_ shown: [Shown]) -> String {
    let titles = Set(shown.map(\.figure.title))
    let reach = AxisReach.shared(by: shown.map(\.figure))
    let elements = shown.map {
      FigureElement($0.figure, run: $0.run, showsTitle: titles.count > 1, reach: reach)
    }
    return
      "<h3>\(titles.count == 1 ? marked(shown[0].figure.title) : escaped(shown[0].figure.name))</h3>\n"
      + (reach.isEmpty ? "" : "<p class=\"summary\">Drawn to the same scale.</p>\n")
      + grid(elements)
  }

  /// A list of what runs lack, with the commands that make it.
  private var missing: String {
    let hints = runs.filter(\.hasModel).flatMap { run in
      var hints: [(what: String, command: String)] = []
      if run.evaluation == nil { hints.append(("no evaluation yet", "evaluate")) }
      let names = Set(run.figures.map(\.name))
      if !names.contains("bounds") { hints.append(("no figure of its bounds yet", "bounds")) }
      if !names.contains("samples") { hints.append(("no pictures of its model yet", "look")) }
      return hints.map { hint in
        "<li>\(escaped(run.name)) has \(hint.what): "
          + "<code>iwae-gpu \(hint.command) \(escaped(quotedForShell(run.path)))</code></li>"
      }
    }
    return hints.isEmpty
      ? "" : "\n<ul class=\"hints\">\n\(hints.joined(separator: "\n"))\n</ul>"
  }
}
