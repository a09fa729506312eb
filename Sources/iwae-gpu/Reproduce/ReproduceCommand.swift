import Compute
import Files
import Foundation
import IWAE

extension Command {
  static let reproduce = Command(
    name: "reproduce",
    abstract: "Train a paper's table, and show its numbers beside yours.",
    arguments: [
      .init(
        "paper",
        help: "burda: Importance Weighted Autoencoders (2016); rainforth: Tighter ... (2018).")
    ],
    options: [
      Option(
        "--data", "name|file",
        help: "The images; numbers were published of mnist, omniglot and binarized-mnist. "
          + "(default: mnist)"),
      Option(
        "--passes", "count",
        help: "The first passes of the paper's \(LearningRate.burdaPasses). (default: all)"),
      Option(
        "--seeds", "seeds", help: "With commas between them. (default: 0; of rainforth, 0,1,2,3)"),
      Option("--seed", "seed", help: "The same as '--seeds' with one."),
      Option(
        "--mode", "recipe", choices: ["paper", "released"],
        help: "burda: the paper's recipe, or that of its released code. (default: paper)"),
      Option(
        "--binarize", "how", choices: ["sample", "fixed"],
        help: "burda: grey pixels drawn afresh in each pass, or once. (default: sample)"),
      Option("--layers", "counts", help: "burda: stochastic layers. (default: 1,2)"),
      Option("--objectives", "names", help: "burda: vae, iwae or both. (default: vae,iwae)"),
      Option("--samples", short: "-k", "counts", help: "burda: samples k. (default: 1,5,50)"),
      Option(
        "--out", "folder",
        help: "Where the runs go, and where those that are there go on. (default: "
          + "runs/reproduce-PAPER-DATA)"),
    ] + RunOptions.tested + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try runReproduce($0, $1) })
}

private func runReproduce(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
  let paper = try Paper(arguments)
  let images = try RunImages(paper.source, for: paper.plan.base, arguments)
  let runner = try CellRunner(
    paper.folder, images: images, test: try RunOptions.test(arguments), line: line,
    interrupt: Interrupt())
  runner.boundSamples = paper.boundSamples
  var cells: [Cell] = []
  for cell in paper.rows.flatMap(\.cells) where !cells.contains(where: { $0.name == cell.name }) {
    cells.append(cell)
  }
  let isWhole = try runner.run(cells) { try Backend.open(arguments) }
  line.clear()
  let all = images.split.test.count
  let isPartial = runner.tested.count < all
  let report = Reproduction(
    paper: paper.title, mode: paper.mode, data: paper.source.name,
    passes: paper.plan.base.passes, publishedPasses: LearningRate.burdaPasses,
    seeds: paper.plan.seeds.count, isPartial: isPartial,
    rows: paper.rows.map { $0.row(runner.results, isPartial: isPartial) },
    notes: paper.notes + notes(runner.test, of: all) + paper.source.collection.notes,
    folder: paper.folder)
  try Files.write(try JSONText.data(report), to: "\(paper.folder)/results.json")
  try arguments.has("--json") ? terminal.json(report) : terminal.output(report.text)
  guard isWhole else {
    line.keep("Interrupted and saved. Give the same command again to go on.")
    return .interrupted
  }
  return report.failures.isEmpty ? .done : .failed
}

/// What a test that is less thorough than the papers' means.
private func notes(_ test: TestPlan, of images: Int) -> [String] {
  var notes: [String] = []
  if let limit = test.limit, limit < images {
    notes.append(
      "Only the first \(limit) test images: the papers' numbers are of all, and the first need not "
        + "be like the others. Those of binarized-mnist are sorted by digit")
  }
  if test.samples != 5000 {
    notes.append(
      "log p(x) is estimated by L_\(test.samples), the papers' by L_5000: fewer samples estimate it "
        + "too low")
  }
  return notes
}

/// What the flags ask for.
struct Paper {
  var title: String
  var mode: String?
  var source: DataSource
  var plan: PaperPlan
  var rows: [PlannedRow]
  var boundSamples: Int?
  var notes: [String]
  var folder: String

  init(_ arguments: ParsedArguments) throws {
    switch try arguments.argument("paper") {
    case "burda": try self.init(burda: arguments)
    case "rainforth": try self.init(rainforth: arguments)
    case let other:
      throw arguments.error(
        "There is no table of '\(other)'.\(suggestion(for: other, among: ["burda", "rainforth"])) "
          + "Please provide 'burda' or 'rainforth'.")
    }
  }

  private init(burda arguments: ParsedArguments) throws {
    let isReleased = arguments.string("--mode") == "released"
    let isFixed = arguments.string("--binarize") == "fixed"
    let layers = try arguments.integers("--layers", default: [1, 2], maximum: 2)
    let objectives = try arguments.names(
      "--objectives", default: ["vae", "iwae"], among: ["vae", "iwae"])
    let samples = try arguments.integers("--samples", default: BurdaTable.samples)
    source = try DataSource(arguments.string("--data") ?? "mnist")
    plan = try PaperPlan(arguments, source, seeds: [0])
    if isReleased { plan.base.followReleasedCode() }
    if isFixed { plan.base.binarize = "fixed" }
    let table = BurdaTable.of(data: source.name, isFixed: isFixed)
    rows = plan.burda(layers: layers, objectives: objectives, samples: samples, table: table)
    title = "Burda et al., \(isReleased ? "their released code's" : "the paper's") recipe"
    mode = isReleased ? "released" : "paper"
    notes = ["The divergence of VAE is sampled, so that of one sample it is IWAE: one run is both"]
    if table == nil { notes.append("Nothing was published of '\(source.name)' prepared so") }
    if isFixed && source.name == "mnist" {
      notes.append("The published draw of fixed pixels is binarized-mnist; this one is another")
    }
    folder = Self.folder(
      arguments,
      ["burda", source.name] + (isReleased ? ["released"] : []) + (isFixed ? ["fixed"] : []))
  }

  private init(rainforth arguments: ParsedArguments) throws {
    let others: Set = ["--mode", "--binarize", "--layers", "--objectives", "--samples"]
    if let flag = arguments.given.intersection(others).sorted().first {
      throw arguments.error("'\(flag)' belongs to 'burda'; leave it out.")
    }
    source = try DataSource(arguments.string("--data") ?? "mnist")
    plan = try PaperPlan(arguments, source, seeds: [0, 1, 2, 3])
    rows = plan.rainforth(isPublished: source.name == "mnist")
    boundSamples = PaperPlan.rainforthSamples
    title = "Rainforth et al."
    notes = [
      "The standard error over images of -KL(Q to P), IWAE-64 minus log p(x), is not known",
      source.name == "mnist"
        ? "The published numbers were transcribed from reproductions of the paper"
        : "Nothing was published of '\(source.name)'",
    ]
    folder = Self.folder(arguments, ["rainforth", source.name])
  }

  private static func folder(_ arguments: ParsedArguments, _ parts: [String]) -> String {
    let parts = parts.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }
    return arguments.string("--out") ?? "runs/reproduce-\(parts.joined(separator: "-"))"
  }
}

extension PaperPlan {
  /// The papers' recipe: all training images train, and the last parameters are tested.
  fileprivate init(
    _ arguments: ParsedArguments, _ source: DataSource, seeds: [UInt64]
  ) throws {
    base = RunConfiguration()
    base.data = source.name
    base.model = .burda1(dataSize: source.collection.training.width)
    base.model.likelihood = source.likelihood
    base.split = "full"
    base.keep = "last"
    base.schedule = "burda"
    base.passes = try arguments.integer(
      "--passes", default: LearningRate.burdaPasses, maximum: LearningRate.burdaPasses)
    self.seeds = try arguments.seeds(default: seeds)
  }
}

extension RunConfiguration {
  /// What the released code of Burda et al. does otherwise than their paper says.
  fileprivate mutating func followReleasedCode() {
    schedule = "burda-released"
    optimizer = "released"
    order = "fixed"
    split = "released"
    activityImages = 500
  }
}
