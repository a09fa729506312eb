import Compute

/// The OpenCL C of one map: a function that takes a block of rows through its formulas.
///
/// If the map takes the sums of products, a strip of columns is multiplied for all rows of the
/// block, and each row's share of it mapped before the next strip.
struct MapSource {
  private let signature: MapSignature
  private let number: Int
  private var body: MapBody
  /// The outputs that are sums, each with what is added for every column.
  private var sums: [(output: Int, constant: Double)] = []
  /// By output, the position in the body of its element, or of what is left of its sum.
  private var values: [Int: Int] = [:]
  private var factors: [Factors] = []

  /// A running product of 1 + e^-|a| for some arguments a, whose logarithm goes into a sum.
  private struct Factors {
    let output: Int
    let sign: String
    /// Their positions in the body.
    let arguments: [Int]

    var name: String { (sign == "+" ? "added" : "subtracted") + "\(output)" }
  }

  /// - Parameter number: The map's number among those that are compiled together.
  init(_ signature: MapSignature, number: Int) {
    self.signature = signature
    self.number = number
    var formulas: [Formula] = []
    func add(_ formula: Formula) -> Int {
      formulas.append(formula)
      return formulas.count - 1
    }
    for (output, formula) in signature.formulas.enumerated() {
      guard case .sum = signature.outputs[output] else {
        values[output] = add(formula)
        continue
      }
      let sum = RowSum(formula)
      sums.append((output, sum.constant))
      if let rest = sum.rest { values[output] = add(rest) }
      for (sign, arguments) in [("+", sum.added), ("-", sum.subtracted)] where !arguments.isEmpty {
        factors.append(Factors(output: output, sign: sign, arguments: arguments.map(add)))
      }
    }
    body = MapBody(formulas)
  }

  /// An operand of the descriptor.
  private func operand(_ index: Int) -> String { "d->operands[\(index)]" }

  private func output(_ index: Int) -> String { operand(signature.inputs.count + index) }

  /// A row's running values: its totals, and the products of factors.
  private var accumulators: [(name: String, start: String)] {
    sums.map { ("total\($0.output)", "0.0f") } + factors.map { ($0.name, "1.0f") }
  }

  // MARK: The whole

  mutating func function() -> String {
    if signature.isOfVectors { return overVectors() }
    return signature.productCount == 0 ? overRows() : overProducts()
  }

  private mutating func overVectors() -> String {
    var lines = [
      "ROUTINE void run_map_\(number)(const context *c, const descriptor *d, int begin, int end,",
      "                          __local float *scratch) {",
    ]
    lines.append("  FOR_SPANS(first, end - begin) {")
    lines.append("    int row = begin + first;")
    lines.append("    int count = end - row;")
    for (index, input) in signature.inputs.enumerated() {
      let value =
        input == .single
        ? "(real)(load_value(c, \(operand(index)), 0))"
        : "load_span(base_of(c, \(operand(index))) + row, count)"
      lines.append("    real i\(index) = \(value);")
    }
    lines += body.statements.map { "    " + $0 }
    for (index, position) in values.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "    store_span(\(body.value(of: position)), base_of(c, \(output(index))) + row, count);")
    }
    return (lines + ["  }", "}"]).joined(separator: "\n")
  }

  private mutating func overRows() -> String {
    var lines = [
      "ROUTINE void run_map_\(number)(const context *c, const descriptor *d, int begin, int end,",
      "                          __local float *scratch) {",
    ]
    lines += beginShared().map { "  " + $0 }
    lines.append("  for (int row = begin; row < end; row++) {")
    lines += rowValues().map { "    " + $0 }
    lines += accumulators.map { "    real \($0.name) = (real)(\($0.start));" }
    lines.append("    FOR_CHUNKS(chunk, d->columns) {")
    lines += chunk { $0 }.map { "      " + $0 }
    lines.append("    }")
    lines += ends { $0 }.map { "    " + $0 }
    lines += nextShared().map { "    " + $0 }
    return (lines + ["  }", "}"]).joined(separator: "\n")
  }

  private mutating func overProducts() -> String {
    let products = signature.productCount
    let running = accumulators
    func kept(_ name: String) -> String { "\(name)[row - begin]" }
    var lines = [
      "ROUTINE void run_map_\(number)(const context *c, __global const descriptor *products,",
      "                          const descriptor *d, int begin, int end,",
      "                          __local float *scratch) {",
      "  real sums[\(products)][STRIPS][MOST_BLOCK_ROWS];",
    ]
    for accumulator in running {
      lines.append("  real \(accumulator.name)[MOST_BLOCK_ROWS];")
      lines.append(
        "  for (int row = begin; row < end; row++) \(kept(accumulator.name)) = "
          + "(real)(\(accumulator.start));")
    }
    lines.append("  for (int first = 0; first < CHUNKS(d->columns); first += STRIPS) {")
    lines.append("    int strips = 0;")
    lines.append("    for (int p = 0; p < \(products); p++) {")
    lines.append("      const descriptor product = products[p];")
    lines.append("      strips = multiply_strips(c, &product, first, begin, end, sums[p]);")
    lines.append("    }")
    lines.append("    for (int chunk = first; chunk < first + strips; chunk++) {")
    lines += beginShared().map { "      " + $0 }
    lines.append("      for (int row = begin; row < end; row++) {")
    lines += (rowValues() + chunk(kept) + nextShared()).map { "        " + $0 }
    lines += ["      }", "    }", "  }"]
    if !sums.isEmpty {
      lines.append("  for (int row = begin; row < end; row++) {")
      lines += ends(kept).map { "    " + $0 }
      lines.append("  }")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  // MARK: Parts

  /// The inputs whose rows some rows share.
  private var shared: [Int] {
    signature.inputs.indices.filter {
      switch signature.inputs[$0] {
      case .element(let isShared), .rowValue(let isShared): isShared
      case .columnValue, .single, .product: false
      }
    }
  }

  private func beginShared() -> [String] {
    shared.map { "shared_row s\($0) = begin_shared(\(operand($0)), begin);" }
  }

  private func nextShared() -> [String] {
    shared.map { "s\($0) = next_shared(s\($0), \(operand($0)));" }
  }

  private func row(_ index: Int) -> String { shared.contains(index) ? "s\(index).row" : "row" }

  /// The declarations of values that are the same all along a row.
  private func rowValues() -> [String] {
    signature.inputs.indices.compactMap { index in
      switch signature.inputs[index] {
      case .rowValue:
        "real i\(index) = (real)(load_value(c, \(operand(index)), \(row(index))));"
      case .single: "real i\(index) = (real)(load_value(c, \(operand(index)), 0));"
      case .element, .columnValue, .product: nil
      }
    }
  }

  /// One chunk of a row: loads, formulas, stores, and what is added up.
  private mutating func chunk(_ kept: (String) -> String) -> [String] {
    var lines: [String] = []
    for (index, input) in signature.inputs.enumerated() {
      switch input {
      case .element:
        lines.append("real i\(index) = load(c, \(operand(index)), \(row(index)), chunk);")
      case .columnValue:
        lines.append("real i\(index) = load_real(base_of(c, \(operand(index))) + chunk * LANES);")
      case .product(let product):
        lines.append("real i\(index) = sums[\(product)][chunk - first][row - begin];")
      case .rowValue, .single: break
      }
    }
    // Factors may need exponentials that no formula asked for.
    var products: [String] = []
    for factors in factors {
      for argument in factors.arguments {
        products.append(
          "\(kept(factors.name)) *= "
            + "with_padding(\(body.factor(of: argument)), chunk, d->columns, 1.0f);")
      }
    }
    lines += body.statements
    for (index, form) in signature.outputs.enumerated() {
      guard let position = values[index] else { continue }
      let value = "with_padding(\(body.value(of: position)), chunk, d->columns, 0.0f)"
      if form == .element {
        lines.append("store(c, \(output(index)), row, chunk, \(value));")
      } else {
        lines.append("\(kept("total\(index)")) += \(value);")
      }
    }
    return lines + products + flushes(kept)
  }

  /// Products of factors become sums of logarithms before they overflow.
  private func flushes(_ kept: (String) -> String) -> [String] {
    guard let most = factors.map(\.arguments.count).max() else { return [] }
    var lines = ["if (IS_END_OF_FACTORS(chunk, \(most))) {"]
    for factors in factors {
      let name = kept(factors.name)
      lines.append("  \(kept("total\(factors.output)")) \(factors.sign)= log_full(\(name));")
      lines.append("  \(name) = (real)(1.0f);")
    }
    return lines + ["}"]
  }

  /// The statements that turn a row's totals into its results.
  private func ends(_ kept: (String) -> String) -> [String] {
    sums.map { index, constant in
      var total = kept("total\(index)")
      for factors in factors where factors.output == index {
        total += " \(factors.sign) log_full(\(kept(factors.name)))"
      }
      var value = "group_sum(\(total), scratch)"
      if constant != 0 { value += " + (float)d->columns * \(MapBody.literal(constant))" }
      let isColumn = signature.outputs[index] == .sum(isColumn: true)
      return "\(isColumn ? "store_single" : "store_value")(c, \(output(index)), row, \(value));"
    }
  }
}
