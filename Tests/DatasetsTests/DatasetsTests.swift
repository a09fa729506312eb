import Foundation
import IWAE
import Testing

@testable import Datasets

@Suite struct StrokesTests {
  @Test func imagesDependOnTheirNumberAlone() {
    let few = Strokes().images(count: 5, seed: 1)
    let many = Strokes().images(count: 50, seed: 1)
    #expect(few == many.subset(0..<5))
    #expect(Strokes().images(count: 5, seed: 2) != few)
  }

  @Test func digitsAreInkOnPaper() {
    let images = Strokes().images(count: 500, seed: 1)
    #expect(images.width == 784 && images.height == 28 && images.count == 500)
    #expect(Set(images.labels ?? []) == Set(0...9))
    let mean = images.mean
    let ink = mean.reduce(0, +) / 784
    #expect(ink > 0.08 && ink < 0.25)
    // Nothing is drawn in the corners, and every image has both ink and grey edges.
    for corner in [0, 27, 28 * 27, 783] { #expect(mean[corner] < 0.01) }
    for index in 0..<500 {
      let pixels = images.pixels(of: index)
      #expect(pixels.contains(1) && pixels.contains { $0 > 0.1 && $0 < 0.9 })
    }
  }

  /// Images of one digit are more alike than images of two.
  @Test func labelsNameWhatIsDrawn() throws {
    let images = Strokes().images(count: 400, seed: 1)
    let labels = try #require(images.labels)
    var means = [[Double]](repeating: [], count: 10)
    for digit in 0..<10 {
      means[digit] = images.subset(labels.indices.filter { labels[$0] == digit }).mean
    }
    var right = 0
    for index in 0..<400 {
      let pixels = images.pixels(of: index)
      let distances = means.map { mean in
        zip(pixels, mean).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      }
      let nearest = distances.indices.min { distances[$0] < distances[$1] }
      if nearest == labels[index] { right += 1 }
    }
    #expect(right > 300)
  }
}

@Suite struct LinearGaussianTests {
  @Test func densityIsThatOfTheDraws() {
    let data = LinearGaussian()
    let images = data.images(count: 4000, seed: 2)
    // The mean log-likelihood of draws is minus the entropy; its spread is known as well: the
    // quadratic form has 12 degrees of freedom, so a variance of 12 / 2.
    let values = (0..<4000).map { data.logLikelihood(images.pixels(of: $0)) }
    let mean = values.reduce(0, +) / 4000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999
    #expect(abs(variance - 6) < 0.8)
    let center = data.logLikelihood(data.offset.map { Float($0) })
    #expect(abs(center - 6 - mean) < 4 * (6.0 / 4000).squareRoot() + 1e-4)
  }

  /// What is missing is integrated out: log p(x) is the sum of what each value has
  /// given those before it, which is normal around its conditional mean.
  @Test func missingValuesAreIntegratedOut() {
    let data = LinearGaussian()
    let x = data.images(count: 1, seed: 3).pixels(of: 0)
    var known = [Float](repeating: .nan, count: data.width)
    var sum = 0.0
    for row in x.indices {
      let (before, mean) = (data.logLikelihood(known), data.conditionalMean(known)[row])
      known[row] = x[row]
      let gain = data.logLikelihood(known) - before
      // Of a normal density, that at the mean and at x tell the variance.
      var center = known
      center[row] = Float(mean)
      let peak = data.logLikelihood(center) - before
      let variance = exp(-2 * peak) / (2 * .pi)
      let distance = Double(x[row]) - mean
      #expect(abs(gain - peak + distance * distance / (2 * variance)) < 1e-5)
      sum += gain
    }
    #expect(abs(sum - data.logLikelihood(x)) < 1e-9)
  }

  /// In one dimension at a time, the density's integral over a line is that of a normal density.
  @Test func densityFallsAsItShould() {
    let data = LinearGaussian()
    let center = data.offset.map { Float($0) }
    var away = center
    away[0] += 1
    let drop = data.logLikelihood(center) - data.logLikelihood(away)
    #expect(drop > 0 && drop <= 1 / (2 * data.noise * data.noise) + 1e-9)
  }
}
