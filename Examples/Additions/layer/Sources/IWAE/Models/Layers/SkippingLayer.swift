import Compute

/// A hidden layer that keeps half of what it reads where sizes agree:
/// `(x + activation(x W^T + b)) / 2`.
struct SkippingLayer: HiddenLayer {
  let dense: Dense
  let activation: Activation

  init(_ description: LayerDescription) {
    dense = Dense(
      description.name, label: description.label, inputs: description.inputs,
      outputs: description.outputs)
    activation = description.activation
  }

  var parameters: [LayerParameter] { dense.layerParameters }

  func append(
    _ input: Tensor, as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    guard input.shape.columns == dense.weight.shape.rows else {
      return try dense.append(input, activation, as: role, to: &program)
    }
    let change = try dense.append(
      input, activation, named: "\(dense.label).change", as: role, to: &program)
    let output = Tensor(dense.label, change.shape, role)
    try program.append(
      .map(
        Map([.init(0.5 * (input.value + change.value), into: output)], reading: [input, change])))
    return output
  }
}

extension HiddenKind {
  public static let skipping = HiddenKind(name: "skipping") { SkippingLayer($0) }
}
