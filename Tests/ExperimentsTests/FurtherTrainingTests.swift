import Artifacts
import Compute
import Experiments
import Files
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// Runs with more than Adam: what they keep, test and go on with.
@Suite struct FurtherTrainingTests {
  private let scene = SmallRun()
  private var folder: RunFolder { scene.folder }

  private func run(
    passes: Int = 3, in folder: RunFolder? = nil, _ change: (inout RunConfiguration) -> Void
  ) throws -> Run {
    var (configuration, images) = try scene.configuration(passes: passes)
    change(&configuration)
    return try Run(configuration, in: folder ?? self.folder, images: images)
  }

  /// Any further setting that a run can have.
  private static func all(_ configuration: inout RunConfiguration) {
    (configuration.weightDecay, configuration.clipNorm, configuration.ema) = (0.1, 5, 0.9)
    (configuration.schedule, configuration.learningRate) = (.constant, 0.01)
  }

  /// An estimator that learns while it trains.
  private static func learning(_ configuration: inout RunConfiguration) {
    (configuration.estimator, configuration.ema) = (.auto, 0.9)
    (configuration.schedule, configuration.learningRate) = (.constant, 0.01)
  }

  private func averages(_ checkpoint: Checkpoint) -> [Tensor: [Float]] {
    Dictionary(
      uniqueKeysWithValues: checkpoint.model.parameters.map {
        ($0, checkpoint.extras["optimizer.average.\($0.name)"] ?? [])
      })
  }

  /// The newest checkpoint has the averages beside the parameters, the best has them for parameters; both
  /// are found for evaluating.
  @Test func averagesAreKeptAndTested() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    for keep in RunConfiguration.Kept.allCases {
      let trained = try run {
        Self.all(&$0)
        $0.keep = keep
      }
      let report = try #require(try trained.train(on: device))
      let newest = try Checkpoint(at: folder.path)
      let averages = averages(newest)
      #expect(averages.values.allSatisfy { !$0.isEmpty } && averages != newest.parameters)
      let stored = try StoredModel(folder.path)
      if keep == .last { #expect(stored.parameters == averages) }
      let (_, images) = try scene.configuration()
      let again = try ModelEvaluation(
        stored.model, parameters: stored.parameters, images: images.split.test.subset(0..<20),
        samples: 10, binarization: .none, seed: 0
      ).run(on: device)
      #expect(again?.nll == report.evaluation?.nll)
      #expect(FileManager.default.fileExists(atPath: folder.best) == (keep == .best))
      guard keep == .best else { continue }
      let best = try Checkpoint(at: folder.best)
      #expect(best.parameters == stored.parameters && best.extras.isEmpty)
    }
  }

  /// A pass that is the best so far is so in its averages, whichever file holds them.
  @Test func theBestIsAnAverage() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    _ = try run(passes: 1, Self.all).train(on: device)
    let newest = try Checkpoint(at: folder.path)
    let best = try Checkpoint(at: folder.best)
    #expect(best.parameters == averages(newest))
    #expect(try StoredModel(folder.path).parameters == best.parameters)
    // Killed between the two files: the newest has the best in it.
    try FileManager.default.removeItem(atPath: folder.best)
    #expect(try StoredModel(folder.path).parameters == best.parameters)
    _ = try scene.resumed { $0.passes = 1 }.train(on: device)
    #expect(try Checkpoint(at: folder.best).parameters == best.parameters)
  }

  @Test(arguments: [false, true]) func aStoppedRunGoesOnToTheSameBits(learns: Bool) throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let settings = learns ? Self.learning : Self.all
    _ = try run(passes: 4, settings).train(on: device)
    let whole = try [folder.checkpoint, folder.best].map { try Checkpoint(at: $0) }
    let learnt = whole[0].extras.filter { $0.key.contains("estimator_mix") }
    #expect(learnt.isEmpty != learns && learnt.values.allSatisfy { $0.count == 2 && $0[1] > 0 })
    var report = try run(passes: 4, settings).train(on: device, monitor: { _ in false })
    #expect(report == nil)
    var goes = 0
    while report == nil, goes < 10 {
      var passes = 0
      report = try scene.resumed().train(
        on: device, observe: { _ in passes += 1 }, monitor: { _ in passes < 1 })
      goes += 1
    }
    #expect(goes > 1 && report != nil)
    for (file, whole) in zip([folder.checkpoint, folder.best], whole) {
      let found = try Checkpoint(at: file)
      #expect(found.parameters == whole.parameters && found.extras == whole.extras)
      #expect(found.metadata["progress"] == whole.metadata["progress"])
    }
  }

  /// What was learnt has the right number of numbers, but no sum of squares is below 0.
  @Test func whatNobodyCanHaveLearntIsRefused() throws {
    defer { scene.end() }
    _ = try run(passes: 1, Self.learning).train(on: ReferenceDevice())
    let good = try Checkpoint(at: folder.checkpoint)
    let name = try #require(good.extras.keys.first { $0.contains("estimator_mix") })
    var damaged = good
    damaged.extras[name]?[1] = -2
    try Files.write(try damaged.data, to: folder.checkpoint)
    let error = #expect(throws: FormatError.self) {
      try scene.resumed { $0.passes = 2 }.train(on: ReferenceDevice())
    }
    #expect(error?.problem.contains("-2.0 is among the states") == true, "\(error!)")
    // The other sum may have either sign.
    damaged = good
    damaged.extras[name]?[0] = -1
    try Files.write(try damaged.data, to: folder.checkpoint)
    #expect(try scene.resumed { $0.passes = 2 }.train(on: ReferenceDevice())?.passes == 2)
  }

  /// What a run has from its beginning, or does not have, stays so.
  @Test func whatCannotChangeIsRefused() throws {
    defer { scene.end() }
    _ = try run(passes: 1) { _ in }.train(on: ReferenceDevice())
    for (change, words) in [
      ({ $0.ema = 0.99 }, "'ema' cannot change when a run is resumed: it was 0.0 and is 0.99 now"),
      ({ $0.weightDecay = 0.1 }, "'weight_decay' cannot change when a run is resumed: it was 0.0"),
      (
        { $0.clipNorm = 2 },
        "'clip_norm' cannot change when a run is resumed: it was 0.0 and is 2.0"
      ),
    ] as [((inout RunConfiguration) -> Void, String)] {
      let error = #expect(throws: ConfigurationError.self) { try scene.resumed(change) }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
  }

  /// A run that goes on as another begins to learn, or goes on without.
  @Test func whatIsLearntIsNoObstacle() throws {
    defer { scene.end() }
    let others = SmallRun()
    defer { others.end() }
    let (_, images) = try scene.configuration()
    _ = try run(passes: 1) { $0.ema = 0.9 }.train(on: ReferenceDevice())
    let learning = try Run(continuing: folder, in: others.folder, images: images.source) {
      ($0.passes, $0.estimator) = (2, .auto)
    }
    #expect(try learning.train(on: ReferenceDevice()) != nil)
    let plain = try Run(continuing: others.folder, in: folder, images: images.source) {
      ($0.passes, $0.estimator) = (3, .dreg)
    }
    #expect(try plain.train(on: ReferenceDevice()) != nil)
    #expect(
      try !Checkpoint(at: folder.checkpoint).extras.keys.contains { $0.contains("mix") })
    for change in [{ $0.clipNorm = 1 }, { $0.leaves = 2 }, { $0.objective = .named("rws") }]
      as [(inout RunConfiguration) -> Void]
    {
      #expect(throws: ConfigurationError.self) {
        try run(passes: 1) {
          $0.estimator = .auto
          change(&$0)
        }
      }
    }
  }

  @Test func plateausAndPatienceNeedValidation() throws {
    defer { scene.end() }
    for (schedule, patience) in [(RunConfiguration.Schedule.plateau, 0), (.constant, 3)] {
      let error = #expect(throws: ConfigurationError.self) {
        var configuration = try scene.configuration().0
        (configuration.schedule, configuration.patience) = (schedule, patience)
        configuration.split = .full
        let source = try scene.configuration().1.source
        _ = try Run(
          configuration, in: folder, images: RunImages(source, for: configuration))
      }
      #expect(error?.description.contains("'--split' full leaves no images") == true)
    }
    let run = try run(passes: 4) {
      ($0.schedule, $0.plateauPasses, $0.learningRate) = (.plateau, 1, 0.01)
    }
    #expect(try run.configuration.training().schedule == .plateau(rate: 0.01, passes: 1))
    #expect(try run.train(on: ReferenceDevice())?.passes == 4)
  }

  /// Averages that a checkpoint lacks are asked for by name.
  @Test func lostAveragesAreNamed() throws {
    defer { scene.end() }
    _ = try run(passes: 1, Self.all).train(on: ReferenceDevice())
    var checkpoint = try Checkpoint(at: folder.checkpoint)
    checkpoint.extras = checkpoint.extras.filter { !$0.key.contains("average") }
    try Files.write(try checkpoint.data, to: folder.checkpoint)
    let error = #expect(throws: FormatError.self) {
      try scene.resumed { $0.passes = 2 }.train(on: ReferenceDevice())
    }
    #expect(error?.description.contains("optimizer.average.") == true)
  }

  /// Without all of its averages nobody knows what was tested.
  @Test func averagesThatAreNotAllThereAreNotReplaced() throws {
    defer { scene.end() }
    _ = try run(passes: 1) {
      Self.all(&$0)
      $0.keep = .last
    }.train(on: ReferenceDevice())
    let whole = try Checkpoint(at: folder.checkpoint)
    let prefix = "optimizer.average."
    let one = try #require(whole.extras.keys.filter { $0.hasPrefix(prefix) }.sorted().first)
    for change in [
      { $0.removeValue(forKey: one) }, { $0[one]?.removeLast() }, { $0[one]?[0] = .nan },
      { extras in extras = extras.filter { !$0.key.hasPrefix(prefix) } },
    ] as [(inout [String: [Float]]) -> Void] {
      var damaged = whole
      change(&damaged.extras)
      try Files.write(try damaged.data, to: folder.checkpoint)
      let error = #expect(throws: FormatError.self) { try StoredModel(folder.path) }
      #expect(error?.file == folder.checkpoint && error?.problem.contains(prefix) == true)
      // Its parameters as they are can be used by its name.
      #expect(try StoredModel(folder.checkpoint).parameters == whole.parameters)
    }
    try Files.write(try whole.data, to: folder.checkpoint)
    #expect(try StoredModel(folder.path).parameters == averages(whole))
  }

  /// A run that patience ends does so after the same pass, to the same bits, when it was stopped before.
  @Test func patienceEndsARunThatGoesOn() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    func impatient(_ configuration: inout RunConfiguration) {
      // Steps that are far too long: validation is worse after some pass.
      (configuration.patience, configuration.schedule) = (2, .constant)
      configuration.learningRate = 0.3
    }
    let whole = try #require(try run(passes: 60, impatient).train(on: device))
    let kept = try Checkpoint(at: folder.checkpoint)
    #expect(
      whole.passes < 60 && kept.metadata["progress"]?.contains("\"passesSinceBest\":2") == true)
    #expect(try RunConfiguration(file: folder.configuration).patience == 2)
    try FileManager.default.removeItem(atPath: folder.path)
    var passes = 0
    let first = try run(passes: 60, impatient).train(
      on: device, observe: { _ in passes += 1 }, monitor: { _ in passes < whole.passes - 1 })
    #expect(first == nil && passes < whole.passes)
    #expect(try scene.resumed().train(on: device)?.passes == whole.passes)
    let again = try Checkpoint(at: folder.checkpoint)
    #expect(again.parameters == kept.parameters)
    #expect(again.metadata["progress"] == kept.metadata["progress"])
  }
}
