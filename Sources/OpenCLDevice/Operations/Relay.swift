import Compute

extension Relay: KernelFamily {
  static let counts = [
    KernelCount<Relay>("input_form") { Form($0.input).rawValue },
    KernelCount("output_form") { Form($0.output).rawValue },
    KernelCount("rows") { $0.output.shape.rows },
    KernelCount("turns") { $0.turns ? 1 : 0 },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
  ]
  var writtenColumns: Int { output.shape.columns }

  /// The way in which an operand lies.
  enum Form: Int, CaseIterable {
    case rows, parameter, vector, parameterVector

    init(_ tensor: Tensor) {
      self =
        switch (tensor.shape.isVector, tensor.role.liesAsParameter) {
        case (false, false): .rows
        case (false, true): .parameter
        case (true, false): .vector
        case (true, true): .parameterVector
        }
    }
  }
}
