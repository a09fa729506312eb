import Compute

extension CaseTable {
  func sumCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for count in [1, 2, 15, 16, 17, 63, 64, 65, 1000] {
      for accumulates in [false, true] {
        let sums = count % 5 == 0 ? 5 : 1
        var build = CaseBuilder(
          "sum(count=\(count),sums=\(sums),accumulates=\(accumulates))", seed: seed)
        let input = build.input("input", .vector(count))
        let output = build.output(
          "output", .vector(sums), .sums(of: count), termSize: Double(count).squareRoot())
        if accumulates { build.append(.sum(Sum(input: input, output: output))) }
        build.append(
          .sum(Sum(input: input, scale: 0.25, accumulates: accumulates, output: output)))
        cases.append(build.build())
      }
    }
    return cases
  }
}
