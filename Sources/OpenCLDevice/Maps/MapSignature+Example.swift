import Compute

extension MapSignature {
  /// A small program whose only map has this signature: three samples of each of two images.
  var example: Program {
    let size = ExampleSize()
    let operands = inputs.enumerated().map { size.tensor("i\($0)", for: $1) }
    let products = zip(inputs, operands).compactMap { input, tensor in
      if case .product(let number) = input { (number, tensor) } else { nil }
    }
    let results = zip(outputs, formulas).enumerated().map { index, result in
      let tensor = size.tensor("o\(index)", for: result.0, isOfVectors: isOfVectors)
      return result.0 == .element
        ? Map.Result(result.1, into: tensor) : Map.Result(sumOf: result.1, into: tensor)
    }
    var builder = ProgramBuilder("a map")
    do {
      for (_, tensor) in products.sorted(by: { $0.0 < $1.0 }) {
        try builder.append(.multiply(size.product(into: tensor)))
      }
      try builder.append(.map(Map(results, reading: operands)))
    } catch {
      preconditionFailure("a map that was compiled cannot be built: \(error)")
    }
    return builder.build()
  }
}

/// The sizes of an example, none of them a multiple of another's strip.
private struct ExampleSize {
  let images = 2
  let rows = 6
  let columns = 37
  let depth = 5

  func tensor(_ name: String, for input: MapSignature.Input) -> Tensor {
    switch input {
    case .element(let isShared):
      Tensor(name, .matrix(rows: isShared ? images : rows, columns: columns), .input)
    case .rowValue(let isShared): Tensor(name, .vector(isShared ? images : rows), .input)
    case .columnValue: Tensor(name, .vector(columns), .parameter)
    case .single: Tensor(name, .vector(1), .parameter)
    case .product: Tensor(name, .matrix(rows: rows, columns: columns), .temporary)
    }
  }

  func tensor(
    _ name: String, for output: MapSignature.Output, isOfVectors: Bool
  ) -> Tensor {
    switch output {
    case .element where isOfVectors: Tensor(name, .vector(rows), .output)
    case .element: Tensor(name, .matrix(rows: rows, columns: columns), .output)
    case .sum(isColumn: true): Tensor(name, .matrix(rows: rows, columns: 1), .output)
    case .sum(isColumn: false): Tensor(name, .vector(rows), .output)
    }
  }

  /// The product of inputs that all products share.
  func product(into output: Tensor) -> Multiply {
    Multiply(
      input: Tensor("inputs", .matrix(rows: rows, columns: depth), .input),
      weight: Tensor("\(output.name).weight", .matrix(rows: columns, columns: depth), .parameter),
      output: output)
  }
}
