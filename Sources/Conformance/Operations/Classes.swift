import Compute

extension CaseTable {
  func classesCases() -> [ConformanceCase] {
    // Variables and classes within a chunk and across chunks; rows that share data.
    let sizes: [(variables: Int, count: Int)] = [
      (1, 2), (3, 5), (16, 16), (17, 7), (15, 1), (33, 10), (2, 129), (64, 3),
    ]
    return Classes.Result.allCases.flatMap { result in
      sizes.flatMap { variables, count in
        [(1, 1), (3, 5), (26, 1)].map { images, samples in
          classes(result, variables, count, images: images, samples: samples)
        }
      } + [
        classes(result, 19, 4, images: 3, samples: 2, center: 1e4),
        classes(result, 19, 4, images: 3, samples: 2, extreme: .nan),
        classes(result, 19, 4, images: 3, samples: 2, extreme: .infinity),
        classes(result, 19, 4, images: 3, samples: 2, extreme: -.infinity),
        classes(result, 784, 10, images: 2, samples: 3),
      ]
    }
  }

  /// - Parameters:
  ///   - center: What all logits lie about.
  ///   - extreme: The last logit of a row's first variable; the last value is no class then.
  private func classes(
    _ result: Classes.Result, _ variables: Int, _ count: Int, images: Int, samples: Int,
    center: Float = 0, extreme: Float? = nil
  ) -> ConformanceCase {
    let sizes = "variables=\(variables),count=\(count),images=\(images),k=\(samples)"
    var build = CaseBuilder(
      "classes(\(result),\(sizes),center=\(center)\(extreme.map { ",extreme=\($0)" } ?? ""))",
      seed: seed)
    let rows = images * samples
    let shape = Shape.matrix(rows: rows, columns: variables * count)
    var values = build.inputs.normals(shape.count, scale: 2).map { $0 + center }
    if let extreme { values[count - 1] = extreme }
    let logits = build.input("logits", shape, values)
    var classes = (0..<images * variables).map { $0 % 7 == 5 ? Float.nan : Float($0 % count) }
    if extreme != nil { classes[classes.count - 1] = 0.5 }
    let data =
      result == .mean
      ? nil : build.input("data", .matrix(rows: images, columns: variables), classes)
    let output: Tensor =
      switch result {
      case .logDensity:
        build.output("output", .vector(rows), .sums(of: variables + count), termSize: 8)
      case .slope: build.output("output", shape, .sums(of: count), termSize: 1)
      case .mean:
        build.output(
          "output", .matrix(rows: rows, columns: variables), .sums(of: count),
          termSize: Double(count))
      }
    build.append(
      .classes(
        Classes(result, logits: logits, count: count, data: data, output: output)))
    return build.build()
  }
}
