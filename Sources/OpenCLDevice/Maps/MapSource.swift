import Compute

/// The OpenCL C of one map: a function that takes a block of rows through its formulas.
///
/// Where the map takes the sums of products, a strip of columns is multiplied for all rows of the block,
/// and each row's share of it mapped before the next strip.
struct MapSource {
  private let signature: MapSignature
  private let number: Int
  private var body: MapBody
  private let sums: [(output: Int, sum: RowSum)]
  /// For each output and then each softplus argument, the formula's position in the body.
  private var positions = Positions()

  private struct Positions {
    /// By output: the element, or what is left of the sum.
    var values: [Int: Int] = [:]
    var added: [Int: [Int]] = [:]
    var subtracted: [Int: [Int]] = [:]
  }

  /// - Parameters:
  ///   - signature: The map.
  ///   - number: Its number among those that are compiled together.
  init(_ signature: MapSignature, number: Int) {
    self.signature = signature
    self.number = number
    var formulas: [Formula] = []
    var positions = Positions()
    func add(_ formula: Formula) -> Int {
      formulas.append(formula)
      return formulas.count - 1
    }
    var sums: [(output: Int, sum: RowSum)] = []
    for (output, formula) in signature.formulas.enumerated() {
      guard case .sum = signature.outputs[output] else {
        positions.values[output] = add(formula)
        continue
      }
      let sum = RowSum(formula)
      sums.append((output, sum))
      if let rest = sum.rest { positions.values[output] = add(rest) }
      positions.added[output] = sum.added.map(add)
      positions.subtracted[output] = sum.subtracted.map(add)
    }
    self.sums = sums
    self.positions = positions
    body = MapBody(formulas)
  }

  /// An operand of the descriptor.
  private func operand(_ index: Int) -> String { "d->operands[\(index)]" }

  private func output(_ index: Int) -> String { operand(signature.inputs.count + index) }

  /// A row's running values: its totals, and the products of factors.
  private var accumulators: [(name: String, start: String)] {
    sums.flatMap { output, sum -> [(name: String, start: String)] in
      var result: [(name: String, start: String)] = []
      result.append(("total\(output)", "0.0f"))
      if !sum.added.isEmpty { result.append(("added\(output)", "1.0f")) }
      if !sum.subtracted.isEmpty { result.append(("subtracted\(output)", "1.0f")) }
      return result
    }
  }

  // MARK: The whole

  mutating func function() -> String {
    if signature.isOfVectors { return overVectors() }
    return signature.productCount == 0 ? overRows() : overProducts()
  }

  private mutating func overVectors() -> String {
    var lines = [
      "static void run_map_\(number)(const context *c, const descriptor *d, int begin, int end) {"
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
    for (index, position) in positions.values.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "    store_span(\(body.value(of: position)), base_of(c, \(output(index))) + row, count);")
    }
    return (lines + ["  }", "}"]).joined(separator: "\n")
  }

  private mutating func overRows() -> String {
    var lines = [
      "static void run_map_\(number)(const context *c, const descriptor *d, int begin, int end) {"
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
      "static void run_map_\(number)(const context *c, __global const descriptor *products,",
      "                          const descriptor *d, int begin, int end) {",
      "  real sums[\(products)][MOST_BLOCK_ROWS];",
    ]
    for accumulator in running {
      lines.append("  real \(accumulator.name)[MOST_BLOCK_ROWS];")
      lines.append(
        "  for (int row = begin; row < end; row++) \(kept(accumulator.name)) = "
          + "(real)(\(accumulator.start));")
    }
    lines.append("  for (int chunk = 0; chunk < CHUNKS(d->columns); chunk++) {")
    lines.append("    for (int p = 0; p < \(products); p++) {")
    lines.append("      const descriptor product = products[p];")
    lines.append("      multiply_strip(c, &product, chunk, begin, end, sums[p]);")
    lines.append("    }")
    lines += beginShared().map { "    " + $0 }
    lines.append("    for (int row = begin; row < end; row++) {")
    lines += (rowValues() + chunk(kept) + nextShared()).map { "      " + $0 }
    lines.append("    }")
    lines.append("  }")
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

  /// What is the same all along a row.
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
      case .product(let product): lines.append("real i\(index) = sums[\(product)][row - begin];")
      case .rowValue, .single: break
      }
    }
    // Factors may need exponentials that no formula asked for.
    var factors: [(name: String, value: String)] = []
    for (output, _) in sums {
      for position in positions.added[output] ?? [] {
        factors.append(("added\(output)", body.factor(of: position)))
      }
      for position in positions.subtracted[output] ?? [] {
        factors.append(("subtracted\(output)", body.factor(of: position)))
      }
    }
    lines += body.statements
    for (index, form) in signature.outputs.enumerated() {
      guard let position = positions.values[index] else { continue }
      let value = "with_padding(\(body.value(of: position)), chunk, d->columns, 0.0f)"
      if form == .element {
        lines.append("store(c, \(output(index)), row, chunk, \(value));")
      } else {
        lines.append("\(kept("total\(index)")) += \(value);")
      }
    }
    for factor in factors {
      lines.append(
        "\(kept(factor.name)) *= with_padding(\(factor.value), chunk, d->columns, 1.0f);")
    }
    return lines + flushes(kept)
  }

  /// Products of factors become sums of logarithms before they overflow.
  private func flushes(_ kept: (String) -> String) -> [String] {
    let names = accumulators.map(\.name).filter { !$0.hasPrefix("total") }
    guard !names.isEmpty else { return [] }
    let most = sums.map { max($0.sum.added.count, $0.sum.subtracted.count) }.max() ?? 1
    var lines = ["if (IS_END_OF_FACTORS(chunk, \(most))) {"]
    for name in names {
      let (total, sign) = total(of: name)
      lines.append("  \(kept(total)) \(sign)= log_full(\(kept(name)));")
      lines.append("  \(kept(name)) = (real)(1.0f);")
    }
    return lines + ["}"]
  }

  /// The total that a product of factors goes into, and with which sign.
  private func total(of name: String) -> (name: String, sign: String) {
    name.hasPrefix("added")
      ? ("total\(name.dropFirst("added".count))", "+")
      : ("total\(name.dropFirst("subtracted".count))", "-")
  }

  /// What becomes of a row's totals.
  private func ends(_ kept: (String) -> String) -> [String] {
    sums.map { index, sum in
      var total = kept("total\(index)")
      if !sum.added.isEmpty { total += " + log_full(\(kept("added\(index)")))" }
      if !sum.subtracted.isEmpty { total += " - log_full(\(kept("subtracted\(index)")))" }
      var value = "group_sum(\(total), c->scratch)"
      if sum.constant != 0 {
        value += " + (float)d->columns * \(MapBody.literal(sum.constant))"
      }
      let isColumn = signature.outputs[index] == .sum(isColumn: true)
      return "\(isColumn ? "store_single" : "store_value")(c, \(output(index)), row, \(value));"
    }
  }
}
