import Compute

/// A gated hidden layer: `(input W^T + b) * sigmoid(input V^T + c)`, with no activation.
struct GatedLayer: HiddenLayer {
  let name: String
  let dense: Dense
  let gate: Dense

  init(_ description: LayerDescription) {
    name = description.name
    dense = Dense(name, inputs: description.inputs, outputs: description.outputs)
    gate = Dense("\(name).gate", inputs: description.inputs, outputs: description.outputs)
  }

  var parameters: [LayerParameter] { dense.layerParameters + gate.layerParameters }

  func append(
    _ input: Tensor, as role: Role, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    let value = try dense.append(input, named: "\(name).value", as: role, to: &program)
    let share = try gate.append(input, .logistic, as: role, to: &program)
    let output = Tensor(name, value.shape, role)
    try program.append(
      .map(Map([.init(value.value * share.value, into: output)], reading: [value, share])))
    return output
  }
}

extension HiddenKind {
  public static let gated = HiddenKind(name: "gated") { GatedLayer($0) }
}
