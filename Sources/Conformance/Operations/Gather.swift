import Compute

extension CaseTable {
  static func gatherCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases = [twoGathers(seed)]
    for binarization in Binarization.allCases {
      for (count, columns, batch) in [(1, 1, 1), (5, 17, 3), (11, 64, 4), (30, 784, 20)] {
        for isBytes in [true, false] {
          var build = CaseBuilder(
            "gather(\(binarization),n=\(count),columns=\(columns),batch=\(batch),"
              + "bytes=\(isBytes))", seed: seed)
          let shape = Shape.matrix(rows: count, columns: columns)
          let content: HostValues =
            isBytes
            ? .bytes(build.inputs.bytes(shape.count)) : .floats(build.inputs.uniforms(shape.count))
          let source = build.resident("source", shape, content)
          let order = build.resident(
            "order", .vector(count), .words(build.inputs.permutation(count)))
          // Past the end, so that positions wrap around.
          build.control.batchOffset = UInt32(count - 1)
          let output = build.output("batch", .matrix(rows: batch, columns: columns), .exact)
          let indices = build.output("indices", .vector(batch), .exact, element: .uint32)
          build.append(
            .gather(
              Gather(
                source: source, order: order, scale: isBytes ? 1 / 255 : 1,
                binarization: binarization, batch: output, indices: indices)))
          cases.append(build.build())
        }
      }
    }
    return cases
  }

  /// Two data sets in one program, of which a launch can be bound to one only.
  private static func twoGathers(_ seed: UInt64) -> ConformanceCase {
    var build = CaseBuilder("gather(two data sets)", seed: seed)
    for (name, count) in [("first", 4), ("second", 7)] {
      let shape = Shape.matrix(rows: count, columns: 19)
      let source = build.resident(
        "\(name).source", shape, .bytes(build.inputs.bytes(shape.count)))
      let order = build.resident(
        "\(name).order", .vector(count), .words(build.inputs.permutation(count)))
      let batch = build.output("\(name).batch", .matrix(rows: 3, columns: 19), .exact)
      let indices = build.output("\(name).indices", .vector(3), .exact, element: .uint32)
      build.append(
        .gather(
          Gather(source: source, order: order, scale: 1 / 255, batch: batch, indices: indices)))
    }
    return build.build()
  }
}
