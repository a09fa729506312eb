import Compute
import Files
import Foundation
import IWAE
import Testing

@testable import Artifacts

/// Heads that a graph does not have where it says so.
extension ForeignGraphTests {
  /// Their weights are the same, and so are the names of their nodes, which the format does not forbid.
  @Test func headsOnSeveralTrunksAreRefused() throws {
    let arrays = ["w": array(3, 4), "c": array(3), "v": array(2, 3), "d": array(2)]
    func refusal(_ lines: [String]) -> String {
      let data = graph(lines, ["mean", "log_sigma"], arrays: arrays, title: "same")
      let error = #expect(throws: FormatError.self) { try read(data, decoder) }
      return error?.description ?? ""
    }
    let start = ["h = Gemm x w c transB=1", "r = Relu h", "mean = Gemm r v d transB=1"]
    #expect(
      refusal(
        start + [
          "i = Gemm x w c transB=1", "s = Relu i", "log_sigma = Gemm s v d transB=1",
        ]
      ).contains("different hidden layers"))
    #expect(
      refusal(start + ["r = Tanh h", "log_sigma = Gemm r v d transB=1"])
        .contains("two values of the graph are called 'r'"))
    #expect(
      refusal([String](repeating: "h = Relu x", count: 5000)).contains("at most 4096 nodes"))
  }

  /// A function behind a linear layer is the likelihood's own, or no part of it.
  @Test func endingsBelongToTheirHeads() throws {
    let arrays = ["w": array(3, 4), "c": array(3), "v": array(2, 3), "d": array(2)]
    let start = ["h = Gemm x w c transB=1", "r = Relu h", "a = Gemm r v d transB=1"]
    let encoder = graph(
      start + ["mean = Identity a", "log_sigma = Identity a"], ["mean", "log_sigma"],
      arrays: arrays)
    func refusal(
      _ encoder: Data, _ layers: [String: String?], likelihood: Likelihood? = nil
    ) -> String {
      var mapping = ForeignMapping(layers: layers)
      mapping.likelihood = likelihood
      let error = #expect(throws: FormatError.self) {
        try read(encoder, decoder, mapping: mapping)
      }
      return error?.description ?? ""
    }
    let gaussian = try Likelihood(named: "{\"family\": \"gaussian\", \"sigma\": 1}")
    #expect(
      refusal(encoder, ["p": "decoder.0.mean"], likelihood: gaussian)
        .contains("ends in a Sigmoid"))
    for function in ["Sigmoid", "Exp"] {
      let ended = graph(
        start + ["7 = \(function) a", "log_sigma = Identity a"], ["7", "log_sigma"],
        arrays: arrays)
      #expect(refusal(ended, ["7": "encoder.0.mean"]).contains("but ends in a"))
    }
    #expect(refusal(encoder, ["q": "decoder.0.logits"]).contains("no output of a graph"))
    #expect(refusal(encoder, ["p": "encoder.0.logits"]).contains("no output of a graph"))
    #expect(refusal(encoder, ["mean": "mean"]).contains("no output of a graph"))
    let mapped = ForeignMapping(layers: ["p": "decoder.0.logits", "mean": "encoder.0.mean"])
    #expect(throws: Never.self) { try read(encoder, decoder, mapping: mapped) }
  }
}
