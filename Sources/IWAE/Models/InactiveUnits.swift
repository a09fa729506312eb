import Compute

extension Model {
  /// The parameters with every inactive unit of the topmost layer cut off: its posterior becomes
  /// its prior, and nothing reads it. Nil where there is none, where the prior is not standard
  /// normal or the posterior not Gaussian, and where units pass by the weights.
  ///
  /// Only the topmost layer has a prior that does not depend on the layer above, so only there does
  /// a posterior that ignores the data equal the prior.
  public func removingInactiveUnits(
    from parameters: [Tensor: [Float]], variances: [[Double]]
  ) throws(ProgramError) -> [Tensor: [Float]]? {
    let top = encoder.count - 1
    guard encoder[top].posterior == .gaussian, prior == .standardNormal else { return nil }
    let dead = variances[top].indices.filter { variances[top][$0] <= Evaluation.activityThreshold }
    guard !dead.isEmpty,
      let readers = try decoderNetworks[0].readers()
    else { return nil }
    var result = parameters
    for head in encoderNetworks[top].heads {
      let inputs = head.weight.shape.columns
      for unit in dead {
        result[head.bias]?[unit] = 0
        for input in 0..<inputs { result[head.weight]?[unit * inputs + input] = 0 }
      }
    }
    for weight in readers {
      let inputs = weight.shape.columns
      for output in 0..<weight.shape.rows {
        for unit in dead { result[weight]?[output * inputs + unit] = 0 }
      }
    }
    return result
  }
}

extension Network {
  /// The weights that read the input; nil if anything else reads it too.
  fileprivate func readers() throws(ProgramError) -> [Tensor]? {
    let input = Tensor("input", .matrix(rows: 1, columns: inputs), .input)
    var program = ProgramBuilder(name)
    _ = try append(input, to: &program)
    var readers: [Tensor] = []
    for operation in program.operations where operation.reads.contains(input) {
      guard case .multiply(let product) = operation else { return nil }
      readers.append(product.weight)
    }
    return readers
  }
}
