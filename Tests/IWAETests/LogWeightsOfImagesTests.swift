import Compute
import Datasets
import IWAE
import OpenCLDevice
import Testing

@Suite struct LogWeightsOfImagesTests {
  private func evaluator(on device: any Device) throws -> Evaluator {
    let digits = Strokes().images(count: 5, seed: 7)
    let model = Model(
      dataSize: digits.width, encoder: [.init(hidden: [4], latent: 2)],
      decoder: [.init(hidden: [4])])
    return try Evaluator(
      model, parameters: [:], images: digits, device: device, samples: 7,
      batchSize: 3, chunk: 3)
  }

  @Test func keptLogWeightsAreOfEveryImageAndSample() throws {
    var counts: [Int] = []
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let evaluator = try evaluator(on: device)
    let result = try evaluator.evaluate(observe: { counts.append($0.count) })
    #expect(counts == [7, 7, 7, 7, 7])
    #expect(result?.imageLogLikelihoods.count == 5)
  }
}
