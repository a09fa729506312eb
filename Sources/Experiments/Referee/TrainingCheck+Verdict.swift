extension TrainingCheck.Report {
  /// - Parameters:
  ///   - own: The objective's.
  ///   - mistakes: Those that would be something else.
  init(_ check: TrainingCheck, batches: Int, own: Row, _ mistakes: [Row]) {
    (objective, groups, samples) = (check.objective.name, check.groups, check.samples)
    (source, images) = (check.source, check.images.count)
    (self.batches, self.own, self.mistakes) = (batches, own, mistakes)
    let gradient = "the encoder's gradient of '\(objective)'"
    guard let range = own.range else {
      verdict = "\(gradient) is no number: nothing can be told"
      return
    }
    guard range.lowerBound > 0 else {
      verdict = "\(gradient) is not told from none: nothing speaks against it"
      return
    }
    let otherwise = "training had not ended, or was on other images, or ascended something else"
    guard !mistakes.isEmpty else {
      verdict =
        "\(gradient) does not vanish: \(otherwise). No mistake was checked, for none is known of this "
        + "objective with so many samples"
      return
    }
    let standings = mistakes.map { ($0, $0.standing(besides: range.lowerBound)) }
    let vanished = standings.filter { $0.1 == .vanishes }.map(\.0)
    let untold = standings.filter { $0.1 == .cannotBeTold }.map(\.0.name)
    if let one = vanished.min(by: { $0.squaredRatio ?? 0 < $1.squaredRatio ?? 0 }) {
      found = one.name
      verdict = "\(gradient) does not vanish, but that of this mistake does: \(one.explanation)"
    } else if !untold.isEmpty {
      verdict =
        "\(gradient) does not vanish: \(otherwise). That of \(untold.joined(separator: ", ")) cannot be "
        + "told from none beside it: more images would tell"
    } else {
      verdict = "\(gradient) does not vanish, nor does that of a known mistake: \(otherwise)"
    }
  }
}

extension TrainingCheck.Report.Row {
  /// The stand of a mistake's gradient beside the objective's.
  enum Standing {
    case vanishes, stands, cannotBeTold
  }

  /// Three errors on either side of the square; nil where it is no number.
  var range: ClosedRange<Double>? {
    guard let squaredRatio, let standardError else { return nil }
    return squaredRatio - 3 * standardError...squaredRatio + 3 * standardError
  }

  /// A mistake's gradient vanishes where its square is less than a tenth of the objective's.
  func standing(besides least: Double) -> Standing {
    guard let range else { return .cannotBeTold }
    if range.upperBound < 0.1 * least { return .vanishes }
    return range.lowerBound > 0.1 * least ? .stands : .cannotBeTold
  }
}
