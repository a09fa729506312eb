import Testing

@testable import Compute

@Suite struct ProgramTests {
  let input = Tensor("x", .matrix(rows: 4, columns: 3), .input)
  let weight = Tensor("w", .matrix(rows: 2, columns: 3), .parameter)
  let output = Tensor("y", .matrix(rows: 4, columns: 2), .output)

  private func error(_ operation: Compute.Operation) -> String {
    var builder = ProgramBuilder("test")
    do throws(ProgramError) {
      try builder.append(operation)
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test func shapesThatDoNotFitAreNamed() {
    let wide = Tensor("wide", .matrix(rows: 4, columns: 5), .input)
    #expect(
      error(.multiply(Multiply(input: wide, weight: weight, output: output)))
        == "multiply: expected 'wide' to have shape [4, 3], found [4, 5].")
    #expect(
      error(.multiply(Multiply(input: input, weight: weight, transposed: true, output: output)))
        == "multiplyTransposed: expected 'x' to have shape [4, 2], found [4, 3].")
    let drawn = Tensor("d", .vector(3), .input, element: .uint32)
    #expect(
      error(.noise(Noise(purpose: .acceptance, indices: drawn, drawn: drawn, output: output)))
        == "noise: expected 'd' to have shape [4], found [3].")
  }

  @Test func trianglesHaveTheirSizes() {
    func solve(units: Int, packed: Int, rows: Int = 2, diagonal: Int = 4) -> String {
      let lower = Tensor("lower", .matrix(rows: rows, columns: packed), .input)
      let form = Triangle.Form.solve(
        lower: lower, diagonal: Tensor("d", .matrix(rows: diagonal, columns: units), .input))
      let shape = Shape.matrix(rows: 4, columns: units)
      return error(
        .triangle(
          Triangle(
            form, input: Tensor("x", shape, .input), output: Tensor("y", shape, .output))))
    }
    #expect(solve(units: 3, packed: 3) == "no error")
    #expect(solve(units: 2, packed: 1, rows: 4, diagonal: 1) == "no error")
    #expect(
      solve(units: 4, packed: 5)
        == "triangleSolve: expected 'lower' to have shape [a divisor of 4, 6], found [2, 5].")
    #expect(solve(units: 4, packed: 6, rows: 3).contains("[a divisor of 4, 6], found [3, 6]"))
    #expect(solve(units: 4, packed: 6, diagonal: 3).contains("'d' to have shape [a divisor of 4"))
    // One unit has nothing below its diagonal, and no tensor is empty.
    #expect(solve(units: 1, packed: 1).contains("'lower' to have shape [a divisor of 4, 0]"))
    #expect(
      solve(units: 513, packed: 131_328)
        == "triangleSolve: expected a triangle of 2 to 512 units, found 513.")
    let state = Tensor("s", .matrix(rows: 4, columns: 3), .state)
    #expect(
      error(.triangle(Triangle(.product(lower: state), input: state, output: state)))
        == "triangleProduct: the output cannot replace what it is computed from.")
    let packed = Tensor("p", .matrix(rows: 4, columns: 4), .output)
    #expect(
      error(.triangle(Triangle(.outer(factor: input), input: input, output: packed)))
        == "triangleOuter: expected 'p' to have shape [4, 3], found [4, 4].")
  }

  @Test func classesDivideTheLogits() {
    func classes(
      _ result: Classes.Result = .logDensity, count: Int = 3, rows: Int = 2, columns: Int = 1
    ) -> String {
      let data = Tensor("d", .matrix(rows: rows, columns: columns), .input)
      return error(
        .classes(
          Classes(
            result, logits: input, count: count, data: data,
            output: Tensor("y", .vector(4), .output))))
    }
    #expect(classes() == "no error")
    #expect(
      classes(count: 2)
        == "classes: expected the 3 columns of 'x' to be divided among 2 classes.")
    #expect(classes(rows: 3).contains("'d'") && classes(columns: 3).contains("'d'"))
    #expect(classes(.slope).contains("expected 'y' to have shape [4, 3]"))
    #expect(classes(.mean).hasPrefix("classes: "))
  }

  @Test func columnsHaveTheirPlaces() {
    func columns(
      from: Int = 0, count: Int? = nil, to: Int = 0, rows: Int = 4
    ) -> String {
      let output = Tensor("y", .matrix(rows: rows, columns: 5), .output)
      return error(
        .columns(Columns(input: input, from: from, count: count, to: to, output: output)))
    }
    #expect(columns(to: 2) == "no error" && columns(from: 2, to: 4, rows: 12) == "no error")
    #expect(
      columns(from: 1, count: 3)
        == "columns: expected some of the 3 columns of 'x', found 3 from 1 on.")
    #expect(columns(from: 3).contains("found 0 from 3 on"))
    #expect(
      columns(to: 3)
        == "columns: expected room for 3 columns from 3 on among the 5 of 'y'.")
    #expect(columns(from: .max, count: 2).contains("found 2 from"))
    #expect(columns(to: .max).contains("expected room"))
    #expect(
      columns(rows: 6)
        == "columns: expected the 6 rows of 'y' to be divided among the 4 of 'x'.")
    let state = Tensor("s", .matrix(rows: 4, columns: 3), .state)
    #expect(
      error(.columns(Columns(input: state, output: state)))
        == "columns: the output cannot replace the input.")
    let read = Tensor("t", .matrix(rows: 4, columns: 3), .temporary)
    #expect(
      error(.columns(Columns(input: input, accumulates: true, output: read)))
        .contains("columns reads 't' before any operation has written it"))
  }

  @Test func rolesAreChecked() {
    let rows = Tensor("rows", .matrix(rows: 2, columns: 3), .input)
    #expect(
      error(.multiply(Multiply(input: input, weight: rows, output: output)))
        == "multiply: rows are multiplied by transposed, as they lie.")
    let gradient = weight.counterpart(.gradient)
    #expect(
      error(.multiply(Multiply(input: input, weight: gradient, output: output)))
        == "multiply: expected 'w' to be a parameter, input, output, state or temporary, found gradient."
    )
    let square = Tensor("square", .matrix(rows: 4, columns: 3), .parameter)
    #expect(
      error(.multiply(Multiply(input: square, weight: weight, output: output)))
        == "multiply: expected 'square' to be an input, output, state or temporary, found parameter."
    )
    let parameter = Tensor("p", .matrix(rows: 4, columns: 2), .parameter)
    #expect(
      error(.multiply(Multiply(input: input, weight: weight, output: parameter)))
        == "multiply: expected 'p' to be writable by an operation, found parameter.")
  }

  @Test func ordersCoverTheirData() {
    let source = Tensor("data", .matrix(rows: 5, columns: 3), .resident, element: .uint8)
    let order = Tensor("order", .vector(4), .resident, element: .uint32)
    #expect(
      error(
        .gather(
          Gather(
            source: source, order: order,
            batch: Tensor("b", .matrix(rows: 2, columns: 3), .output),
            indices: Tensor("i", .vector(2), .output, element: .uint32))))
        == "gather: expected 'order' to have shape [5], found [4].")
  }

  @Test func theOptimizerComesLast() throws {
    var builder = ProgramBuilder("test")
    try builder.append(.adam(Adam()))
    #expect(throws: ProgramError.self) {
      try builder.append(.multiply(Multiply(input: input, weight: weight, output: output)))
    }
  }

  @Test func elementsAreChecked() {
    let words = Tensor("x", .matrix(rows: 4, columns: 3), .input, element: .uint32)
    #expect(
      error(.multiply(Multiply(input: words, weight: weight, output: output)))
        == "multiply: expected 'x' to hold float32, found uint32.")
  }

  @Test func temporariesAreWrittenBeforeTheyAreRead() {
    let ghost = Tensor("ghost", .matrix(rows: 4, columns: 3), .temporary)
    #expect(
      error(.multiply(Multiply(input: ghost, weight: weight, output: output)))
        .hasPrefix("multiply reads 'ghost' before any operation has written it."))
    #expect(
      error(.multiply(Multiply(input: input, weight: weight, accumulates: true, output: output)))
        .hasPrefix("multiply reads 'y' before any operation has written it."))
  }

  @Test func namesAreUnique() throws {
    var builder = ProgramBuilder("test")
    try builder.append(.multiply(Multiply(input: input, weight: weight, output: output)))
    let other = Tensor("y", .matrix(rows: 4, columns: 2), .temporary)
    #expect(throws: ProgramError.nameTaken(tensor: "y")) {
      try builder.append(.multiply(Multiply(input: input, weight: weight, output: other)))
    }
  }

  @Test func emptyTensorsAreRefused() {
    let empty = Tensor("empty", .matrix(rows: 0, columns: 3), .input)
    #expect(
      error(.multiply(Multiply(input: empty, weight: weight, output: output)))
        == "multiply: expected 'empty' to have shape at least one element, found [0, 3].")
  }

  @Test func numbersAreChecked() {
    let weights = Tensor("lw", .vector(6), .input)
    let bounds = Tensor("b", .vector(2), .output)
    func estimate(groups: Int, samples: Int, temperature: Float) -> Compute.Operation {
      let rule = CoefficientRule(temperature: temperature, linear: 1)
      return .estimate(
        Estimate(
          logWeights: weights, groups: groups, samples: samples,
          rule: EstimatorRule(bound: BoundRule(), decoder: rule, path: rule, score: -rule),
          bounds: bounds))
    }
    #expect(error(estimate(groups: 1, samples: 3, temperature: 1)) == "no error")
    #expect(
      error(estimate(groups: 2, samples: 3, temperature: 1))
        == "estimate: expected 'lw' to have shape [12], found [6].")
    #expect(error(estimate(groups: 0, samples: 3, temperature: 1)).contains("shape [0]"))
    #expect(error(estimate(groups: 1, samples: 3, temperature: 0)).contains("temperatures"))
    #expect(error(.adam(Adam(beta1: 1))).contains("[0, 1)"))
    #expect(error(.adam(Adam(epsilon: 0))).contains("positive epsilon"))
    #expect(error(.adam(Adam(weightDecay: -1))).contains("weight decay of at least 0"))
    for share in [-0.1, 1, .nan] {
      #expect(error(.adam(Adam(averageDecay: share))).contains("themselves in [0, 1)"))
    }
    for limit in [0, -1, Float.nan, .infinity] {
      #expect(error(.clip(Clip(limit: limit))).contains("limit above 0"))
    }
    #expect(error(.adam(Adam(weightDecay: .nan))).contains("weight decay of at least 0"))
  }

  @Test func lifetimesRunFromFirstToLastUse() throws {
    let middle = Tensor("m", .matrix(rows: 4, columns: 2), .temporary)
    let square = Tensor("s", .matrix(rows: 2, columns: 2), .parameter)
    var builder = ProgramBuilder("test")
    try builder.append(.multiply(Multiply(input: input, weight: weight, output: middle)))
    try builder.append(.multiply(Multiply(input: middle, weight: square, output: output)))
    try builder.append(
      .sum(
        Sum(input: middle, output: Tensor("z", .matrix(rows: 2, columns: 2), .output))))
    #expect(builder.build().lifetimes() == [middle: 0...2])
  }

  @Test func noiseHasOneAddressForEachNumber() {
    func noise(_ purpose: NoisePurpose, images: Int) -> Compute.Operation {
      let indices = Tensor("i", .vector(images), .input, element: .uint32)
      return .noise(Noise(purpose: purpose, indices: indices, output: output))
    }
    #expect(error(noise(.latent(layer: 239), images: 2)) == "no error")
    #expect(
      error(noise(.acceptance, images: 3))
        == "noise: expected the 4 samples to be divided among 3 images.")
    #expect(
      error(noise(.latent(layer: 240), images: 2))
        == "noise: expected a layer from 0 to 239, found 240.")
  }

  @Test func costCountsArithmetic() {
    let operation = Compute.Operation.multiply(
      Multiply(input: input, weight: weight, output: output))
    let cost = operation.cost(parameterCount: 6)
    #expect(cost == Cost(floatingPointOperations: 48, bytes: 104))
  }
}

@Suite struct MemoryPlanTests {
  @Test func blocksAliveTogetherNeverOverlap() {
    for seed in 0..<50 as Range<UInt64> {
      let address = NoiseAddress(seed: seed, purpose: .data)
      let blocks = (0..<40).map { index in
        let first = Int(address.word(column: 3 * index) % 30)
        return MemoryPlan.Block(
          size: Int(address.word(column: 3 * index + 1) % 100) + 1,
          lifetime: first...first + Int(address.word(column: 3 * index + 2) % 10))
      }
      let plan = MemoryPlan(blocks)
      for i in blocks.indices {
        #expect(plan.offsets[i] + blocks[i].size <= plan.size)
        for j in blocks.indices.dropFirst(i + 1)
        where blocks[i].lifetime.overlaps(blocks[j].lifetime) {
          let first = plan.offsets[i]..<plan.offsets[i] + blocks[i].size
          let second = plan.offsets[j]..<plan.offsets[j] + blocks[j].size
          #expect(!first.overlaps(second), "seed \(seed)")
        }
      }
      // No plan can do with less than what is alive at once, and none needs all blocks apart.
      let peak =
        (0..<40).map { time in
          blocks.filter { $0.lifetime.contains(time) }.reduce(0) { $0 + $1.size }
        }.max() ?? 0
      #expect(plan.size >= peak)
      #expect(plan.size < blocks.reduce(0) { $0 + $1.size })
    }
  }

  @Test func blocksThatNeverMeetShareAPlace() {
    let plan = MemoryPlan([
      .init(size: 10, lifetime: 0...1), .init(size: 8, lifetime: 2...3),
      .init(size: 4, lifetime: 1...2),
    ])
    #expect(plan.offsets == [0, 0, 10])
    #expect(plan.size == 14)
  }

  @Test func nothingTakesNothing() {
    #expect(MemoryPlan([]).size == 0)
  }
}

@Suite struct ControlTests {
  @Test func wordsAreSixteen() {
    var control = Control()
    control.seed = 0x1234_5678_9abc_def0
    control.step = 7
    control.klWeight = 0.5
    #expect(control.words.scalarCount == 16)
    #expect(control.words[0] == 0x9abc_def0)
    #expect(control.words[1] == 0x1234_5678)
    #expect(control.words[2] == 7)
    #expect(control.words[6] == (0.5 as Float).bitPattern)
  }

  @Test func adamConventions() {
    var control = Control()
    AdamConvention.usual.apply(to: &control, step: 0, rate: 0.001, optimizer: Adam(.usual))
    // After one step both corrections undo the averaging: 1 - beta.
    #expect(abs(control.stepSize - 0.01) < 1e-8)
    #expect(abs(control.momentScale - 31.6228) < 1e-2)
    let released = Adam(.released)
    AdamConvention.released.apply(to: &control, step: 0, rate: 0.001, optimizer: released)
    #expect(abs(control.stepSize - 0.001 * 0.031_622_8 / 0.01) < 1e-6)
    #expect(control.momentScale == 1)
    #expect(released.isDelayed && AdamConvention.released.initialSecondMoment == 1)
    #expect(control.decay == 0)
    for convention in AdamConvention.allCases {
      // Of the rate itself, whatever the step length is.
      let optimizer = Adam(convention, weightDecay: 0.25)
      convention.apply(to: &control, step: 3, rate: 0.5, optimizer: optimizer)
      #expect(control.decay == 0.125)
    }
  }
}

@Suite struct UnreadResultTests {
  @Test func whatNothingReadsIsLeftOut() throws {
    let x = Tensor("x", .matrix(rows: 2, columns: 3), .input)
    func temporary(_ name: String) -> Tensor { Tensor(name, x.shape, .temporary) }
    let (a, b, c) = (temporary("a"), temporary("b"), temporary("c"))
    let output = Tensor("y", x.shape, .output)
    var builder = ProgramBuilder("test")
    // b is read by c alone, which nothing reads.
    try builder.append(
      .map(Map([.init(.exp("x"), into: a), .init(2 * "x", into: b)], reading: [x])))
    try builder.append(.map(Map([.init(.tanh("b"), into: c)], reading: [b])))
    try builder.append(.map(Map([.init("a" + 1, into: output)], reading: [a])))
    // Nor does anything read a product, and columns that are put beside it.
    let (d, e) = (temporary("d"), temporary("e"))
    let weight = Tensor("w", .matrix(rows: 3, columns: 3), .parameter)
    try builder.append(.multiply(Multiply(input: x, weight: weight, output: d)))
    try builder.append(.columns(Columns(input: d, output: e)))
    try builder.append(.columns(Columns(input: x, accumulates: true, output: e)))
    builder.dropUnread()
    let program = builder.build()
    #expect(program.operations.map { $0.writes.map(\.name) } == [["a"], ["y"]])
    #expect(program.tensors == [x, a, output])
  }
}
