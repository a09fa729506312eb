import Testing

@testable import Compute

@Suite struct PhiloxTests {
  /// The published known answers of Random123 for philox4x32-10: counter, key, result.
  @Test(arguments: [
    (
      SIMD4<UInt32>(0, 0, 0, 0), 0 as UInt64,
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      SIMD4<UInt32>(repeating: .max), UInt64.max,
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      0x299f_31d0_a409_3822 as UInt64,
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswers(counter: SIMD4<UInt32>, seed: UInt64, expected: SIMD4<UInt32>) {
    #expect(Philox.words(at: counter, seed: seed) == expected)
  }
}

@Suite struct NoiseTests {
  @Test func extremeWordsGiveFiniteNormals() {
    let extremes: [UInt32] = [
      0, 1, 2, 0x1fff_ffff, 0x2000_0000, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0x8000_0000,
      0xbfff_ffff, 0xc000_0000, 0xffff_ff7f, 0xffff_ff80, 0xffff_fffe, .max,
    ]
    for first in extremes {
      for second in extremes {
        let (cosine, sine) = boxMuller(first, second)
        #expect(abs(cosine) <= 6.8 && abs(sine) <= 6.8, "\(first), \(second)")
      }
    }
    // The rarest radius: sqrt(2 * 33 * log 2).
    #expect(abs(boxMuller(0, 0).cosine - 6.763_73) < 1e-4)
    #expect(boxMuller(.max, 0).cosine == 0)
  }

  /// Box and Muller in double precision: the polynomials are as exact as single precision allows.
  @Test func normalsAreThoseOfBoxAndMuller() {
    // Above one half the uniform number is rounded to 2^-24, which moves small radii by more.
    var worst = (lower: 0.0, upper: 0.0)
    for index in 0..<200_000 {
      let words = Philox.words(at: SIMD4(UInt32(index), 0, 0, 0), seed: 3)
      let (cosine, sine) = boxMuller(words.x, words.y)
      let radius = (-2 * logarithm((Double(words.x) + 0.5) * 0x1p-32)).squareRoot()
      let angle = Double(words.y) * 2 * Double.pi * 0x1p-32
      let error = max(
        abs(Double(cosine) - radius * cosineOf(angle)), abs(Double(sine) - radius * sineOf(angle)))
      if words.x < 1 << 31 {
        worst.lower = max(worst.lower, error)
      } else {
        worst.upper = max(worst.upper, error)
      }
    }
    // One unit in the last place of 4, a large normal, is 4.8e-7.
    #expect(worst.lower > 0 && worst.lower < 1e-6)
    #expect(worst.upper < 4e-4)
  }

  @Test func momentsAndDistribution() {
    let columns = 1000
    let rows = 500
    var values: [Float] = []
    for row in 0..<rows {
      let address = NoiseAddress(
        seed: 11, purpose: .latent(layer: 0), time: 5, image: UInt32(row), sample: 7)
      values += (0..<columns).map { address.normal(column: $0) }
    }
    let count = Double(values.count)
    func moment(_ power: Int) -> Double {
      values.reduce(0) { total, value in
        total + (0..<power).reduce(1.0) { product, _ in product * Double(value) }
      } / count
    }
    // Four standard deviations of each moment's own distribution.
    #expect(abs(moment(1)) < 4 * (1 / count).squareRoot())
    #expect(abs(moment(2) - 1) < 4 * (2 / count).squareRoot())
    #expect(abs(moment(3)) < 4 * (15 / count).squareRoot())
    #expect(abs(moment(4) - 3) < 4 * (96 / count).squareRoot())

    // Kolmogorov and Smirnov at the 0.1% level: 1.95 / sqrt(n).
    let sorted = values.sorted()
    var distance = 0.0
    for (index, value) in sorted.enumerated() {
      let probability = normalProbability(Double(value))
      distance = max(distance, abs(probability - Double(index) / count))
      distance = max(distance, abs(probability - Double(index + 1) / count))
    }
    #expect(distance < 1.95 / count.squareRoot())
  }

  @Test func uniformsFillTheirRange() {
    let address = NoiseAddress(seed: 1, purpose: .binarization, time: 2, image: 3)
    let values = (0..<100_000).map { address.uniform(column: $0) }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    let mean = values.reduce(0) { $0 + Double($1) } / 100_000
    #expect(abs(mean - 0.5) < 4 * (1 / 12.0 / 100_000).squareRoot())
  }

  /// Every part of the address leads to another stream, and none is correlated with the first.
  @Test func distinctAddressesGiveDistinctStreams() {
    let base = NoiseAddress(
      seed: 5, purpose: .latent(layer: 0), time: 1, image: 2, sample: 3)
    var variants = Array(repeating: base, count: 6)
    variants[0].seed = 6
    variants[1].purpose = .latent(layer: 1)
    variants[2].purpose = .binarization
    variants[3].time = 2
    variants[4].image = 3
    variants[5].sample = 4
    let reference = (0..<2000).map { base.normal(column: $0) }
    for variant in variants {
      let other = (0..<2000).map { variant.normal(column: $0) }
      #expect(zip(reference, other).allSatisfy { $0 != $1 })
      let correlation = zip(reference, other).reduce(0) { $0 + Double($1.0 * $1.1) } / 2000
      #expect(abs(correlation) < 4 / 2000.0.squareRoot())
    }
    #expect(Set(reference).count > 1990)
  }

  @Test func purposesHaveCodesOfTheirOwn() {
    var purposes: [NoisePurpose] = [
      .binarization, .shuffling, .initialization, .data, .generation,
    ]
    purposes += (0..<NoisePurpose.maximumLayers).map { .latent(layer: $0) }
    #expect(Set(purposes.map(\.code)).count == purposes.count)
    #expect(purposes.allSatisfy { $0.code < 256 })
  }
}
