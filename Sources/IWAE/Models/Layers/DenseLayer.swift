import Compute

/// A dense hidden layer: `activation(input W^T + b)`.
struct DenseLayer: HiddenLayer {
  let dense: Dense
  let activation: Activation

  init(_ description: LayerDescription) {
    dense = Dense(
      description.name, label: description.label, inputs: description.inputs,
      outputs: description.outputs)
    activation = description.activation
  }

  var parameters: [LayerParameter] { dense.layerParameters }
  var isBounded: Bool { activation == .tanh }

  func append(
    _ input: Tensor, as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    try dense.append(input, activation, as: role, to: &program)
  }
}

extension HiddenKind {
  public static let dense = HiddenKind(name: "dense") { DenseLayer($0) }
}
