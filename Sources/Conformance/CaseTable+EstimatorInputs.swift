import Compute

extension CaseTable {
  /// Rules that between them use every scope, temperature and degree.
  static let rules: [(name: String, rule: EstimatorRule)] = {
    let mean = CoefficientRule(constant: 0.125)
    let all = CoefficientRule(.all, linear: 1)
    let group = CoefficientRule(.group, linear: 0.5)
    let squared = CoefficientRule(.group, square: 0.5)
    let mixed = CoefficientRule(.all, constant: 0.02, linear: 0.7, square: 0.3)
    let warm = CoefficientRule(.all, temperature: 0.6, linear: 0.4, square: 0.6)
    let hot = CoefficientRule(.group, temperature: -1.5, linear: 1)
    return [
      (
        "mean",
        EstimatorRule(bound: BoundRule(meanShare: 1), decoder: mean, path: mean, score: -mean)
      ),
      ("all", EstimatorRule(bound: BoundRule(), decoder: all, path: all, score: -all)),
      (
        "group", EstimatorRule(bound: BoundRule(.group), decoder: group, path: group, score: -group)
      ),
      (
        "partial",
        EstimatorRule(
          bound: BoundRule(), encoderBound: BoundRule(.group), decoder: all, path: squared,
          score: CoefficientRule())
      ),
      (
        "mixed",
        EstimatorRule(bound: BoundRule(meanShare: 0.3), decoder: mixed, path: mixed, score: -mixed)
      ),
      (
        "warm",
        EstimatorRule(
          bound: BoundRule(temperature: 0.6), decoder: CoefficientRule(temperature: 0.6, linear: 1),
          path: warm, score: CoefficientRule())
      ),
      (
        "tempered",
        EstimatorRule(
          bound: BoundRule(.all, temperature: 0.6),
          encoderBound: BoundRule(.group, temperature: -1.5),
          decoder: warm, path: hot, score: all)
      ),
    ]
  }()

  /// The spread of a case's log-weights.
  enum Spread: String, CaseIterable {
    case usual, equal, far, partlyImpossible, impossible, partlyInfinite, infinite, notNumbers

    func values(images: Int, perImage: Int, _ inputs: inout CaseInputs) -> [Float] {
      let normals = inputs.normals(images * perImage, scale: 3, mean: -90)
      let uniforms = inputs.uniforms(images * perImage)
      return normals.indices.map { index in
        switch self {
        case .usual: normals[index]
        case .equal: -90.5
        case .far: 1e4 * (2 * uniforms[index] - 1).rounded(.awayFromZero) + normals[index]
        case .partlyImpossible: uniforms[index] < 0.4 ? -.infinity : normals[index]
        // The first image has no sample with any weight; the others have.
        case .impossible: index < perImage ? -.infinity : normals[index]
        // One sample, or every one of the first image, has a weight beyond all numbers.
        case .partlyInfinite: index == 0 ? .infinity : normals[index]
        case .infinite: index < perImage ? .infinity : normals[index]
        case .notNumbers: index == 0 ? .nan : normals[index]
        }
      }
    }
  }
}
