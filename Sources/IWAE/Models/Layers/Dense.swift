import Compute

/// The parameters of a linear layer.
public struct Dense: Hashable, Sendable {
  /// The beginning of the parameters' names, as `encoder.0.mean`.
  public let name: String
  /// The name of what it computes: its own, unless one layer serves twice in a program.
  let label: String
  /// `(outputs, inputs)`.
  public let weight: Tensor
  /// `(outputs)`.
  public let bias: Tensor
  let startsAtZero: Bool

  init(
    _ name: String, label: String? = nil, inputs: Int, outputs: Int, startsAtZero: Bool = false
  ) {
    self.startsAtZero = startsAtZero
    self.name = name
    self.label = label ?? name
    weight = Tensor("\(name).weight", .matrix(rows: outputs, columns: inputs), .parameter)
    bias = Tensor("\(name).bias", .vector(outputs), .parameter)
  }

  /// Weights from Glorot's distribution, unless they start at zero, and biases of zero.
  var layerParameters: [LayerParameter] {
    [
      LayerParameter(tensor: weight, start: startsAtZero ? .constant(0) : .glorot),
      LayerParameter(tensor: bias, start: .constant(0)),
    ]
  }

  /// Appends `activation(input W^T + b)`.
  ///
  /// - Parameters:
  ///   - input: `(rows, inputs)`.
  ///   - activation: The function at the layer's end.
  ///   - name: The result's name; nil for the layer's label.
  ///   - role: The result's role.
  ///   - program: The program.
  /// - Returns: `(rows, outputs)`.
  func append(
    _ input: Tensor, _ activation: Activation = .identity, named name: String? = nil,
    as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    let shape = Shape.matrix(rows: input.shape.rows, columns: weight.shape.rows)
    let output = Tensor(name ?? label, shape, role)
    try program.append(
      .multiply(
        Multiply(
          input: input, weight: weight, bias: bias, activation: activation, output: output)))
    return output
  }
}
