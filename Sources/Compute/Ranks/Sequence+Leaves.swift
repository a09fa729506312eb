extension Sequence<Operation> {
  /// True if what is computed of some images depends on those alone, but for totals that nothing else reads,
  /// and every gradient is summed over all of them at once. Then the gradient of a part of the images is the
  /// sum over its rows.
  func keepApart(_ images: Int) -> Bool {
    var ofImages: Set<Tensor> = []
    var gradients: Set<Tensor> = []
    var totals: Set<Tensor> = []
    for operation in self {
      switch operation {
      case .adam, .clip: continue
      case .weightGradient(let sum):
        guard sum.gradient.role == .gradient, !sum.accumulates, ofImages.contains(sum.delta),
          gradients.insert(sum.gradient).inserted
        else { return false }
      case .sum(let sum) where sum.output.role == .output || sum.output.role == .state:
        totals.insert(sum.output)
      default:
        guard !operation.reads.contains(where: totals.contains) else { return false }
        // What is computed of parameters alone is the same for all.
        let isOfImages = operation.hasImages || operation.reads.contains { ofImages.contains($0) }
        guard isOfImages else { continue }
        guard let rows = operation.rows, rows.isMultiple(of: images),
          !operation.readsWhole.contains(where: ofImages.contains),
          operation.writes.allSatisfy({ $0.role != .gradient && $0.role != .accumulator })
        else { return false }
        ofImages.formUnion(operation.writes)
      }
    }
    return !gradients.isEmpty
  }
}

extension Operation {
  /// True if it brings data or noise, or reads what the host brings.
  fileprivate var hasImages: Bool {
    switch self {
    case .gather, .noise, .draw: true
    default: reads.contains { $0.role == .input }
    }
  }
}
