import Compute
import Foundation
import IWAE

/// Why a model cannot be written as ONNX.
public struct ONNXError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// A model as two files of the Open Neural Network Exchange format, for programs that run such files.
///
/// All arrays are float32 with one sample a row, `(N, columns)`; N is free, and the same for all
/// arrays of a call. Layers are counted as in the checkpoint, from the data upwards.
/// - The encoder takes `images`, where NaN is a missing value and means 0, and each layer's
///   `noise.{l}`, standard normal or uniform as the posterior wants it, and gives every head of the
///   posterior as `{head}.{l}` (`mean.{l}` and `log_sigma.{l}` of a Gaussian, also `lower.{l}` or
///   `context.{l}` where units depend on each other) and the sample `latent.{l}`, which is what the
///   layer above is computed from.
/// - The decoder takes `latent.{top}` and the standard normal `noise.{l}` of the layers below, and
///   gives `mean.{l}`, `log_sigma.{l}` and `latent.{l}` of those layers. Of the data it gives every
///   head of the likelihood under its name (`logits`, `mean`, `log_sigma`, `log_rate`), that of
///   classes with a column for each class of each variable by turns, every
///   learned parameter under its name, in each row the same, and the mean: a Bernoulli likelihood's is
///   `probabilities`, any other's is `expectation`, and a mean that is a head is only that head.
///
/// Both take the `labels` of a conditional model: a column for each class, 1 in that of the sample's
/// and 0 in the others.
///
/// A head whose name another value of the graph has is called `head.{head}` instead: one named
/// `expectation`, and in an encoder `latent` and `noise`.
///
/// The operators are those of version 13, in the format's version 8. Samples and means are computed
/// as the densities' formulas say, to single precision in both tails; a mean or a sample that
/// mentions `lgamma` is NaN where its argument is negative.
public struct ONNXModel: Hashable, Sendable {
  /// The content of `encoder.onnx`.
  public let encoder: Data
  /// The content of `decoder.onnx`.
  public let decoder: Data

  /// The longest message that readers of protocol buffers take.
  static let sizeLimit = Int(Int32.max)

  /// Writes both graphs.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - parameters: The values of each of the model's parameters.
  public init(_ model: Model, parameters: [Tensor: [Float]]) throws(ONNXError) {
    try self.init(model, parameters: parameters, sizeLimit: Self.sizeLimit)
  }

  init(
    _ model: Model, parameters: [Tensor: [Float]], sizeLimit: Int
  ) throws(ONNXError) {
    let programs: [Program]
    do throws(ProgramError) {
      programs = [
        try EncoderProgram(model, rows: 1, hasMissing: true).program,
        try DecoderProgram(model, rows: 1).program,
      ]
    } catch {
      throw ONNXError("The model has no programs: \(error)")
    }
    // Both are checked before either is written: that takes a while and some copies.
    for program in programs {
      let count = program.tensors(.parameter).reduce(0) { $0 + $1.shape.count }
      try Self.check(4 * count, program.name, limit: sizeLimit)
    }
    encoder = try ONNXGraph(programs[0], parameters: parameters).file
    decoder = try ONNXGraph(programs[1], parameters: parameters).file
    // Names and sizes come on top of the weights.
    try Self.check(encoder.count, "encoder", limit: sizeLimit)
    try Self.check(decoder.count, "decoder", limit: sizeLimit)
  }

  private static func check(_ size: Int, _ name: String, limit: Int) throws(ONNXError) {
    guard size > limit else { return }
    throw ONNXError(
      "The \(name) takes \(size) bytes as ONNX, but a file of that format holds at most \(limit). "
        + "Use the checkpoint itself, or a model with smaller layers.")
  }
}
