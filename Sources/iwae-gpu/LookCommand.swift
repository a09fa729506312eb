import Commands
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
        help: "Some of \(Look.figures.map(\.name).joined(separator: ", ")). (default: all)")
    ] + DataOptions.tested + [
      Option(
        "--images", "count",
        help: "Test images behind the units, the latents and the weights. (default: 1000)"),
      Option("--width", "pixels", help: "The width of an image, where it is not square."),
      Option(
        "--out", "folder",
        help: FigureFormat.placeHelp + " (default: figures beside the checkpoint)"),
      Option("--seed", "seed", help: "The seed of what is drawn. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example("iwae-gpu look runs/iwae", "Draw the curves, samples and latents of a run")
    ],
    run: { try runLook($0, $1) })
}

private func runLook(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let names = try arguments.names(
    "--only", default: Look.figures.map(\.name), among: Look.figures.map(\.name))
  let display = Display(arguments, terminal)
  let subject = try DataOptions.subject(arguments, display)
  try Display.checkPlace(arguments, of: subject)
  let place = try Display.figures(arguments) ?? display.place(of: subject)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let look = Look(
    subject, images: try arguments.integer("--images", default: 1000),
    width: try Picture.width(arguments, subject.model, height: subject.images.height),
    on: device)
  let report = try look.draw(names, into: place) { display.show("drawing \($0)") }
  guard let report else {
    display.line.clear()
    return .interrupted
  }
  try display.result(report, report.text)
  return .done
}
