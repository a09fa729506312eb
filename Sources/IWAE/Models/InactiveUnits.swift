import Compute

extension Model {
  /// The parameters with every inactive unit of the topmost layer cut off: its posterior becomes
  /// its prior, and nothing reads it. Nil where there is none, or where the prior is not standard
  /// normal or the posterior not Gaussian.
  ///
  /// Only the topmost layer has a prior that does not depend on the layer above, so only there does
  /// a posterior that ignores the data equal the prior.
  public func removingInactiveUnits(
    from parameters: [Tensor: [Float]], variances: [[Double]]
  ) -> [Tensor: [Float]]? {
    let top = encoder.count - 1
    guard encoder[top].posterior == .gaussian, prior == .standardNormal else { return nil }
    let dead = variances[top].indices.filter { variances[top][$0] <= Evaluation.activityThreshold }
    guard !dead.isEmpty else { return nil }
    var result = parameters
    for head in encoderNetworks[top].heads {
      let inputs = head.weight.shape.columns
      for unit in dead {
        result[head.bias]?[unit] = 0
        for input in 0..<inputs { result[head.weight]?[unit * inputs + input] = 0 }
      }
    }
    let network = decoderNetworks[0]
    for layer in network.hidden.isEmpty ? network.heads : [network.hidden[0]] {
      let inputs = layer.weight.shape.columns
      for output in 0..<layer.weight.shape.rows {
        for unit in dead { result[layer.weight]?[output * inputs + unit] = 0 }
      }
    }
    return result
  }
}
