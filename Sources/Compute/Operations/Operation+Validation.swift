extension Operation {
  /// Checks that operands fit together.
  func validate() throws(ProgramError) {
    for operand in operands {
      if let tensor = operand.tensor { try validate(operand, tensor) }
    }
    try member.validate()
  }

  private func validate(_ operand: Operand, _ tensor: Tensor) throws(ProgramError) {
    guard tensor.shape.rows >= 1, tensor.shape.columns >= 1 else {
      throw mismatch(tensor, "at least one element")
    }
    if operand.isWritten {
      switch tensor.role {
      case .parameter, .resident, .input, .firstMoment, .secondMoment, .average:
        throw .wrongRole(
          operation: kind, operand: tensor.name, expected: "writable by an operation",
          found: tensor.role)
      case .gradient, .accumulator, .state, .output, .temporary: break
      }
    }
    guard operand.elements.contains(tensor.element) else {
      throw .wrongElement(
        operation: kind, operand: tensor.name, expected: operand.elements[0],
        found: tensor.element)
    }
    guard operand.place.roles.contains(tensor.role) else {
      throw .wrongRole(
        operation: kind, operand: tensor.name, expected: operand.place.description,
        found: tensor.role)
    }
    try validate(operand.extent, tensor)
  }

  private func validate(_ extent: Extent, _ tensor: Tensor) throws(ProgramError) {
    switch extent {
    case .anything: break
    case .exactly(let shape):
      guard tensor.shape == shape else { throw mismatch(tensor, "\(shape)") }
    case .broadcast(let rows, let columns):
      guard !tensor.shape.isVector, tensor.shape.columns == columns, rows % tensor.shape.rows == 0
      else { throw mismatch(tensor, "[a divisor of \(rows), \(columns)]") }
    case .matrix:
      guard !tensor.shape.isVector else { throw mismatch(tensor, "[rows, columns]") }
    case .vector:
      guard tensor.shape.isVector else { throw mismatch(tensor, "[count]") }
    }
  }

  private func mismatch(_ tensor: Tensor, _ expected: String) -> ProgramError {
    .shapeMismatch(
      operation: kind, operand: tensor.name, expected: expected, found: "\(tensor.shape)")
  }
}
