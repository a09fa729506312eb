import Files
import Report

/// The figures of a model that were drawn.
public struct LookReport: Encodable, Sendable {
  public struct Drawn: Encodable, Sendable {
    public var name: String
    public var title: String
    public var summary: String
    /// Nil where it is kept nowhere.
    public var file: String?
  }

  public var figures: [Drawn] = []
  /// The figures that cannot be drawn of this model, with reasons.
  public var leftOut: [String: String] = [:]
  public var device: String

  public var text: String {
    (figures.map { "\(onOneLine($0.file ?? "not kept"))\n  \($0.title). \($0.summary)" }
      + leftOut.sorted { $0.key < $1.key }.map { "No \($0.key): \($0.value)" })
      .joined(separator: "\n")
  }
}

extension Look {
  /// Draws figures; nil if the monitor stopped it.
  ///
  /// - Parameters:
  ///   - names: The names of the figures.
  ///   - place: The place of the figures.
  ///   - monitor: Told the name of the figure that is next; returns whether to go on.
  public func draw(
    _ names: [String], into place: FigurePlace, monitor: (String) -> Bool = { _ in true }
  ) throws -> LookReport? {
    var report = LookReport(device: device.name)
    for (name, draw) in Look.figures where names.contains(name) {
      guard monitor(name) else { return nil }
      switch try draw(self) {
      case .drawn(let figure):
        let file = try place.put(figure, isAlone: names.count == 1)
        report.figures.append(
          .init(name: name, title: figure.title, summary: figure.summary, file: file))
      case .impossible(let reason):
        report.leftOut[name] = reason
      }
    }
    return report
  }
}
