/// Why a program could not be built: a description that makes no sense, found before any device
/// is involved.
public enum ProgramError: Error, Hashable, Sendable {
  case shapeMismatch(operation: String, operand: String, expected: String, found: String)
  case wrongElement(operation: String, operand: String, expected: Element, found: Element)
  case wrongRole(operation: String, operand: String, expected: String, found: Role)
  case readBeforeWritten(operation: String, tensor: String)
  case nameTaken(tensor: String)
  case invalid(operation: String, problem: String)
}

extension ProgramError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .shapeMismatch(let operation, let operand, let expected, let found):
      "\(operation): expected '\(operand)' to have shape \(expected), found \(found)."
    case .wrongElement(let operation, let operand, let expected, let found):
      "\(operation): expected '\(operand)' to hold \(expected.rawValue), "
        + "found \(found.rawValue)."
    case .wrongRole(let operation, let operand, let expected, let found):
      "\(operation): expected '\(operand)' to be \(expected), found \(found.rawValue)."
    case .readBeforeWritten(let operation, let tensor):
      "\(operation) reads '\(tensor)' before any operation has written it. "
        + "Append the operation that writes it first."
    case .nameTaken(let tensor):
      "Two different tensors are named '\(tensor)'. Give each its own name."
    case .invalid(let operation, let problem):
      "\(operation): \(problem)"
    }
  }
}
