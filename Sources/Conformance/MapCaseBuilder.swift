import Compute

/// The distribution of an operand of a map's case.
enum MapValues {
  case normal(scale: Float = 1)
  case uniform(ClosedRange<Float>)
  /// Evenly up to a size either way, both extremes among them.
  case spread(Float)
  /// Zeros and ones.
  case bits
  /// Whole numbers from 0 to one less than this.
  case counts(Float)
  /// These, again and again.
  case cycle([Float])

  func numbers(_ count: Int, _ inputs: inout CaseInputs) -> [Float] {
    switch self {
    case .normal(let scale): return inputs.normals(count, scale: scale)
    case .uniform(let range):
      let width = range.upperBound - range.lowerBound
      return inputs.uniforms(count).map { range.lowerBound + width * $0 }
    case .spread(let largest):
      var numbers = inputs.uniforms(count).map { largest * (2 * $0 - 1) }
      numbers[0] = largest
      numbers[count - 1] = -largest
      return numbers
    case .bits: return inputs.bits(count)
    case .counts(let bound): return inputs.uniforms(count).map { ($0 * bound).rounded(.down) }
    case .cycle(let numbers): return (0..<count).map { numbers[$0 % numbers.count] }
    }
  }
}

/// Collects the operands and the results of a case of one map. Operands come back as the formulas
/// that stand for them.
struct MapCaseBuilder {
  var build: CaseBuilder
  let size: RowSize
  private let shape: Shape
  private var inputs: [Tensor] = []
  private var results: [Map.Result] = []
  private var layerInputs: [Int: Tensor] = [:]

  /// - Parameter isOfVectors: True if rows are all there is.
  init(_ name: String, _ size: RowSize, isOfVectors: Bool = false, _ seed: UInt64) {
    build = CaseBuilder("map(\(name),\(size.text))", seed: seed)
    build.control.klWeight = 0.6
    self.size = size
    shape = isOfVectors ? .vector(size.rows) : size.shape
  }

  // MARK: Operands

  /// An element of each row.
  mutating func element(_ name: String, _ values: MapValues = .normal()) -> Formula {
    input(name, size.shape, values)
  }

  /// An element of each image's row, which its samples share.
  mutating func shared(_ name: String, _ values: MapValues = .normal()) -> Formula {
    input(name, size.sharedShape, values)
  }

  /// A value of each row.
  mutating func row(_ name: String, _ values: MapValues = .normal()) -> Formula {
    input(name, .vector(size.rows), values)
  }

  /// A value of each image, which its samples share.
  mutating func image(_ name: String, _ values: MapValues = .normal()) -> Formula {
    input(name, .vector(size.images), values)
  }

  /// A parameter for each column.
  mutating func column(_ name: String, _ values: MapValues = .normal()) -> Formula {
    parameter(name, size.columns, values)
  }

  /// A parameter of one value.
  mutating func single(_ name: String, _ values: MapValues = .normal()) -> Formula {
    parameter(name, 1, values)
  }

  /// Reads the result of an operation before the map.
  mutating func read(_ tensor: Tensor) -> Formula {
    inputs.append(tensor)
    return tensor.value
  }

  private mutating func input(_ name: String, _ shape: Shape, _ values: MapValues) -> Formula {
    let numbers = values.numbers(shape.count, &build.inputs)
    return read(build.input(name, shape, numbers))
  }

  private mutating func parameter(_ name: String, _ count: Int, _ values: MapValues) -> Formula {
    let tensor = build.parameter(name, .vector(count))
    build.set(tensor, values.numbers(count, &build.inputs))
    return read(tensor)
  }

  // MARK: Results

  /// A formula's derivative by an operand.
  func slope(of formula: Formula, by operand: Formula) -> Formula {
    guard case .variable(let name) = operand.operation else {
      preconditionFailure("only variables have derivatives by them")
    }
    return checked(build.name) { try formula.derivative(by: name) }
  }

  /// A result with an element for each of a row, or a value for each row where rows are all there is.
  mutating func result(
    _ name: String, _ formula: Formula, _ tolerance: Tolerance = .elementwise,
    termSize: Double = 0
  ) {
    results.append(
      .init(formula, into: build.output(name, shape, tolerance, termSize: termSize)))
  }

  /// A sum over each row of terms of a size: a vector, or a matrix of one column.
  mutating func sum(
    _ name: String, of formula: Formula, termSize: Double = 0, limit: Int = 0,
    asMatrix: Bool = false
  ) {
    let tensor = build.output(
      name, asMatrix ? .matrix(rows: size.rows, columns: 1) : .vector(size.rows),
      .sums(of: max(size.columns, limit)),
      termSize: termSize * Double(size.columns).squareRoot())
    results.append(.init(sumOf: formula, into: tensor))
  }

  /// An element that a result is to replace.
  mutating func state(_ name: String, _ values: MapValues = .normal()) -> Formula {
    read(build.state(name, shape, values.numbers(shape.count, &build.inputs)))
  }

  /// A layer before the map, with sums of so many terms; its output is temporary.
  mutating func product(
    _ name: String, depth: Int, scale: Float, activation: Activation = .identity
  ) -> Formula {
    let output = Tensor(name, size.shape, .temporary)
    let weights = Shape.matrix(rows: size.columns, columns: depth)
    build.append(
      .multiply(
        Multiply(
          input: layerInput(depth),
          weight: build.parameter("\(name).weight", weights, scale: scale),
          bias: build.parameter("\(name).bias", .vector(size.columns), scale: scale),
          activation: activation, output: output)))
    return read(output)
  }

  /// The input that all layers of so many inputs share.
  private mutating func layerInput(_ depth: Int) -> Tensor {
    if let known = layerInputs[depth] { return known }
    let tensor = build.input("input\(depth)", .matrix(rows: size.rows, columns: depth))
    layerInputs[depth] = tensor
    return tensor
  }

  /// A result in the place of an operand.
  mutating func replace(
    _ operand: Formula, by formula: Formula, _ tolerance: Tolerance = .elementwise,
    termSize: Double = 0
  ) {
    guard let tensor = inputs.first(where: { $0.value == operand }) else {
      preconditionFailure("only an operand can be replaced")
    }
    build.check(tensor, tolerance, termSize: termSize)
    results.append(.init(formula, into: tensor))
  }

  /// A result that only operations after the map read.
  mutating func temporary(_ name: String, _ formula: Formula) -> Formula {
    let tensor = Tensor(name, size.shape, .temporary)
    results.append(.init(formula, into: tensor))
    return read(tensor)
  }

  // MARK: The case

  /// Ends the map; what is added from here on belongs to another, which may read the same operands.
  mutating func close() {
    build.append(.map(Map(results, reading: inputs)))
    results = []
  }

  mutating func finish() -> ConformanceCase {
    close()
    return build.build()
  }
}

extension Tolerance {
  /// A few roundings and a function or two, each as exact as OpenCL asks: `exp` and `log` to three
  /// units in the last place.
  static let elementwise = Tolerance.sums(of: 4)
  /// Powers, which OpenCL asks to be exact to sixteen units.
  static let power = Tolerance.sums(of: 64)
  /// Functions of the gamma family, of which OpenCL asks nothing.
  static let gamma = Tolerance.sums(of: 16)
}

extension Formula {
  var squared: Formula { self * self }
}
