import Compute

extension Multiply {
  /// A small program whose products have these forms, in one walk; nil where none of them can be the first.
  static func example(of forms: Set<Int>) -> Program? {
    let plain = forms.filter { $0 & part("ACCUMULATES") == 0 }.sorted()
    guard let first = plain.first else { return nil }
    // What is added to something comes after what is not, and a product alone would not be walked.
    let chains =
      plain.map { [$0] } + forms.subtracting(plain).sorted().map { [first, $0] }
      + (forms.count == 1 ? [[first]] : [])
    var builder = ProgramBuilder("products")
    do {
      for (number, chain) in chains.enumerated() {
        let output = Tensor("output.\(number)", .matrix(rows: 6, columns: 37), .output)
        for form in chain {
          try builder.append(.multiply(Multiply(form: form, number: number, into: output)))
        }
      }
    } catch {
      preconditionFailure("products that were compiled cannot be built: \(error)")
    }
    return builder.build()
  }

  /// A product of a form, whose other operands have a number.
  private init(form: Int, number: Int, into output: Tensor) {
    func has(_ name: String) -> Bool { form & Self.part(name) != 0 }
    let (rows, columns, depth) = (output.shape.rows, output.shape.columns, 21)
    func tensor(_ name: String, _ shape: Shape, _ role: Role) -> Tensor {
      Tensor("\(name).\(number).\(form)", shape, role)
    }
    self.init(
      input: tensor("input", .matrix(rows: rows, columns: depth), .input),
      weight: tensor(
        "weight",
        has("TRANSPOSED")
          ? .matrix(rows: depth, columns: columns) : .matrix(rows: columns, columns: depth),
        .parameter),
      transposed: has("TRANSPOSED"),
      bias: has("BIAS") ? tensor("bias", .vector(columns), .parameter) : nil,
      activation: Activation(rawValue: form % Self.formParts[0].value) ?? .identity,
      derivativeAt: has("DERIVATIVE")
        ? tensor("at", .matrix(rows: rows, columns: columns), .input) : nil,
      accumulates: has("ACCUMULATES"), output: output)
  }

  private static func part(_ name: String) -> Int {
    formParts.first { $0.name == name }?.value ?? 0
  }
}
