import Foundation

/// The encoder's distribution of two latents, given an image.
public enum EncoderDistribution {
  case normal(mean: [Double], sigma: [Double])
  /// As many of its draws as tell its shape, `(draws, 2)`.
  case drawn([Float])

  /// The draws that tell a shape.
  public static let draws = 200_000

  /// The mean and the standard deviation in each latent.
  var moments: (mean: [Double], sigma: [Double]) {
    switch self {
    case .normal(let mean, let sigma): return (mean, sigma)
    case .drawn(let draws):
      let values = (0..<2).map { latent in
        stride(from: latent, to: draws.count, by: 2).map { Double(draws[$0]) }
      }
      let means = values.map { $0.reduce(0, +) / Double($0.count) }
      let variances = zip(values, means).map { values, mean in
        values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      }
      return (means, variances.map { $0.squareRoot() })
    }
  }

  /// The mass in each cell of a window.
  func shares(in window: LatentWindow) -> [Double] {
    switch self {
    case .normal(let mean, let sigma):
      let axes = (0..<2).map { latent in
        let below = (0...LatentWindow.side).map { edge in
          let place = window.low[latent] + Double(edge) * window.cellSize[latent]
          return erfc((mean[latent] - place) / sigma[latent] / 2.0.squareRoot()) / 2
        }
        return zip(below, below.dropFirst()).map { $1 - $0 }
      }
      return LatentWindow.cells { axes[0][$0] * axes[1][$1] }
    case .drawn(let draws):
      var cells = [Double](repeating: 0, count: LatentWindow.side * LatentWindow.side)
      let share = 2 / Double(draws.count)
      for first in stride(from: 0, to: draws.count, by: 2) {
        if let cell = window.cell(of: draws[first..<first + 2]) { cells[cell] += share }
      }
      return cells
    }
  }
}
