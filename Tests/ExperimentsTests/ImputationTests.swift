import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// Missing values of data whose density is known: exact log-likelihoods, means and draws.
@Suite struct ImputationTests {
  private let density = LinearGaussian()
  private let count = 25
  private let complete: ImageSet
  private let images: ImageSet

  init() {
    complete = LinearGaussian().images(count: count, seed: 8)
    var values: [Float] = []
    for index in 0..<count {
      let address = NoiseAddress(seed: 2, purpose: .data, time: 9, image: UInt32(index))
      values += complete.pixels(of: index).enumerated().map { column, pixel in
        // The first image lacks nothing.
        index > 0 && address.uniform(column: column) < 0.3 ? .nan : pixel
      }
    }
    images = ImageSet(name: "holes", values: .floats(values), width: density.width)
  }

  /// The encoder, made for complete data, is wide enough for 0s in place of what is missing.
  private var parameters: [Tensor: [Float]] { density.parameters(widening: 20) }

  private func exact(_ set: ImageSet) -> [Double] {
    (0..<count).map { density.logLikelihood(set.pixels(of: $0)) }
  }

  @Test func evaluationMeetsTheExactDensity() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let evaluator = try Evaluator(
      density.model, parameters: parameters, images: images, device: device, samples: 100_000,
      chunk: 2000)
    let found = try #require(try evaluator.evaluate())
    for (index, value) in exact(images).enumerated() {
      // The relative error of the mean of weights that are worth so many equal ones.
      let error = 1 / found.effectiveSampleSizes[index].squareRoot()
      let estimate = found.imageLogLikelihoods[index]
      #expect(error < 0.1 && abs(estimate - value) < 4 * error, "\(index): \(estimate), \(value)")
    }
  }

  private func run(
    on device: any Device, draws: Int = 0, samples: Int = 100_000, chunk: Int = 1999
  ) throws -> Imputation.Result {
    var imputation = try Imputation(
      density.model, parameters: parameters, images: images, truth: complete)
    (imputation.samples, imputation.draws) = (samples, draws)
    (imputation.batchSize, imputation.chunk) = (10, chunk)
    return try #require(try imputation.run(on: device))
  }

  @Test func meansAreConditionalMeans() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let result = try run(on: device)
    #expect(result.array.shape == [count, density.width] && !result.array.isColumnMajor)
    let values = result.array.values.floats
    var squares = 0.0
    for index in 0..<count {
      let pixels = images.pixels(of: index)
      let mean = density.conditionalMean(pixels)
      for column in pixels.indices {
        let value = values[index * density.width + column]
        if pixels[column].isNaN {
          #expect(abs(Double(value) - mean[column]) < 0.1, "\(index), \(column): \(value)")
          let distance = mean[column] - Double(complete.pixels(of: index)[column])
          squares += distance * distance
        } else {
          #expect(value.bitPattern == pixels[column].bitPattern)
        }
      }
    }
    // log p(missing | observed) is the difference of two exact densities.
    let report = result.report
    let truth = try #require(report.truth)
    let gains = zip(exact(complete), exact(images)).map { $0 - $1 }.filter { $0 != 0 }
    #expect(
      abs(truth.heldOutLogLikelihood - gains.reduce(0, +) / Double(gains.count)) < 0.1,
      "\(truth.heldOutLogLikelihood)")
    #expect(report.missing == images.missingCount && truth.values == report.missing)
    let error = try #require(truth.model.rmse)
    #expect(abs(error - sqrt(squares / Double(truth.values))) < 0.02)
    #expect(error < 0.7 * (try #require(truth.marginalMean.rmse)))
    #expect(!truth.isStandardized && truth.model.accuracy == nil && truth.model.f1 == nil)
  }

  @Test func drawsHaveTheConditionalMeanAndSpread() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let draws = 400
    let result = try run(on: device, draws: draws, samples: 5000)
    #expect(result.array.shape == [draws, count, density.width])
    let values = result.array.values.floats
    var (distances, spread, variance, compared) = (0.0, 0.0, 0.0, 0.0)
    for index in 0..<count {
      let pixels = images.pixels(of: index)
      let mean = density.conditionalMean(pixels)
      for column in pixels.indices {
        let drawn = (0..<draws).map {
          Double(values[($0 * count + index) * density.width + column])
        }
        guard pixels[column].isNaN else {
          #expect(drawn.allSatisfy { $0 == Double(pixels[column]) })
          continue
        }
        let average = drawn.reduce(0, +) / Double(draws)
        distances += (average - mean[column]) * (average - mean[column])
        spread += drawn.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(draws - 1)
        // The density of a normal value at its mean tells its variance.
        var center = pixels
        center[column] = Float(mean[column])
        let peak = density.logLikelihood(center) - density.logLikelihood(pixels)
        variance += exp(-2 * peak) / (2 * .pi)
        compared += 1
      }
    }
    #expect(compared > 50)
    #expect(abs(spread / variance - 1) < 0.1, "\(spread / compared), \(variance / compared)")
    #expect(distances < 4 * variance / Double(draws), "\(distances), \(variance)")
  }

  /// Whatever the chunks and the device.
  @Test func chunksAndDevicesAgree() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let whole = try run(on: device, draws: 7, samples: 60, chunk: 60)
    let chunks = try run(on: device, draws: 7, samples: 60, chunk: 4)
    let reference = try run(on: ReferenceDevice(), draws: 7, samples: 60, chunk: 17)
    for other in [chunks, reference] {
      let distance = zip(whole.array.values.floats, other.array.values.floats).map { abs($0 - $1) }
      #expect((distance.max() ?? 1) < 1e-4)
      let (a, b) = (whole.report.truth, other.report.truth)
      #expect(abs((a?.model.rmse ?? 0) - (b?.model.rmse ?? 1)) < 1e-5)
      #expect(abs((a?.heldOutLogLikelihood ?? 0) - (b?.heldOutLogLikelihood ?? 1)) < 1e-3)
    }
    // More draws than samples; what is not filled in is refused.
    let many = try run(on: ReferenceDevice(), draws: 30, samples: 10, chunk: 250)
    #expect(many.array.shape == [30, count, density.width])
  }

  @Test func whatIsCompleteStaysAsItIs() throws {
    var imputation = try Imputation(density.model, parameters: parameters, images: complete)
    let result = try #require(try imputation.run(on: ReferenceDevice()))
    #expect(result.array.values == .floats(complete.pixelsOfAll))
    #expect(result.report.missing == 0 && result.report.text.contains("No values are missing"))
    imputation.draws = 2
    let copies = try #require(try imputation.run(on: ReferenceDevice()))
    #expect(copies.array.shape == [2, count, density.width])
    #expect(copies.array.values == .floats(complete.pixelsOfAll + complete.pixelsOfAll))
    #expect(throws: FormatError.self) {
      try Imputation(
        density.model, parameters: parameters, images: images, truth: complete.subset(0..<3))
    }
  }
}

extension ImageSet {
  fileprivate var pixelsOfAll: [Float] { (0..<count).flatMap { pixels(of: $0) } }
}
