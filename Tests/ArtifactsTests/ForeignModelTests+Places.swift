import Compute
import Files
import Foundation
import IWAE
import Testing

@testable import Artifacts

/// Tensors that have no place, or one too many.
extension ForeignModelTests {
  /// A size of 2^62 beside one of 0 takes no bytes, and would want a bias of 2^62 zeros.
  @Test func sizesThatNoLayerHasAreRefused() throws {
    func refusal(_ shape: [Int]) throws -> String {
      let header =
        "{\"encoder.0.mean.weight\": {\"dtype\": \"F32\", \"shape\": \(shape), "
        + "\"data_offsets\": [0, 0]}}"
      let length = UInt64(header.utf8.count).littleEndian
      let data = withUnsafeBytes(of: length) { Data($0) } + Data(header.utf8)
      let content = try Safetensors(data, file: "f")
      let error = #expect(throws: FormatError.self) { try ForeignModel(content, file: "f") }
      return error?.description ?? ""
    }
    #expect(try refusal([4_611_686_018_427_387_904, 0]).contains("expected sizes from 1 to"))
    #expect(try refusal([0, 4_611_686_018_427_387_904]).contains("expected sizes from 1 to"))
    let many = Dictionary(
      uniqueKeysWithValues: (0..<5000).map {
        ("fc\($0).weight", Safetensors.Entry(shape: [1], values: .float32([1])))
      })
    let error = #expect(throws: FormatError.self) {
      try ForeignModel(Safetensors(entries: many), file: "f")
    }
    #expect(error?.description.contains("at most 4096 tensors") == true)
  }

  /// pythae's decoders end in a Sigmoid, which is the mean of a Bernoulli likelihood and of no other.
  @Test func aSigmoidIsOfTheLikelihoodThatHasIt() throws {
    let names = Self.pythae.map { (ours: $0, theirs: $1) }
    let content = Safetensors(entries: renamed(Self.one, names, factor: 2))
    var settings = ForeignSettings()
    settings.likelihood = try Likelihood(named: "{\"family\": \"gaussian\", \"sigma\": 1}")
    let error = #expect(throws: FormatError.self) {
      try ForeignModel(content, settings, file: "f")
    }
    #expect(error?.description.contains("end in a Sigmoid") == true, "\(error?.description ?? "")")
  }

  @Test func spreadsAreHalvedOnceAndPlacesTakenOnce() throws {
    let names = Self.pythae.map { (ours: $0, theirs: $1) }
    let content = Safetensors(entries: renamed(Self.one, names, factor: 2))
    func refusal(_ mapping: ForeignMapping) -> String {
      let error = #expect(throws: FormatError.self) {
        try ForeignModel(content, mapping: mapping, file: "f")
      }
      return error?.description ?? ""
    }
    var mapping = ForeignMapping(layers: [:])
    mapping.isLogVariance = true
    #expect(refusal(mapping).contains("halve it twice"))
    mapping.layers = Dictionary(
      uniqueKeysWithValues: Self.pythae.map { ($0.1, $0.0 as String?) })
    mapping.activation = "relu"
    try expectSame(ForeignModel(content, mapping: mapping, file: "f"), as: Self.one)
    mapping.layers["encoder.log_var"] = "encoder.0.log_variance"
    #expect(refusal(mapping).contains("halve it twice"))
    mapping.isLogVariance = false
    try expectSame(ForeignModel(content, mapping: mapping, file: "f"), as: Self.one)
    mapping.layers["decoder.layers.1.0"] = "decoder.0.chain.0"
    mapping.layers["decoder.layers.2.0"] = "decoder.0.chain.1"
    #expect(refusal(mapping).contains("two layers are put at 'decoder.0.hidden.0'"))
  }
}
