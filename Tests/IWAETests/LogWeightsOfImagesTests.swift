import Compute
import Datasets
import OpenCLDevice
import Testing

@testable import IWAE

@Suite struct LogWeightsOfImagesTests {
  private func evaluator(chunk: Int, on device: any Device) throws -> Evaluator {
    let digits = Strokes().images(count: 5, seed: 7)
    let model = Model(
      dataSize: digits.width, encoder: [.init(hidden: [4], latent: 2)],
      decoder: [.init(hidden: [4])])
    return try Evaluator(
      model, parameters: model.initialParameters(seed: 3), images: digits, device: device,
      samples: 7,
      batchSize: 3, chunk: chunk)
  }

  /// However many samples are taken at a time: the last part may be smaller.
  @Test func keptLogWeightsAreOfEveryImageAndSample() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var all: [[Double]] = []
    for chunk in [3, 7] {
      var kept: [LogWeights] = []
      let result = try #require(
        try evaluator(chunk: chunk, on: device).evaluate(observe: { kept.append($0) }))
      #expect(kept.map(\.count) == [7, 7, 7, 7, 7])
      #expect(result.imageLogLikelihoods.count == 5)
      for (weights, likelihood) in zip(kept, result.imageLogLikelihoods) {
        #expect(abs(weights.logMean - likelihood) < 1e-4)
      }
      #expect(Set(kept.map(\.logMean)).count == 5)
      all.append(kept.map(\.logMean))
    }
    for (three, seven) in zip(all[0], all[1]) { #expect(abs(three - seven) < 1e-4) }
  }

  /// A certificate's samples are those of an evaluation, whichever images are drawn together and
  /// from whichever sample on.
  @Test func certificatesDrawTheSamplesOfEvaluations() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let digits = Strokes().images(count: 5, seed: 7)
    let model = Model(
      dataSize: digits.width,
      encoder: [.init(hidden: [4], latent: 3), .init(hidden: [4], latent: 2)],
      decoder: [.init(hidden: [4]), .init(hidden: [4])])
    let parameters = model.initialParameters(seed: 3)
    var kept: [[Double]] = []
    let evaluator = try Evaluator(
      model, parameters: parameters, images: digits, device: device,
      samples: 2 * WeightSampler.chunk, batchSize: 3, chunk: 200, seed: 8)
    _ = try evaluator.evaluate(
      observe: { weights in kept.append(weights.relativeToMean.map { $0 + weights.logMean }) })
    let sampler = try WeightSampler(
      model, parameters: parameters, images: digits, binarization: .sample, seed: 8, device: device)
    let images = [3, 0, 4]
    for samples in [0..<WeightSampler.chunk, WeightSampler.chunk..<2 * WeightSampler.chunk] {
      let found = try #require(
        try sampler.weights(of: images, samples: samples, while: { true }))
      for (image, weights) in zip(images, found) {
        let expected = kept[image][samples]
        #expect(weights.count == samples.count)
        #expect(zip(weights, expected).allSatisfy { abs($0 - $1) < 1e-5 * abs($1) })
        // Other samples are told from these.
        let others = zip(weights, expected.reversed()).filter { abs($0 - $1) < 1e-5 * abs($1) }
        #expect(others.count < 50)
      }
    }
  }
}
