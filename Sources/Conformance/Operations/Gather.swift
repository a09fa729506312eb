import Compute

extension CaseTable {
  func gatherCases() -> [ConformanceCase] {
    var cases = [twoGathers()]
    for binarization in Binarization.allCases {
      var missing = CaseBuilder("gather(\(binarization),missing values)", seed: seed)
      gather(
        &missing, count: 5, columns: 37, batch: 3, isBytes: false, binarization, hasMissing: true)
      cases.append(missing.build())
      for (count, columns, batch) in [(1, 1, 1), (5, 17, 3), (11, 64, 4), (30, 784, 20)] {
        for isBytes in [true, false] {
          var build = CaseBuilder(
            "gather(\(binarization),n=\(count),columns=\(columns),batch=\(batch),"
              + "bytes=\(isBytes))", seed: seed)
          // Past the end, so that positions wrap around.
          build.control.batchOffset = UInt32(count - 1)
          gather(
            &build, count: count, columns: columns, batch: batch, isBytes: isBytes, binarization)
          cases.append(build.build())
        }
      }
    }
    return cases
  }

  /// Two data sets in one program, of which a launch can be bound to one only.
  private func twoGathers() -> ConformanceCase {
    var build = CaseBuilder("gather(two data sets)", seed: seed)
    for (name, count) in [("first", 4), ("second", 7)] {
      gather(&build, "\(name).", count: count, columns: 19, batch: 3, isBytes: true, .none)
    }
    return build.build()
  }

  private func gather(
    _ build: inout CaseBuilder, _ prefix: String = "", count: Int, columns: Int, batch: Int,
    isBytes: Bool, _ binarization: Binarization, hasMissing: Bool = false
  ) {
    let shape = Shape.matrix(rows: count, columns: columns)
    let content: HostValues =
      isBytes
      ? .bytes(build.inputs.bytes(shape.count))
      : .floats(
        build.inputs.uniforms(shape.count).enumerated().map {
          hasMissing && $0 % 3 == 1 ? .nan : $1
        })
    let source = build.resident("\(prefix)source", shape, content)
    let order = build.resident(
      "\(prefix)order", .vector(count), .words(build.inputs.permutation(count)))
    let images = Shape.matrix(rows: batch, columns: columns)
    build.append(
      .gather(
        Gather(
          source: source, order: order, scale: isBytes ? 1 / 255 : 1, binarization: binarization,
          batch: build.output("\(prefix)batch", images, .exact),
          indices: build.output("\(prefix)indices", .vector(batch), .exact, element: .uint32))))
  }
}
