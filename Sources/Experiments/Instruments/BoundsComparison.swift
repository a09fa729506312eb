import Files
import Report

/// The bounds of several models, measured alike.
public struct BoundsComparison: Encodable, Sendable {
  public struct Run: Encodable, Sendable {
    public var name: String
    public var bounds: BoundsReport

    public init(name: String, bounds: BoundsReport) {
      (self.name, self.bounds) = (name, bounds)
    }
  }

  public var runs: [Run]
  /// The file of the figure with all of them; nil where none was kept.
  public var figure: String?

  /// - Parameters:
  ///   - paths: The models' checkpoints or run folders, whose names tell them apart.
  ///   - reports: The bounds of each.
  public init(_ paths: [String], _ reports: [BoundsReport]) {
    runs = zip(Self.names(of: paths), reports).map { Run(name: $0, bounds: $1) }
  }

  /// The names of models; where they coincide, as much of the ends of their paths as tells them apart.
  static func names(of paths: [String]) -> [String] {
    let parts = paths.map { $0.split(separator: "/") }
    let names = zip(paths, parts).map { path, parts in
      parts.last { !$0.hasSuffix(".safetensors") }.map(String.init) ?? path
    }
    return paths.indices.map { index in
      guard names.count(where: { $0 == names[index] }) > 1 else { return names[index] }
      let count = (1...max(parts[index].count, 1)).first { count in
        count > 1
          && parts.count { $0.suffix(count).elementsEqual(parts[index].suffix(count)) } == 1
      }
      return count.map { parts[index].suffix($0).joined(separator: "/") } ?? paths[index]
    }
  }

  /// The report for people.
  public var text: String {
    let tables = runs.map { "\(onOneLine($0.name))\n\n\($0.bounds.text)" }
    let place = figure.map { "All in one figure: \(onOneLine($0))" }
    return (tables + [place ?? "'--out' names a file for one figure of them all."])
      .joined(separator: "\n\n")
  }

  /// A row for each model and number of samples.
  public var table: ResultTable {
    let tables = runs.map(\.bounds.table)
    var result = ResultTable(
      [.text("model", key: "model")] + (tables.first?.columns ?? []),
      remark: tables.first?.remark ?? "")
    for (run, table) in zip(runs, tables) {
      for (index, row) in table.rows.enumerated() {
        result.append([index == 0 ? .text(run.name) : .repeated(run.name)] + row)
      }
    }
    return result
  }

  /// A curve for each model.
  public func makeFigure() -> Figure {
    let curves = runs.map { run in
      LinePlot.Curve(
        run.name,
        run.bounds.bounds.map { point in
          .init(
            x: Double(point.samples), y: point.bound.mean, error: point.bound.standardError ?? 0)
        })
    }
    let counts = Set(runs.map(\.bounds.images))
    let images = counts.count == 1 ? " over \(counted(runs[0].bounds.images, "image"))" : ""
    let ends = runs.compactMap { run in
      run.bounds.bounds.last.map {
        "\(run.name) \($0.bound.text(decimals: 4)) with \(counted($0.samples, "sample"))"
      }
    }
    let warnings = runs.compactMap { run in run.bounds.warning.map { "\(run.name): \($0)" } }
    return Figure(
      name: "bounds", title: "L_k of \(counted(runs.count, "model"))\(images)",
      summary: "The last bounds: \(ends.joined(separator: ", ")).",
      remark: warnings.isEmpty ? nil : warnings.joined(separator: " "),
      content: .lines(LinePlot(xLabel: "samples k", yLabel: "L_k, nats", curves: curves)))
  }
}
