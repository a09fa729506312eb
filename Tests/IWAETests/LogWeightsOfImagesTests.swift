import Compute
import Datasets
import IWAE
import OpenCLDevice
import Testing

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
}
