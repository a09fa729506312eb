import Compute
import Experiments
import Files
import Foundation
import IWAE
import Testing

/// The table of settings, and the configuration that it describes.
@Suite struct SettingTests {
  private func decoded(_ text: String) throws -> RunConfiguration {
    try JSONDecoder().decode(RunConfiguration.self, from: Data(text.utf8))
  }

  /// Every setting is a key of the file, and the file's keys are the settings and the model.
  @Test func theFileHoldsEverySetting() throws {
    let object = try #require(
      try JSONSerialization.jsonObject(with: try RunConfiguration().file) as? [String: Any])
    #expect(Set(object.keys) == Set(Setting.all.map(\.key) + ["model"]))
    #expect(try decoded("{}") == RunConfiguration())
    #expect(Set(Setting.all.map(\.flag)).count == Setting.all.count)
  }

  @Test func valuesSurviveTheFile() throws {
    let configuration = RunConfiguration(
      split: .count(7), objective: "ciwae", estimator: .dreg, beta: 0.25, schedule: .burdaReleased,
      order: .fixed, optimizer: .released, warmUp: 1.5, klWeight: 4, klCycle: 2,
      binarize: .fixed(seed: 3), keep: .last,
      seed: .max, memory: 1 << 40, weightDecay: 0.02, clipNorm: 5, ema: 0.999, plateauPasses: 3,
      initial: "/a/b.safetensors")
    #expect(try decoded(String(decoding: configuration.file, as: UTF8.self)) == configuration)
  }

  /// No objective comes back as another one.
  @Test func objectivesComeBackAsThemselvesOrNotAtAll() throws {
    func back(_ configuration: RunConfiguration) throws -> RunConfiguration {
      try decoded(String(decoding: configuration.file, as: UTF8.self))
    }
    func refusal(_ configuration: RunConfiguration) -> String {
      do {
        return "\(try configuration.training().objective.name) was taken"
      } catch {
        return error.description
      }
    }
    let described = try ObjectiveChoice(
      described: #"{"name": "own", "bound": {}, "decoder": {"linear": 1}}"#)
    #expect(try back(RunConfiguration(objective: described)).objective == described)
    #expect(try ObjectiveChoice(described: described.text) == described)
    // A function has the name of a row, and is another objective.
    let function = RunConfiguration(
      objective: .own(.custom(name: "iwae") { Objective.vae.rule(groups: $0, samples: $1) }))
    let lost = try back(function)
    #expect(lost.objective == .inCode("iwae") && lost.objective.objective() == nil)
    #expect(refusal(lost).contains("'iwae' is a function of some program"))
    #expect(try back(lost) == lost && lost.file == function.file)
    // A row of the table is its name, if the configuration says the rest.
    let row = RunConfiguration(objective: .own(.ciwae(beta: 0.3)), beta: 0.3)
    #expect(try back(row).training().objective == .ciwae(beta: 0.3))
    var other = row
    other.beta = 0.5
    #expect(refusal(other).contains("'ciwae' has its numbers from the configuration"))
  }

  @Test func whatMakesNoSenseIsRefusedByName() throws {
    for (text, words) in [
      (#"{"sampels": 3}"#, "Did you mean 'samples'?"), (#"{"order": "random"}"#, "'order'"),
      (#"{"order": "random"}"#, "shuffled, fixed"), (#"{"binarize": "fixed:x"}"#, "fixed:SEED"),
      (#"{"split": "0"}"#, "'split'"), (#"{"passes": "many"}"#, "'passes' has the wrong type"),
      ("[]", "has the wrong type"),
    ] {
      do {
        _ = try decoded(text)
        Issue.record("\(text) was read")
      } catch {
        #expect(FormatError.words(error).contains(words), "\(FormatError.words(error))")
      }
    }
    for (text, words) in [
      (#"{"passes": -1}"#, "'passes': expected a whole number from 0 to"),
      (#"{"learning_rate": 0}"#, "'learning_rate'"), (#"{"beta": 1.5}"#, "from 0.0 to 1.0"),
      (#"{"objective": "iwea"}"#, "'objective'"), (#"{"memory": -1}"#, "'memory'"),
      (#"{"free_bits": 0.5}"#, "'iwae' samples it. Use elbo, or set '--free-bits' to 0"),
      (#"{"warm_up": 3, "kl_cycle": 2}"#, "a '--warm-up' above 0 and up to 2.0, found 3.0"),
      (#"{"kl_cycle": 2}"#, "found 0.0"),
      (#"{"objective": "vimco", "kl_weight": 2}"#, "cannot have a '--kl-weight' of 2.0: its score"),
      (#"{"estimator": "dreg", "kl_weight": 2}"#, "stands for a score that counts once"),
      (#"{"objective": "tvo", "first_point": 1}"#, "'first_point'"),
      (#"{"objective": "tvo", "estimator": "stl"}"#, "'tvo' has no estimator 'stl'"),
      (#"{"objective": "tvo", "samples": 1}"#, "needs at least 2 samples"),
      (
        #"{"batch": 1000000, "samples": 1000000}"#,
        "1073741824 samples in a step, found 1000000 x 1 x 1000000"
      ),
    ] {
      do {
        _ = try decoded(text).training()
        Issue.record("\(text) was taken")
      } catch let error as ConfigurationError {
        #expect(error.description.contains(words), "\(error)")
      }
    }
  }

  @Test func objectivesAndWeightsTakeTheirSettings() throws {
    var configuration = RunConfiguration(
      objective: "tvo", partitions: 3, firstPoint: 0.25, riemann: .right, warmUp: 1)
    let sum = RiemannSum(intervals: 3, first: 0.25, side: .right)
    #expect(try configuration.training().objective == .tvo(sum))
    #expect(try decoded(String(decoding: configuration.file, as: UTF8.self)) == configuration)
    #expect(
      configuration.objectiveText
        == "tvo, M = 1, K = 50, partitions 3, first point 0.25, riemann right")
    configuration.klCycle = 2
    #expect(throws: ConfigurationError.self) { try configuration.training() }
    (configuration.objective, configuration.freeBits, configuration.klWeight) = ("elbo", 0.5, 4)
    let training = try configuration.training()
    #expect(training.objective == .elbo(freeBits: 0.5) && training.objective != .elbo)
    #expect(training.klWeight == KLWeight(final: 4, warmUpPasses: 1, cyclePasses: 2))
    (configuration.weightDecay, configuration.clipNorm, configuration.ema) = (0.02, 5, 0.9)
    let further = try configuration.training()
    #expect(further.weightDecay == 0.02 && further.clipNorm == 5 && further.averageDecay == 0.9)
    for (key, text) in [
      ("weight_decay", "-0.1"), ("weight_decay", "nan"), ("clip_norm", "-1"),
      ("clip_norm", "1e-50"),
      ("clip_norm", "inf"), ("ema", "1"), ("ema", "-0.5"), ("ema", "nan"),
    ] {
      #expect(throws: ConfigurationError.self, "\(key) \(text)") {
        try configuration.set(try #require(Setting.named(key)), to: text)
      }
    }
  }

  /// A leaf for each process is what nobody asked for: that, and what helps, is said.
  @Test func leavesByProcessesDivideABatch() throws {
    func problem(_ count: Int, batch: Int = 20, images: Int = .max) -> String? {
      var configuration = RunConfiguration(batch: batch)
      do throws(ConfigurationError) {
        try configuration.setLeaves(processes: count, images: images)
        return configuration.leaves == count ? nil : "\(configuration.leaves) leaves"
      } catch {
        return error.description
      }
    }
    for count in [1, 2, 4, 5, 10, 20] { #expect(problem(count) == nil) }
    #expect(
      problem(3)
        == "A batch of 20 images cannot be divided among 3 processes, into a leaf for each: start 2 or "
        + "4, or give '--leaves 4'.")
    #expect(problem(3, batch: 7)?.contains("start 1 or 7, or give '--leaves 7'.") == true)
    #expect(problem(21)?.hasSuffix("into a leaf for each: start 20.") == true)
    #expect(problem(5, images: 5) == nil && problem(6, images: 5) != nil)
    #expect(
      problem(2, images: 5)?.hasSuffix(
        "start 1 or 5, or give '--leaves 5'. There are only 5 images to train on.") == true)
  }

  /// Fewer images than a batch has may not be divided as it is; the data are said to be that small.
  @Test func leavesDivideTheImagesThereAre() throws {
    let small = SmallRun()
    var (configuration, images) = try small.configuration()
    configuration.split = .full
    let count = try RunImages(images.source, for: configuration).split.training.count
    configuration.split = .count(count - 1)
    func run(leaves: Int) throws -> Run {
      configuration.leaves = leaves
      images = try RunImages(images.source, for: configuration)
      try #require(images.split.training.count == 1)
      return try Run(configuration, in: small.folder, images: images)
    }
    _ = try run(leaves: 1)
    let error = #expect(throws: ConfigurationError.self) { try run(leaves: 4) }
    #expect(
      error?.description
        == "'--leaves 4' cannot divide a batch of 1 image, and the data has no more to train on: expected a "
        + "number that divides 1.")
  }

  @Test func textsAreTakenAsFlagsAre() throws {
    var configuration = RunConfiguration()
    for (key, text) in [
      ("memory", "2M"), ("binarize", "fixed:9"), ("schedule", "constant"), ("warm_up", "2"),
    ] {
      try configuration.set(try #require(Setting.named(key)), to: text)
    }
    #expect(configuration.memory == 2 << 20 && configuration.binarize == .fixed(seed: 9))
    #expect(configuration.schedule == .constant && configuration.warmUp == 2)
    let samples = try #require(Setting.named("--samples"))
    #expect(throws: ConfigurationError.self) { try configuration.set(samples, to: "0") }
    #expect(configuration.samples == 50)
  }

  @Test func settingsSayWhomTheyConcern() throws {
    let beta = try #require(Setting.named("beta"))
    #expect(beta.concerns("ciwae") && !beta.concerns("iwae"))
    #expect(try #require(Setting.named("passes")).concerns("iwae"))
    #expect(
      Setting.all.filter(\.canChange).map(\.key)
        == ["passes", "patience", "test_samples", "limit", "memory", "on_nan", "audit"])
  }
}
