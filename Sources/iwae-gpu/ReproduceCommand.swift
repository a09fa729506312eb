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
        help: "burda: Importance Weighted Autoencoders (2016); rainforth: Tighter ... (2018); "
          + "tomczak: VAE with a VampPrior (2018).")
    ],
    options: [
      Option(
        "--data", "name|file",
        help: "The images; numbers were published of mnist, omniglot, binarized-mnist and, by "
          + "tomczak, fashion-mnist. (default: mnist)"),
      Option(
        "--passes", "count",
        help: "The first passes of the paper's \(LearningRate.burdaPasses); tomczak: the most "
          + "passes, of \(PaperRecipe.tomczakPasses), to which warm-up and patience are in "
          + "proportion. (default: all)"),
      Option(
        "--seeds", "seeds", help: "With commas between them. (default: 0; of rainforth, 0,1,2,3)"),
      Option("--seed", "seed", help: "The same as '--seeds' with one."),
      Option(
        "--mode", "recipe", choices: ["paper", "released"],
        help: "burda: the paper's recipe, or that of its released code. (default: paper)"),
      Option(
        "--binarize", "how", choices: ["sample", "fixed"],
        help: "burda: grey pixels drawn afresh in each pass, or once. (default: sample)"),
      Option(
        "--layers", "counts", help: "burda and tomczak: stochastic layers. (default: 1,2)"),
      Option("--objectives", "names", help: "burda: vae, iwae or both. (default: vae,iwae)"),
      Option("--samples", short: "-k", "counts", help: "burda: samples k. (default: 1,5,50)"),
      Option(
        "--out", "folder",
        help: "Where the runs go, and where those that are there go on. (default: "
          + "runs/reproduce-PAPER-DATA; of tomczak with fewer passes, those behind it)"),
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
  // The options that are not every paper's.
  let papers: [(name: String, options: Set<String>)] = [
    ("burda", ["--mode", "--binarize", "--layers", "--objectives", "--samples"]),
    ("rainforth", []), ("tomczak", ["--layers"]),
  ]
  let name = try arguments.argument("paper")
  guard let paper = papers.first(where: { $0.name == name }) else {
    throw arguments.error(
      "There is no table of '\(name)'.\(suggestion(for: name, among: papers.map(\.name))) Please "
        + "provide 'burda', 'rainforth' or 'tomczak'.")
  }
  let others = papers.reduce(Set<String>()) { $0.union($1.options) }.subtracting(paper.options)
  if let flag = arguments.given.intersection(others).sorted().first {
    let owners = papers.filter { $0.options.contains(flag) }.map { "'\($0.name)'" }
    throw arguments.error(
      "'\(flag)' belongs to \(owners.joined(separator: " and ")); leave it out.")
  }
  let usual = PaperRun.Burda()
  let layers = try arguments.integers("--layers", default: usual.layers, maximum: 2)
  let most = name == "tomczak" ? PaperRecipe.tomczakPasses : LearningRate.burdaPasses
  let passes = try arguments.integer("--passes", default: most, maximum: most)
  let seeds = try arguments.seeds(default: name == "rainforth" ? [0, 1, 2, 3] : [0])
  let burda = PaperRun.Burda(
    layers: layers,
    objectives: try arguments.names(
      "--objectives", default: usual.objectives, among: usual.objectives),
    samples: try arguments.integers("--samples", default: usual.samples),
    isReleased: arguments.string("--mode") == "released",
    isFixed: arguments.string("--binarize") == "fixed")
  let source = try DataOptions.source(arguments.string("--data") ?? "mnist")
  var recipe =
    name == "tomczak"
    ? PaperRecipe.tomczak(of: source, passes: passes, seeds: seeds)
    : PaperRecipe(of: source, passes: passes, seeds: seeds)
  try recipe.base.apply(arguments, Setting.tested)
  let folder = arguments.string("--out")
  if let folder { try checkNoRun(in: folder, arguments) }
  switch name {
  case "rainforth": return PaperRun(rainforth: recipe, of: source, in: folder)
  case "tomczak": return PaperRun(tomczak: layers, recipe, of: source, in: folder)
  default: return PaperRun(burda, recipe, of: source, in: folder)
  }
}
