import Commands
import Experiments
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
    ] + Setting.tested.map(Option.init) + Backend.options + OutputFormat.options + [
      Option("--quiet", help: "Show no progress.")
    ],
    examples: [
      Example(
        "iwae-gpu reproduce burda --passes 10",
        "Train the rows of the IWAE paper's table for ten passes")
    ],
    isForRanks: true,
    run: { try runReproduce($0, $1) })
}

private func runReproduce(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let paper = try paper(arguments)
  let (report, isWhole) = try paper.run(
    in: display.surroundings(arguments))
  try display.result(report, report.text, table: report.table)
  guard isWhole else {
    display.line.keep("Interrupted and saved. Give the same command again to go on.")
    return .interrupted
  }
  return report.failures.isEmpty ? .done : .failed
}

/// The table that the flags ask for.
private func paper(_ arguments: ParsedArguments) throws -> PaperRun {
  let papers = ["burda", "rainforth"]
  let name = try arguments.argument("paper")
  guard papers.contains(name) else {
    throw arguments.error(
      "There is no table of '\(name)'.\(suggestion(for: name, among: papers)) Please provide "
        + "'burda' or 'rainforth'.")
  }
  let others: Set = ["--mode", "--binarize", "--layers", "--objectives", "--samples"]
  if name != "burda", let flag = arguments.given.intersection(others).sorted().first {
    throw arguments.error("'\(flag)' belongs to 'burda'; leave it out.")
  }
  let usual = PaperRun.Burda()
  let burda = PaperRun.Burda(
    layers: try arguments.integers("--layers", default: usual.layers, maximum: 2),
    objectives: try arguments.names(
      "--objectives", default: usual.objectives, among: usual.objectives),
    samples: try arguments.integers("--samples", default: usual.samples),
    isReleased: arguments.string("--mode") == "released",
    isFixed: arguments.string("--binarize") == "fixed")
  let source = try DataOptions.source(arguments.string("--data") ?? "mnist")
  var recipe = PaperRecipe(
    of: source,
    passes: try arguments.integer(
      "--passes", default: LearningRate.burdaPasses, maximum: LearningRate.burdaPasses),
    seeds: try arguments.seeds(default: name == "burda" ? [0] : [0, 1, 2, 3]))
  try recipe.base.apply(arguments, Setting.tested)
  let folder = arguments.string("--out")
  return name == "burda"
    ? PaperRun(burda, recipe, of: source, in: folder)
    : PaperRun(rainforth: recipe, of: source, in: folder)
}
