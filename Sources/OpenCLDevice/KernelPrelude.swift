import Compute

/// The constants that Swift and the kernels share, written as OpenCL C from their one declaration.
enum KernelPrelude {
  static let text: String = {
    var lines = [
      "#define OPERANDS \(Descriptor.operandCount)", "#define COUNTS \(Descriptor.countCount)",
      "#define CONSTANTS \(Descriptor.constantCount)",
      "#define ARENA_MARGIN \(Arena.margin)",
      "#define COEFFICIENT_COLUMNS \(AccumulateWeights.maximumCoefficients)",
      "#define NORMALIZED_CHUNKS \(LaunchSequence.normalizedChunks)",
      "#define TRIANGLE_UNITS \(Triangle.maximumUnits)",
      "#define CONTROL_FIELDS \(Control.fields.map { "\($0) \($1);" }.joined(separator: " "))",
      "#define ARENA_NAMES \(arenas.joined(separator: ", "))",
      "#define ARENA_ARGUMENTS "
        + arenas.map { "__global float *\($0)" }.joined(separator: ", "),
      "#define ARENA_FIELDS \(arenas.map { "__global float *\($0);" }.joined(separator: " "))",
      "#define ARENAS_OF(c) \(arenas.map { "(c)->\($0)" }.joined(separator: ", "))",
      "#define ARENA_OF(number) \(choice)",
    ]
    lines += Descriptor.Kind.all.map { "#define KIND_\($0.kernelName.uppercased()) \($0.code)" }
    lines += codes("ACTIVATION", Activation.allCases)
    lines += codes("BINARIZATION", Binarization.allCases)
    lines += codes("CLASSES", Classes.Result.allCases)
    lines += codes("DISTRIBUTION", Noise.Distribution.allCases)
    lines += codes("RELAY_FORM", Relay.Form.allCases)
    lines.append("#define FORM_ACTIVATION(form) ((form) & \(Multiply.formParts[0].value - 1))")
    lines += Multiply.formParts.map { "#define FORM_\($0.name) \($0.value)" }
    lines.append("#define PURPOSE_BINARIZATION \(NoisePurpose.binarization.code)u")
    lines.append("#define PURPOSE_RESAMPLING \(NoisePurpose.resampling.code)u")
    for kind in Descriptor.Kind.all { lines += accessors(kind.kernelName, kind.names) }
    lines += fields("bound", Estimate.boundFields) + fields("column", CoefficientRule.fields)
    return lines.joined(separator: "\n") + "\n"
  }()

  /// The arenas as kernels' arguments call them.
  private static let arenas = ArenaKind.allCases.map { "\($0)".snakeCase }

  /// The expression that chooses among the arenas by comparing their numbers.
  private static let choice: String = {
    let others = zip(arenas, ArenaKind.allCases).dropLast().map { name, kind in
      "(number) == \(kind.rawValue) ? \(name) : "
    }
    return "(\(others.joined())\(arenas.last ?? ""))"
  }()

  /// The macros by which a kernel names what its descriptor holds.
  private static func accessors(_ name: String, _ names: KernelNames) -> [String] {
    var lines: [String] = []
    for (index, operand) in names.operands.enumerated() {
      lines.append("#define \(name)_\(operand)(d) ((d)->operands[\(index)])")
    }
    for (index, count) in names.counts.enumerated() {
      lines.append("#define \(name)_\(count)(d) ((d)->counts[\(index)])")
    }
    var first = 0
    for constant in names.constants {
      let place = constant.count == 1 ? "[\(first)]" : " + \(first)"
      lines.append("#define \(name)_\(constant.name)(d) ((d)->constants\(place))")
      first += constant.count
    }
    return lines
  }

  /// The macros that name the fields of a rule.
  private static func fields(_ name: String, _ fields: [String]) -> [String] {
    fields.enumerated().map { "#define \(name)_\($1)(rule) ((rule)[\($0)])" }
  }

  private static func codes<Value: RawRepresentable>(
    _ prefix: String, _ values: [Value]
  ) -> [String] where Value.RawValue == Int {
    values.map { "#define \(prefix)_\(upper("\($0)")) \($0.rawValue)" }
  }

  private static func upper(_ name: String) -> String { name.snakeCase.uppercased() }
}

extension String {
  /// `firstMoments` as `first_moments`.
  var snakeCase: String {
    reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
  }
}
