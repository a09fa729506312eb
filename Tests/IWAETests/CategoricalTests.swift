import Compute
import Foundation
import ReferenceDevice
import Testing

@testable import IWAE

/// Data that are classes, beside the golden case of values and gradients.
@Suite struct CategoricalTests {
  private let device = ReferenceDevice()

  private func model(_ likelihood: Likelihood, dataSize: Int = 5) -> Model {
    Model(
      dataSize: dataSize, likelihood: likelihood, encoder: [.init(hidden: [4], latent: 3)],
      decoder: [.init(hidden: [6])])
  }

  private func values(_ tensors: [Tensor]) -> [Tensor: [Float]] {
    Dictionary(
      uniqueKeysWithValues: tensors.enumerated().map { index, tensor in
        let address = NoiseAddress(seed: 17, purpose: .data, image: UInt32(index))
        return (tensor, (0..<tensor.shape.count).map { 0.7 * address.normal(column: $0) })
      })
  }

  /// The log-weights and the gradients of a step.
  private func step(
    _ model: Model, _ parameters: [Tensor: [Float]], images: [Float]
  ) throws -> (logWeights: [Float], gradients: [Tensor: [Float]]) {
    let step = try Step.build(
      model,
      StepConfiguration(
        batchSize: images.count / model.dataSize, samples: 6, objective: .iwae, estimator: .dreg,
        source: .uploaded(hasMissing: images.contains(where: \.isNaN)), optimizer: nil))
    let memory = try device.allocate(model.parameters)
    for (tensor, values) in parameters { try memory.upload(values, to: tensor) }
    let executable = try device.compile(step.program, on: memory)
    try executable.upload(images, to: try #require(step.images))
    try executable.upload(
      .words((0..<UInt32(images.count / model.dataSize)).map { $0 }),
      to: try #require(step.indices))
    try executable.run(Control())
    var gradients: [Tensor: [Float]] = [:]
    for tensor in model.parameters {
      gradients[tensor] = try memory.floats(tensor.counterpart(.gradient))
    }
    return (try executable.floats(step.logWeights), gradients)
  }

  /// Of two classes, the difference of the logits is a Bernoulli's logit.
  @Test func twoClassesAreABernoulli() throws {
    let (two, bernoulli) = (model(.categorical(2)), model(.bernoulli))
    let parameters = values(two.parameters)
    let heads = [two, bernoulli].map { $0.decoderNetworks[0].heads[0] }
    var others = parameters.filter { bernoulli.parameters.contains($0.key) }
    for (own, other) in [
      (heads[0].weight, heads[1].weight), (heads[0].bias, heads[1].bias),
    ] {
      let values = try #require(parameters[own])
      let width = own.shape.isVector ? 1 : own.shape.columns
      others[other] = (0..<5 * width).map { index in
        let first = index / width * 2 * width + index % width
        return values[first + width] - values[first]
      }
    }
    let images: [Float] = [0, 1, 1, 0, .nan, 1, 1, 0, 0, 1]
    let (found, expected) = (
      try step(two, parameters, images: images), try step(bernoulli, others, images: images)
    )
    func expectNear(_ found: [Float], _ expected: [Float]) {
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 2e-6 * max(1, abs(b))) }
    }
    expectNear(found.logWeights, expected.logWeights)
    for tensor in [bernoulli.parameters[0], bernoulli.decoderNetworks[0].parameters[0]] {
      expectNear(
        try #require(found.gradients[tensor]), try #require(expected.gradients[tensor]))
    }
    let slopes = try #require(expected.gradients[heads[1].bias])
    expectNear(try #require(found.gradients[heads[0].bias]), slopes.flatMap { [-$0, $0] })
  }

  /// What is missing adds exactly nothing, whatever its logits are.
  @Test func missingValuesAddNothing() throws {
    let model = model(.categorical(3), dataSize: 2)
    var parameters = values(model.parameters)
    let images: [Float] = [2, .nan, 0, .nan]
    let before = try step(model, parameters, images: images)
    let bias = model.decoderNetworks[0].heads[0].bias
    parameters[bias]?.replaceSubrange(3..<6, with: [1000, -30, 7])
    let after = try step(model, parameters, images: images)
    #expect(before.logWeights == after.logWeights && before.logWeights.allSatisfy(\.isFinite))
    let slopes = try #require(after.gradients[bias])
    #expect(slopes[3..<6].allSatisfy { $0 == 0 } && slopes[..<3].allSatisfy { $0 != 0 })
  }

  @Test func drawsHaveTheirProbabilities() {
    let logits = [-1, 2, 0.5, -800, 1.25]
    let shares = logits.map { exp($0) }
    let total = shares.reduce(0, +)
    let count = 100_000
    var found = [Int](repeating: 0, count: logits.count)
    for image in 0..<count {
      let address = NoiseAddress(seed: 7, purpose: .generation, image: UInt32(image))
      let drawn = Likelihood.categorical(5).draw(
        heads: logits, uniform: Double(address.openUniform(column: 0)), normal: 0)
      found[Int(drawn ?? -1)] += 1
    }
    for (times, share) in zip(found, shares) {
      let expected = share / total
      let error = (expected * (1 - expected) / Double(count)).squareRoot()
      #expect(abs(Double(times) / Double(count) - expected) <= 4 * error)
    }
    #expect(Likelihood.categorical(5).canDraw)
  }

  @Test func simulatedVariablesAreClassesOfTheirOwnLogits() throws {
    var model = model(.categorical(4), dataSize: 3)
    model.decoder = [.init(hidden: [])]
    let head = model.decoderNetworks[0].heads[0]
    var parameters = values(model.parameters)
    parameters[head.weight] = Array(repeating: 0, count: 36)
    // One class is all but certain.
    parameters[head.bias] = [0, 0, 0, 800, 800, 0, 0, 0, 0, 0, 800, 0]
    let generator = Generator(model, parameters: parameters, device: device)
    let drawn = try generator.simulate(count: 5, seed: 3)
    #expect((0..<5).allSatisfy { drawn.images.pixels(of: $0) == [3, 0, 2] })
    #expect(try generator.images(ofLatents: [[0, 1, 2]]) == [[3, 0, 2]])
  }

  @Test func imputationFillsInClasses() throws {
    let model = model(.categorical(3), dataSize: 2)
    var parameters = values(model.parameters)
    parameters[model.decoderNetworks[0].heads[0].bias]?.replaceSubrange(3..<6, with: [-90, -90, 0])
    let images = ImageSet(name: "holes", values: .floats([0, .nan, 1, .nan, 2, 0]), width: 2)
    let imputer = try Imputer(
      model, parameters: parameters, images: images, device: device, samples: 8, draws: 3)
    let filled = try #require(try imputer.impute())
    #expect(filled.means == [0, 2, 1, 2, 2, 0])
    #expect(filled.copies == [0, 2, 1, 2, 2, 0, 0, 2, 1, 2, 2, 0, 0, 2, 1, 2, 2, 0])
  }

  /// The likeliest class is neither the mean nor a sample's: it is the likeliest over all samples, by
  /// their weights.
  @Test func theLikeliestClassIsOfAllSamples() throws {
    let model = model(.categorical(3), dataSize: 4)
    let parameters = values(model.parameters).mapValues { $0.map { 2 * $0 } }
    let truth: [Float] = [0, 2, 1, 2, 1, 0, 0, 1, 2, 2, 2, 1]
    let holes = truth.enumerated().map { $0 % 3 == 1 ? .nan : $1 }
    func set(_ values: [Float]) -> ImageSet {
      ImageSet(name: "classes", values: .floats(values), width: 4)
    }
    let draws = 4000
    let filled = try #require(
      try Imputer(
        model, parameters: parameters, images: set(holes), truth: set(truth), device: device,
        samples: 200, draws: draws, batchSize: 2, chunk: 90
      ).impute())
    var compared = 0
    for (index, likeliest) in filled.likeliestClasses.enumerated() {
      guard holes[index].isNaN else {
        #expect(likeliest.isNaN)
        continue
      }
      let shares = (0..<3).map { value in
        Double((0..<draws).count { filled.copies[$0 * 12 + index] == Float(value) }) / Double(draws)
      }
      // The draws tell which it is where the next one is some way off.
      guard let most = shares.max(), shares.count(where: { $0 > most - 0.05 }) == 1 else {
        continue
      }
      #expect(shares.firstIndex(of: most) == Int(likeliest), "\(index): \(shares), \(likeliest)")
      compared += 1
    }
    #expect(compared > 2)
  }

  /// The first biases give every class its frequency among the values that are known.
  @Test func trainingStartsFromFrequencies() {
    let images = ImageSet(
      name: "classes", values: .floats([0, 2, 1, 2, 0, .nan, 0, 0]), width: 2)
    let frequencies = images.frequencies(ofClasses: 3)
    let third = 1.0 / 3
    #expect(frequencies == [0.75, 0.25, 0, third, 0, 2 * third])
    let model = model(.categorical(3), dataSize: 2)
    let parameters = model.initialParameters(seed: 1, frequencies: frequencies)
    let bias = parameters[model.decoderNetworks[0].heads[0].bias] ?? []
    for (value, frequency) in zip(bias, frequencies) {
      #expect(abs(exp(Double(value)) - max(frequency, 0.001)) < 1e-6)
    }
  }

  @Test func logitsAreSoMany() {
    #expect(model(.categorical(65_536), dataSize: 16).problem == nil)
    let problem = model(.categorical(65_536), dataSize: 17).problem
    #expect(
      problem?.hasSuffix("found 1114112: 65536 classes of each of 17 variables.") == true)
  }

  @Test func aLogitThatIsNoNumberIsFound() throws {
    let model = model(.categorical(3), dataSize: 2)
    var parameters = values(model.parameters)
    parameters[model.decoderNetworks[0].heads[0].bias]?[4] = .infinity
    let fault = try DensityProbe.firstFault(
      model, parameters: parameters, images: [[.nan, 1]], device: device)
    let description = try #require(fault?.description)
    #expect(
      description.hasPrefix(
        "the log-density of likelihood 'categorical:3' is NaN for image 1, variable 2, where x = 1.0, "
          + "logit = inf"))
  }

  @Test func bytesAreClassesOrRefused() {
    let pictures = ImageSet(name: "bytes", values: .bytes([0, 3, 255, 7]), width: 2).asPictures
    #expect(pictures.scaled(for: .classes(256)).pixels(of: 1) == [255, 7])
    #expect(pictures.scaled(for: .classes(256)).firstMisfit(for: .classes(256)) == nil)
    let misfit = pictures.scaled(for: .classes(8)).firstMisfit(for: .classes(8))
    #expect(misfit?.image == 1 && misfit?.position == 0)
  }
}
