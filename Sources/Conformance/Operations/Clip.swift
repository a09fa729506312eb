import Compute

extension CaseTable {
  func clipCases() -> [ConformanceCase] {
    [
      clipCase(1, 1, limit: 1e-3), clipCase(16, 16, limit: 1), clipCase(17, 31, limit: 0.5),
      // Gradients that are short enough stay what they are.
      clipCase(17, 31, limit: 1e4), clipCase(200, 50, limit: 10), clipCase(199, 67, limit: 3),
      // More than a unit for each part.
      clipCase(301, 331, limit: 2), clipCase(13, 5, limit: 1, scale: 0),
      // Of large ones the squares overflow, of small ones they vanish.
      clipCase(64, 65, limit: 1, scale: 1e25), clipCase(7, 9, limit: 1, scale: 1e36),
      clipCase(64, 65, limit: 1e-5, scale: 1e-30), clipCase(7, 9, limit: 1e-8, scale: 1e-7),
      clipCase(17, 3, limit: 1, spoiled: .nan), clipCase(200, 50, limit: 1, spoiled: .infinity),
    ]
  }

  private func clipCase(
    _ rows: Int, _ columns: Int, limit: Float, scale: Float = 1, spoiled: Float? = nil
  ) -> ConformanceCase {
    var name = "clip(rows=\(rows),columns=\(columns),limit=\(limit)"
    if scale != 1 { name += ",scale=\(scale)" }
    if let spoiled { name += ",spoiled=\(spoiled)" }
    var build = CaseBuilder(name + ")", seed: seed)
    let weight = build.parameter("weight", .matrix(rows: rows, columns: columns))
    let bias = build.parameter("bias", .vector(rows))
    for parameter in [weight, bias] {
      let gradient = parameter.counterpart(.gradient)
      var values = build.inputs.normals(parameter.shape.count, scale: scale)
      if let spoiled, parameter == bias { values[rows / 2] = spoiled }
      build.set(gradient, values)
      build.check(gradient, .sums(of: rows * columns))
    }
    build.append(.clip(Clip(limit: limit)))
    return build.build()
  }
}
