import Compute

/// A hidden layer as a value: its parameters, and its way forward.
///
/// The way back is derived, and so is every other form of it: an operation is a product or a map
/// that keeps rows apart.
protocol HiddenLayer: Sendable {
  /// In the order of the checkpoint, all named `{name}.…`.
  var parameters: [LayerParameter] { get }

  /// True if no unit can be large, whatever the input is.
  var isBounded: Bool { get }

  /// Appends the layer's operations.
  ///
  /// - Parameters:
  ///   - input: `(rows, inputs)`.
  ///   - role: The role of everything that the layer computes.
  ///   - program: The program.
  /// - Returns: `(rows, outputs)`, under the layer's name.
  func append(
    _ input: Tensor, as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor
}

extension HiddenLayer {
  var isBounded: Bool { false }
}

/// A tensor that is trained, and the values that training starts from.
struct LayerParameter: Hashable, Sendable {
  enum Start: Hashable, Sendable {
    /// Uniform within the square root of 6 / (inputs + outputs).
    case glorot
    case constant(Float)
    /// Standard normal.
    case normal
    /// Images of the data, as logits.
    case images
  }

  let tensor: Tensor
  let start: Start
}

/// The sizes and the name of a hidden layer.
struct LayerDescription: Hashable, Sendable {
  /// The beginning of the parameters' names, as `encoder.0.hidden.1`.
  var name: String
  /// The name of what it computes.
  var label: String
  var inputs: Int
  var outputs: Int
  /// The model's function of hidden units.
  var activation: Activation
}
