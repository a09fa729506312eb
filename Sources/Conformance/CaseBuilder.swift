import Compute

/// Collects the tensors, inputs and checks of one case.
struct CaseBuilder {
  let name: String
  var inputs: CaseInputs
  var control: Control
  var runs = 1
  /// Without guards, devices may leave out temporaries.
  var protection = Protection.guarded
  private var operations: [Compute.Operation] = []
  private var shared: [Tensor] = []
  private var values: [Tensor: HostValues] = [:]
  private var checks: [ConformanceCase.Check] = []

  init(_ name: String, seed: UInt64) {
    self.name = name
    inputs = CaseInputs(case: name, seed: seed)
    control = Control()
    control.seed = seed
    control.step = 3
    control.pass = 2
    control.sampleOffset = 11
    control.klWeight = 0.75
  }

  private mutating func add(
    _ name: String, _ shape: Shape, _ role: Role, _ content: HostValues
  ) -> Tensor {
    let tensor = Tensor(name, shape, role, element: content.element)
    if role != .input { shared.append(tensor) }
    values[tensor] = content
    return tensor
  }

  /// An input with given values.
  mutating func input(_ name: String, _ shape: Shape, _ floats: [Float]) -> Tensor {
    add(name, shape, .input, .floats(floats))
  }

  /// An input of normal numbers.
  mutating func input(_ name: String, _ shape: Shape, scale: Float = 1) -> Tensor {
    input(name, shape, inputs.normals(shape.count, scale: scale))
  }

  /// An input of words.
  mutating func words(_ name: String, _ words: [UInt32]) -> Tensor {
    add(name, .vector(words.count), .input, .words(words))
  }

  /// The indices of images in their data set: not consecutive, and large ones too.
  mutating func imageIndices(_ count: Int) -> Tensor {
    words("indices", (0..<count).map { UInt32($0) &* 2_654_435_761 })
  }

  mutating func parameter(_ name: String, _ shape: Shape, scale: Float = 1) -> Tensor {
    add(name, shape, .parameter, .floats(inputs.normals(shape.count, scale: scale)))
  }

  mutating func resident(_ name: String, _ shape: Shape, _ content: HostValues) -> Tensor {
    add(name, shape, .resident, content)
  }

  mutating func state(_ name: String, _ shape: Shape, _ floats: [Float]) -> Tensor {
    add(name, shape, .state, .floats(floats))
  }

  /// An accumulator of normal numbers, or of NaN where what it holds must not matter.
  mutating func accumulator(_ name: String, _ shape: Shape, _ isNaN: Bool) -> Tensor {
    add(
      name, shape, .accumulator,
      .floats(isNaN ? Array(repeating: .nan, count: shape.count) : inputs.normals(shape.count)))
  }

  /// Gives a gradient or a moment values of its own.
  mutating func set(_ tensor: Tensor, _ floats: [Float]) {
    values[tensor] = .floats(floats)
  }

  /// An output that is compared.
  mutating func output(
    _ name: String, _ shape: Shape, _ tolerance: Tolerance, element: Element = .float32,
    termSize: Double = 0
  ) -> Tensor {
    let tensor = Tensor(name, shape, .output, element: element)
    check(tensor, tolerance, termSize: termSize)
    return tensor
  }

  mutating func check(_ tensor: Tensor, _ tolerance: Tolerance, termSize: Double = 0) {
    checks.append(.init(tensor: tensor, tolerance: tolerance, termSize: termSize))
  }

  mutating func append(_ operation: Compute.Operation) {
    operations.append(operation)
  }

  /// The finished case.
  func build() -> ConformanceCase {
    return ConformanceCase(
      name: name, program: .checked(name, operations), shared: shared, values: values,
      control: control,
      checks: checks, runs: runs, protection: protection)
  }
}

extension Program {
  /// A program of ours, in which an operation whose shapes do not fit is a bug.
  static func checked(_ name: String, _ operations: [Compute.Operation]) -> Program {
    var builder = ProgramBuilder(name)
    Conformance.checked(name) { for operation in operations { try builder.append(operation) } }
    return builder.build()
  }
}

/// A part of a case of ours, named for the message: one that cannot be built is a bug.
func checked<Value, Failure: Error>(
  _ name: @autoclosure () -> String, _ build: () throws(Failure) -> Value
) -> Value {
  do throws(Failure) {
    return try build()
  } catch {
    fatalError("\(name()) cannot be built: \(error)")
  }
}
