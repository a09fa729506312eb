import Compute
import Datasets
import ReferenceDevice
import Testing

@testable import IWAE

@Suite struct StepForecastTests {
  private struct Stopped: Error {}

  private let model = Model(
    dataSize: 784, encoder: [.init(hidden: [200, 200], latent: 50)],
    decoder: [.init(hidden: [200, 200])])

  /// What a trainer foretells; nothing is allocated, for whoever is told stops there.
  private func forecast(samples: Int, memory: Int? = nil) throws -> StepForecast? {
    var configuration = TrainingConfiguration(objective: .iwae, samples: samples, batchSize: 20)
    configuration.memoryLimit = memory
    var found: StepForecast?
    do {
      _ = try Trainer(
        model, configuration, images: Strokes().images(count: 40, seed: 3),
        device: ReferenceDevice()
      ) {
        found = $0
        throw Stopped()
      }
    } catch is Stopped {
    }
    return found
  }

  @Test func ordinaryStepsAreNotForetold() throws {
    #expect(try forecast(samples: 50) == nil)
  }

  @Test func longStepsAreForetold() throws {
    let few = try #require(try forecast(samples: 1 << 15))
    let many = try #require(try forecast(samples: 1 << 20))
    // Operations grow with the samples, memory does not: they stream.
    #expect(abs(many.operations / few.operations / 32 - 1) < 0.02)
    #expect(many.bytes < 4 * few.bytes)
    #expect(many.division.hasPrefix("one image at a time"))
    // Six operations a weight and sample: forwards, and back by the input and by the weight.
    let weights = 50.0 * 200 + 200 * 200 + 200 * 784
    #expect(abs(many.operations / (6 * weights * 20 * 0x1p20) - 1) < 0.02)
    #expect(many.leastSeconds == nil)
  }
}
