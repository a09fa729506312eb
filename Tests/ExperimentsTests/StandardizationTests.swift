import Artifacts
import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice
import Testing

/// Data without the means and deviations of their columns, and the way back.
@Suite struct StandardizationTests {
  private let density = LinearGaussian()

  @Test func statisticsLeaveOutWhatIsMissing() throws {
    // A column as usual, one with a hole, one that is constant, one that nobody observed.
    let values: [Float] = [
      1, 10, 0.1, .nan,
      3, .nan, 0.1, .nan,
      5, 30, 0.1, .nan,
    ]
    let images = ImageSet(name: "columns", values: .floats(values), width: 4)
    let found = Standardization(of: images)
    #expect(found.mean[..<3] == [3, 20, 0.1] && found.mean[3].isFinite)
    #expect(found.deviation == [Float((8 / 3.0).squareRoot()), 10, 1, 1])
    let standardized = images.standardized(by: found)
    #expect(standardized.standardization == found)
    #expect(standardized.subset([2]).standardization == found)
    #expect(standardized.pixels(of: 0)[1] == -1 && standardized.pixels(of: 1)[1].isNaN)
    #expect(standardized.pixels(of: 2)[2] == 0 && standardized.missingCount == 4)
    let restored = found.restored(standardized.pixels(of: 2))
    #expect(restored[..<3] == [5, 30, 0.1])
    // The log density of the observed values alone.
    let own = log((8 / 3.0).squareRoot())
    #expect(abs(standardized.meanLogDeviation - (own + 2 / 3.0 * log(10))) < 1e-6)
    #expect(images.meanLogDeviation == 0)
  }

  @Test func deviationsOfNothingAreOne() {
    // Half of the least number above 0.
    let tiny = ImageSet(name: "tiny", values: .floats([0, .leastNonzeroMagnitude]), width: 1)
    #expect(Standardization(of: tiny).deviation == [1])
    #expect(Standardization(mean: [0], deviation: [0]) == nil)
    #expect(Standardization(mean: [.nan], deviation: [1]) == nil)
    #expect(Standardization(mean: [0, 0], deviation: [1]) == nil)
  }

  private let columns = Standardization(
    mean: (0..<12).map { 100 * Float($0) - 300 },
    deviation: (0..<12).map { Float($0 % 3 + 1) * ($0 < 6 ? 50 : 0.02) })!

  /// Data in units of their own, whose standardized values have the known density.
  private func images(count: Int, seed: UInt64) -> ImageSet {
    let known = density.images(count: count, seed: seed)
    let values = (0..<count).flatMap { columns.restored(known.pixels(of: $0)) }
    return ImageSet(name: "own units", values: .floats(values), width: density.width)
  }

  @Test func likelihoodsAreGivenInTheDataUnits() throws {
    let parameters = density.parameters(widening: 1.5)
    let own = images(count: 20, seed: 3)
    func report(_ images: ImageSet) throws -> EvaluationReport {
      try #require(
        try ModelEvaluation(
          density.model, parameters: parameters, images: images, samples: 2000,
          binarization: .none, seed: 1
        ).run(on: ReferenceDevice()))
    }
    let found = try report(own.standardized(by: columns))
    let exact = (0..<20).reduce(0) { sum, index in
      let known = columns.standardized(own.pixels(of: index))
      return sum - density.logLikelihood(known) / 20
    }
    #expect(abs(found.nll - exact) < 0.05)
    let lower = columns.deviation.reduce(0) { $0 + log(Double($1)) }
    #expect(abs(try #require(found.nllInDataUnits) - found.nll - lower) < 1e-9)
    #expect(found.text.contains("NLL in the data's own units"))
    let usual = try report(density.images(count: 20, seed: 3))
    #expect(usual.nllInDataUnits == nil && !usual.text.contains("own units"))
    #expect(abs(usual.nll - found.nll) < 0.01)
  }

  @Test func imputedValuesAreInTheDataUnits() throws {
    let (count, width) = (10, density.width)
    let complete = images(count: count, seed: 4)
    let values = (0..<count).flatMap { image in
      complete.pixels(of: image).enumerated().map { ($0 + image) % 4 == 0 ? .nan : $1 }
    }
    let holes = ImageSet(name: "holes", values: .floats(values), width: width)
    var imputation = try Imputation(
      density.model, parameters: density.parameters(widening: 20), images: holes,
      truth: complete)
    imputation.standardization = columns
    imputation.samples = 20_000
    let result = try #require(try imputation.run(on: ReferenceDevice()))
    let found = result.array.values.floats
    var (heldOut, squares) = (0.0, 0.0)
    for image in 0..<count {
      let pixels = holes.pixels(of: image)
      let known = columns.standardized(pixels)
      let mean = density.conditionalMean(known)
      for column in pixels.indices {
        let value = found[image * width + column]
        guard pixels[column].isNaN else {
          #expect(value.bitPattern == pixels[column].bitPattern)
          continue
        }
        let deviation = Double(columns.deviation[column])
        let distance = Double(value) - Double(columns.mean[column]) - deviation * mean[column]
        #expect(abs(distance) < 0.15 * deviation, "\(image), \(column)")
        heldOut -= log(deviation) / Double(count)
        let error = Double(value - complete.pixels(of: image)[column]) / deviation
        squares += error * error
      }
      let whole = columns.standardized(complete.pixels(of: image))
      heldOut += (density.logLikelihood(whole) - density.logLikelihood(known)) / Double(count)
    }
    let truth = try #require(result.report.truth)
    #expect(abs(truth.heldOutLogLikelihood - heldOut) < 0.1, "\(truth.heldOutLogLikelihood)")
    // Each column counts in its own deviations.
    #expect(truth.isStandardized && result.report.text.contains("RMSE in deviations"))
    let error = try #require(truth.model.rmse)
    #expect(abs(error - (squares / Double(truth.values)).squareRoot()) < 1e-3)
    #expect(error < (try #require(truth.marginalMean.rmse)))
  }

  @Test func picturesAreInTheDataUnits() throws {
    let columns = try #require(Standardization(mean: [10, -1], deviation: [2, 0.5]))
    let pictures = [columns, nil].map {
      Picture(images: [[1, 2], [0, 0]], columns: 2, of: density.model, $0)
    }
    #expect(pictures[0].images == [[12, 0], [10, -1]] && pictures[0].isScaled)
    #expect(pictures[1].images == [[1, 2], [0, 0]])
  }

  @Test func checkpointsKeepThem() throws {
    let checkpoint = Checkpoint(
      model: density.model, parameters: density.parameters(widening: 1),
      standardization: columns, extras: ["optimizer.step": [1]])
    let data = try checkpoint.data
    let read = try Checkpoint(data, file: "a")
    #expect(read.standardization == columns && read.extras == ["optimizer.step": [1]])
    let file = try Safetensors(data, file: "a")
    #expect(file.entries["data.mean"]?.shape == [12])
    #expect(file.entries["data.deviation"]?.values.doubles.count == 12)
    #expect(file.metadata["model"]?.contains("deviation") == false)

    func problem(_ change: (inout [String: Safetensors.Entry]) -> Void) -> String {
      var entries = file.entries
      change(&entries)
      let metadata = file.metadata.filter { $0.key != "digest" }
      do throws(FormatError) {
        _ = try Checkpoint(Safetensors(entries: entries, metadata: metadata).data, file: "a")
        return "none"
      } catch {
        return error.description
      }
    }
    #expect(problem { $0["data.mean"] = nil } == "a: tensor 'data.mean': it is missing.")
    #expect(
      problem { $0["data.deviation"] = .init(shape: [1], values: .float32([1])) }
        .contains("tensor 'data.deviation': expected the shape [12], found [1]"))
    #expect(
      problem {
        $0["data.deviation"] = .init(
          shape: [12], values: .float32([0] + [Float](repeating: 1, count: 11)))
      } == "a: tensor 'data.deviation': expected numbers above 0.")
  }
}
