import Compute

/// The likelihood of the data, given what its heads hold.
extension StepBuilder {
  /// Appends log p of data, `(R)`.
  ///
  /// - Parameters:
  ///   - data: `(B, D)`
  ///   - hasMissing: True if some of it may be missing, as NaN.
  ///   - term: The result.
  mutating func appendLikelihood(
    of data: Tensor, hasMissing: Bool, into term: Tensor
  ) throws(ProgramError) {
    let likelihood = model.likelihood
    guard let density = hasMissing ? likelihood.observedLogDensity : likelihood.logDensity else {
      return try appendClasses(.logDensity, of: data, into: term)
    }
    try append(
      [.init(sumOf: self.likelihood(density, x: data), into: term)],
      reading: dataHeads + [data] + model.likelihoodParameters)
  }

  /// The mean of the data, `(R, D)`.
  mutating func expectation() throws(ProgramError) -> BoundFormula {
    guard let mean = model.likelihood.mean else {
      let output = Tensor(
        "expectation", .matrix(rows: dataHeads[0].shape.rows, columns: model.dataSize), .temporary)
      try appendClasses(.mean, into: output)
      return BoundFormula(output.value, reading: [output])
    }
    return BoundFormula(likelihood(mean), reading: dataHeads + model.likelihoodParameters)
  }

  /// Appends what comes of a head that holds logits of classes.
  mutating func appendClasses(
    _ result: Classes.Result, of data: Tensor? = nil, into output: Tensor
  ) throws(ProgramError) {
    try program.append(
      .classes(
        Classes(
          result, logits: dataHeads[0], count: model.likelihood.headColumns, data: data,
          output: output)))
  }

  /// A formula of the likelihood over tensors.
  private func likelihood(_ formula: Formula, x: Tensor? = nil) -> Formula {
    formula.over(
      model.likelihood.heads + model.likelihood.parameters.map(\.name),
      dataHeads + model.likelihoodParameters, x.map { ["x": $0] } ?? [:])
  }
}
