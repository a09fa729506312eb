import Experiments
import Report

extension Command {
  static let look = Command(
    name: "look",
    abstract: "Draw what there is to see of a model, for people and for the report.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: [
      Option(
        "--only", "names",
        help: "Some of \(Look.figures.map(\.name).joined(separator: ", ")). (default: all)"),
      DataOptions.option, DataOptions.labels, DataOptions.binarize,
      Option(
        "--images", "count",
        help: "Test images behind the units, the latents and the weights. (default: 1000)"),
      Option("--width", "pixels", help: "The width of an image, where it is not square."),
      Option("--out", "folder", help: "Where figures go. (default: figures beside the checkpoint)"),
      Option("--seed", "seed", help: "The seed of what is drawn. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try runLook($0, $1) })
}

/// The object that `--json` prints.
private struct LookReport: Encodable {
  struct Drawn: Encodable {
    var name: String
    var title: String
    var summary: String
    var file: String
  }

  var figures: [Drawn] = []
  /// The figures that cannot be drawn of this model, with reasons.
  var leftOut: [String: String] = [:]
  var device: String

  var text: String {
    (figures.map { "\($0.file)\n  \($0.title). \($0.summary)" }
      + leftOut.sorted { $0.key < $1.key }.map { "No \($0.key): \($0.value)" })
      .joined(separator: "\n")
  }
}

private func runLook(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let names = try arguments.names(
    "--only", default: Look.figures.map(\.name), among: Look.figures.map(\.name))
  let display = Display(arguments, terminal)
  let subject = try DataOptions.subject(arguments, display)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let look = Look(
    subject, images: try arguments.integer("--images", default: 1000),
    width: try Picture.width(arguments, subject.model, height: subject.images.height),
    on: device)
  let folder =
    arguments.string("--out").map { FigureFolder($0) }
    ?? FigureFolder(run: RunFolder(containing: subject.name).path)
  var report = LookReport(device: device.name)
  for (name, draw) in Look.figures where names.contains(name) {
    display.line.show("drawing \(name)")
    switch try draw(look) {
    case .drawn(let figure):
      try folder.write(figure)
      report.figures.append(
        .init(
          name: name, title: figure.title, summary: figure.summary,
          file: folder.picture(of: figure)))
    case .impossible(let reason):
      report.leftOut[name] = reason
    }
    if display.interrupt.isRequested {
      display.line.clear()
      return .interrupted
    }
  }
  try display.result(report, report.text)
  return .done
}
