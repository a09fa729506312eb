import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Data that are NaN in places, beside the golden cases of values and gradients.
@Suite struct MissingValuesTests {
  private static let models = [
    Model(
      dataSize: 37, encoder: [.init(hidden: [19], latent: 5), .init(hidden: [9], latent: 3)],
      decoder: [.init(hidden: [9]), .init(hidden: [17])]),
    Model(
      dataSize: 21, activation: .relu, hiddenKind: .residual, likelihood: .negativeBinomial,
      encoder: [.init(hidden: [21], latent: 4)], decoder: [.init(hidden: [6])]),
  ]

  /// Of the second column nothing is known, of others a part.
  private static func images(_ model: Model, count: Int) -> ImageSet {
    let address = NoiseAddress(seed: 7, purpose: .data)
    let scale: Float = model.likelihood.support == .counts ? 6 : 1
    let values = (0..<count * model.dataSize).map { index -> Float in
      let value = scale * address.uniform(column: index)
      return index % model.dataSize == 1 || index % 5 == 3
        ? .nan : scale > 1 ? value.rounded(.down) : value
    }
    return ImageSet(name: "holes", values: .floats(values), width: model.dataSize)
  }

  /// A step on grey images, binarized on the device where that is to be.
  private func step(_ model: Model) -> DividedStep {
    let images = Self.images(model, count: 6)
    var control = Control()
    (control.seed, control.step) = (5, 3)
    return DividedStep(
      model: model, parameters: model.initialParameters(seed: 3, mean: images.mean), images: images,
      batchSize: 3, groups: 2, samples: 8,
      binarization: model.likelihood.isBinarized ? .sample : .none, control: control)
  }

  private func worst(_ expected: [Tensor: [Float]], _ found: [Tensor: [Float]]) -> Double {
    var worst = 0.0
    for (tensor, values) in expected {
      let scale = values.reduce(0) { $0 + Double($1 * $1) } / Double(values.count)
      for (a, b) in zip(values, found[tensor] ?? []) {
        let error = abs(Double(a) - Double(b)) / max(scale.squareRoot(), 1e-30)
        worst = error.isNaN ? .infinity : max(worst, error)
      }
    }
    return worst
  }

  /// Steps at once, in parts, and with some samples walked back; what no image has adds exactly nothing.
  @Test(arguments: [0, 1]) func gradientsAreThoseOfWhatIsKnown(index: Int) throws {
    let model = Self.models[index]
    let step = step(model)
    let whole = try step.gradients(.whole)
    #expect(whole.values.allSatisfy { $0.allSatisfy(\.isFinite) })
    let head = model.decoderNetworks[model.decoder.count - 1].heads[0]
    let bias = try #require(whole[head.bias])
    #expect(bias[1] == 0 && bias[0] != 0 && bias[2] != 0)
    let first = try #require(whole[model.encoderNetworks[0].parameters[0]])
    let inputs = model.dataSize
    #expect(stride(from: 1, to: first.count, by: inputs).allSatisfy { first[$0] == 0 })
    #expect(stride(from: 2, to: first.count, by: inputs).contains { first[$0] != 0 })
    let drawn = try step.gradients(.drawn(3))
    for division in [StepPrograms.Division.images(2), .samples(3)] {
      #expect(worst(whole, try step.gradients(division)) < 1e-5)
    }
    // Kernels take long to compile; conformance has whole steps of all kinds.
    guard index == 0 else { return }
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    #expect(worst(whole, try step.gradients(.samples(3), on: device)) < 1e-4)
    #expect(worst(drawn, try step.gradients(.drawn(3), on: device)) < 1e-4)
  }

  /// Complete data have the programs that they had.
  @Test func completeDataPayNothing() throws {
    let model = Model(
      dataSize: 2, encoder: [.init(hidden: [3], latent: 2)], decoder: [.init(hidden: [3])])
    let data = try ResidentSet(
      ImageSet(name: "whole", values: .floats([0.5, 1, 0, 1]), width: 2), for: model, name: "data")
    #expect(!data.batchSource(.none).hasMissing)
    func operations(_ hasMissing: Bool) throws -> [Compute.Operation] {
      try Step.build(
        model,
        StepConfiguration(
          batchSize: 2, samples: 3, objective: .iwae, source: .uploaded(hasMissing: hasMissing))
      ).program.operations
    }
    let (complete, holed) = (try operations(false), try operations(true))
    #expect(holed.count == complete.count + 1)
    #expect(!complete.contains { $0.writes.contains { $0.name == "images.seen" } })
  }

  @Test func imagesKnowWhatTheyLack() throws {
    let values: [Float] = [.nan, 0.25, 0.75, .nan, .nan, .nan, .nan, 0.75, 1]
    let images = ImageSet(name: "holes", values: .floats(values), width: 3)
    #expect(images.missingCount == 5 && images.hasMissing && images.firstWithoutValues == 1)
    // The mean of all stands for that of the first.
    #expect(images.mean == [0.6875, 0.5, 0.875])
    #expect(images.firstMisfit(for: .unit) == nil)
    #expect(images.firstMisfit(for: .counts)?.position == 1)
    #expect(!images.isBinary)
    for drawn in [images.binarized(seed: 4, part: 0), images] {
      for index in 0..<3 {
        for rule in Binarization.allCases where rule != .none {
          let pixels = drawn.evaluated(index, rule, seed: 2)
          #expect(zip(pixels, images.pixels(of: index)).allSatisfy { $0.isNaN == $1.isNaN })
          #expect(pixels.allSatisfy { $0.isNaN || $0 == 0 || $0 == 1 })
        }
      }
    }
    #expect(images.binarized(seed: 4, part: 0).isBinary)
    let grey = ImageSet(name: "grey", values: .bytes([0, 51, 255, 102]), width: 2)
    let mask = ImageSet(name: "mask", values: .bytes([1, 0, 0, 1]), width: 2)
    let masked = grey.masked(by: mask)
    #expect(masked.pixels(of: 0)[0] == 0 && masked.pixels(of: 1)[1] == grey.pixels(of: 1)[1])
    #expect(masked.missingCount == 2 && masked.pixels(of: 0)[1].isNaN)
    #expect(masked.scaled(for: .unit) == masked)
  }

  /// Annealing, and posteriors that are fitted image by image, on data whose density is known.
  @Test func instrumentsMeetTheExactDensity() throws {
    let density = LinearGaussian()
    let complete = density.images(count: 12, seed: 6)
    let values = (0..<12).flatMap { index in
      complete.pixels(of: index).enumerated().map { ($0 + index) % 3 == 0 ? .nan : $1 }
    }
    let images = ImageSet(name: "holes", values: .floats(values), width: density.width)
    let parameters = density.parameters(widening: 1.5)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    var annealing = AnnealingConfiguration()
    (annealing.chains, annealing.temperatures) = (16, [60])
    let annealed = try #require(
      try Annealer(
        density.model, parameters: parameters, images: images, annealing, device: device
      ).anneal())[0]
    var fitting = PosteriorFitConfiguration()
    fitting.steps = 300
    let fitted = try #require(
      try PosteriorFit(
        density.model, parameters: parameters, images: images, fitting, device: device
      ).fit())
    var distance = 0.0
    for index in 0..<12 {
      let exact = density.logLikelihood(images.pixels(of: index))
      distance += (annealed[index].lower - exact) / 12
      // The posterior is normal, but for correlations.
      let gap = exact - fitted[index].fittedBound.mean
      #expect(gap > -0.1 && gap < 1, "\(gap)")
      #expect(fitted[index].gain.mean > 0)
    }
    #expect(abs(distance) < 0.3, "\(distance)")
    let generator = Generator(density.model, parameters: parameters, device: device)
    let points: [[Float]] = [[0, 0, 0], [1, -0.5, 0.25]]
    let pixels = images.pixels(of: 0)
    let found = try generator.logDensities(of: pixels, at: points)
    // log p(x, h) of what is known, both being normal.
    for (point, logDensity) in zip(points, found) {
      var expected = 0.0
      func add(_ distance: Double, _ sigma: Double) {
        expected -=
          distance * distance / (2 * sigma * sigma) + naturalLogarithm(2 * .pi * sigma * sigma) / 2
      }
      for z in point { add(Double(z), 1) }
      for row in pixels.indices where !pixels[row].isNaN {
        var mean = density.offset[row]
        for latent in 0..<3 { mean += density.weights[row * 3 + latent] * Double(point[latent]) }
        add(Double(pixels[row]) - mean, density.noise)
      }
      #expect(abs(logDensity - expected) < 1e-3)
    }
  }
}
