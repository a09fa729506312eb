import Artifacts
import Commands
import Experiments
import IWAE

extension Command {
  static let referee = Command(
    name: "referee",
    abstract: "Judge a model of another program, and a number that is claimed of it.",
    arguments: [
      .init(
        "file",
        help:
          "Safetensors, of this program or with the layers of another, or an encoder's ONNX graph.")
    ],
    options: [
      Option("--decoder", "file", help: "The decoder's ONNX graph, of an encoder's."),
      Option(
        "--mapping", "file",
        help: "JSON that says where layers belong whose names do not, as {\"layers\": {\"fc1\": "
          + "\"encoder.0.hidden.0\"}}."),
      Option(
        "--claimed", "number",
        help: "The NLL that is claimed; of probabilities, a number below 0 is a log-likelihood."),
    ] + (ModelOptions.told + DensityOptions.options).grouped("What names do not tell")
      + DataOptions.tested
      + [
        Option(
          "--part", "name", choices: DataPart.allCases.map(\.rawValue),
          help: "The part of a set's images. (default: test)"),
        Option("--limit", "count", help: "Only the first images of the test set."),
        Option("--samples", "count", help: "Samples of each image, 2 or more. (default: 5000)"),
        Option(
          "--certify", "nats",
          help: "Find log p(x) to so much on either side, at 95%. (default: 0.1)"),
        Option(
          "--budget", "time",
          help: "The time after which nothing more is begun for that, as 90s, 10m or 2h."),
        Option(
          "--trained-on", "name|file",
          help:
            "The images that it was trained on, for '--objective': a set's training images, or a "
            + "whole file. (default: the training images of '--data', where that is a set)"),
      ].grouped("Judgement")
      + RefereeTraining.options + [
        Option(
          "--seed", "seed",
          help: "The seed of noise and binarization. (default: the run's, else 0)")
      ] + Backend.options + OutputFormat.options + [
        Option("--quiet", help: "Show no progress.")
      ],
    examples: [
      Example(
        "iwae-gpu referee theirs.safetensors --data mnist --claimed 84.78",
        "Whether a number can be true"),
      Example(
        "iwae-gpu referee encoder.onnx --decoder decoder.onnx --data test.npy",
        "A model that another program exported"),
      Example(
        "iwae-gpu referee theirs.safetensors --data mnist --objective piwae -m 8 -k 8",
        "What its encoder was trained on"),
    ],
    run: { try runReferee($0, $1) })
}

private func runReferee(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let claim = try arguments.string("--claimed").map { text in
    guard let claim = Claim(text) else {
      throw arguments.error(
        "The value '\(text)' is invalid for '--claimed': expected a number, as 84.78.")
    }
    return claim
  }
  // One sample tells no error.
  let samples = try arguments.integer("--samples", default: 5000, minimum: 2, maximum: 1 << 20)
  let width = try arguments.number("--certify", default: 0.1, in: 1e-4...1e3)
  let budget = try arguments.string("--budget").map { text in
    guard let seconds = secondCount(text) else {
      throw arguments.error(
        "The value '\(text)' is invalid for '--budget': expected a time, as 90s, 10m or 2h.")
    }
    return seconds
  }
  let refereed = try RefereedModel(
    try arguments.argument("file"), decoder: arguments.string("--decoder"),
    mapping: arguments.string("--mapping"), try ModelOptions.settings(arguments))
  let stored = refereed.stored
  try RefereeTraining.checkFlags(arguments)
  if stored.run == nil, arguments.string("--data") == nil {
    throw arguments.error("Missing the images: '--data <name|file>'.")
  }
  let test = try DataOptions.test(arguments, stored)
  display.note(refereed.notes + test.notes)
  let subject = Subject(
    stored, test, limit: try arguments.integer("--limit", default: .max),
    seed: try arguments.seed(default: stored.run?.seed ?? 0))
  var referee = Referee(
    subject, samples: samples, width: width, budget: budget, claim: claim)
  referee.notes = refereed.notes + test.notes
  referee.training = try RefereeTraining.check(arguments, stored, test)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let report = try referee.run(on: device, monitor: display.show)
  display.line.clear()
  guard let report else { return .interrupted }
  try display.result(report, report.text, table: report.table)
  return report.isStopped ? .interrupted : .done
}

extension ModelOptions {
  /// The flags of what layers are, which have no defaults where a file tells.
  fileprivate static let told = units.map { option in
    switch option.name {
    case "--activation":
      option.helped("The function of hidden units, which few files tell.")
    case "--hidden-kind":
      option.helped(
        "The kind of hidden layers: \(HiddenKind.names.joined(separator: ", ")). "
          + "(default: gated where names or nodes are, else dense)")
    default: option
    }
  }

  /// What flags say of a model whose names and sizes are told by its file.
  fileprivate static func settings(_ arguments: ParsedArguments) throws -> ForeignSettings {
    // Any sizes: flags say nothing of them.
    var model = Model.burda1(dataSize: 1)
    try apply(arguments, to: &model)
    var result = ForeignSettings()
    func isGiven(_ flag: String) -> Bool { arguments.string(flag) != nil }
    result.activation = arguments.string("--activation")
    if isGiven("--hidden-kind") { result.hiddenKind = model.hiddenKind }
    if isGiven("--likelihood") { result.likelihood = model.likelihood }
    if isGiven("--posterior") { result.posterior = model.encoder[0].posterior }
    if isGiven("--prior") { result.prior = model.prior }
    result.condition = model.condition
    return result
  }
}

/// The flags of what a model was trained on.
enum RefereeTraining {
  static let options =
    [
      Command.Option(of: "objective").helped(
        "What it is said to have been trained on, as \(Objective.names.joined(separator: ", ")): "
          + "whether its encoder's gradient vanishes, and not that of a known mistake."),
      Command.Option(of: "groups"),
      Command.Option(
        "--group-samples", short: "-k", "count", help: "Samples K of each group, in training."),
    ].grouped("Training") + Setting.ofObjectives.map(Command.Option.init)

  /// Refuses flags that only go with others.
  static func checkFlags(_ arguments: ParsedArguments) throws(UsageError) {
    let isAsked = arguments.string("--objective") != nil
    let own = ["--trained-on", "--group-samples", "--groups"] + Setting.ofObjectives.map(\.flag)
    for flag in isAsked ? ["--labels", "--mask"] : own where arguments.string(flag) != nil {
      throw arguments.error(
        isAsked
          ? "'\(flag)' is of the images to test on, and '--objective' looks at others; leave out one."
          : "'\(flag)' is of '--objective', which is not given.")
    }
  }

  /// The look at the training; nil where none is asked for.
  static func check(
    _ arguments: ParsedArguments, _ stored: StoredModel, _ test: TestImages
  ) throws -> TrainingCheck? {
    guard arguments.string("--objective") != nil else { return nil }
    var settings = RunConfiguration(samples: 50)
    try settings.apply(
      arguments,
      Setting.ofObjectives + Setting.step.filter { ["objective", "groups"].contains($0.key) })
    let samples = try arguments.integer("--group-samples", default: 50, maximum: 1 << 14)
    guard let objective = settings.objective.objective(settings) else {
      throw arguments.error("The objective '\(settings.objective)' is not known.")
    }
    let training = try images(arguments, stored, test)
    return TrainingCheck(
      objective, groups: settings.groups, samples: samples,
      images: training.images.first(mostImages) ?? training.images,
      source: "'\(training.name)'" + (training.isWhole ? "" : ", its training images"))
  }

  /// At most so many images are looked at.
  private static let mostImages = 2048

  private static func images(
    _ arguments: ParsedArguments, _ stored: StoredModel, _ test: TestImages
  ) throws -> TestImages {
    let name = arguments.string("--trained-on")
    guard name != nil || !test.isWhole else {
      throw arguments.error(
        "'\(test.name)' has no training images. Say what the model was trained on: "
          + "'--trained-on <name|file>'.")
    }
    let other = name.map { arguments.replacing("--data", with: $0) } ?? arguments
    return try DataOptions.test(other.replacing("--part", with: "training"), stored)
  }
}
