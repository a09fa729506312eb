import Compute

/// A residual hidden layer: `input + activation(input W^T + b)` where sizes agree, a dense one where
/// they do not.
struct ResidualLayer: HiddenLayer {
  private let layer: DenseLayer

  init(_ description: LayerDescription) { layer = DenseLayer(description) }

  var parameters: [LayerParameter] { layer.parameters }

  func append(
    _ input: Tensor, as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    let dense = layer.dense
    guard input.shape.columns == dense.weight.shape.rows else {
      return try layer.append(input, as: role, to: &program)
    }
    let change = try dense.append(
      input, layer.activation, named: "\(dense.label).change", as: role, to: &program)
    let output = Tensor(dense.label, change.shape, role)
    try program.append(
      .map(Map([.init(input.value + change.value, into: output)], reading: [input, change])))
    return output
  }
}

extension HiddenKind {
  public static let residual = HiddenKind(name: "residual") { ResidualLayer($0) }
}
