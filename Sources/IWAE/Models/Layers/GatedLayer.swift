import Compute

/// A gated hidden layer: `(input W^T + b) * sigmoid(input V^T + c)`, with no activation.
struct GatedLayer: HiddenLayer {
  let dense: Dense
  let gate: Dense

  init(_ description: LayerDescription) {
    let (inputs, outputs) = (description.inputs, description.outputs)
    dense = Dense(
      description.name, label: description.label, inputs: inputs, outputs: outputs)
    gate = Dense(
      "\(description.name).gate", label: "\(description.label).gate", inputs: inputs,
      outputs: outputs)
  }

  var parameters: [LayerParameter] { dense.layerParameters + gate.layerParameters }

  func append(
    _ input: Tensor, as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    let value = try dense.append(input, named: "\(dense.label).value", as: role, to: &program)
    let share = try gate.append(input, .logistic, as: role, to: &program)
    let output = Tensor(dense.label, value.shape, role)
    try program.append(
      .map(Map([.init(value.value * share.value, into: output)], reading: [value, share])))
    return output
  }
}

extension HiddenKind {
  public static let gated = HiddenKind(name: "gated") { GatedLayer($0) }
}
