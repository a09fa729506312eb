import Compute
import Foundation
import IWAE
import Report

/// The posterior of a latent of two dimensions, which a grid tells exactly.
extension Look {
  func posterior() throws -> Result {
    guard model.encoder.count == 1, model.encoder[0].latent == 2 else {
      return .impossible(
        "a grid needs a single layer of two latents; train one with the layers 200,200:2.")
    }
    let family = model.encoder[0].posterior
    if let obstacle = family.obstacleToPath {
      return .impossible("a grid needs latents that vary smoothly, but \(obstacle).")
    }
    let originals = originals(6)
    let labels = firstLabels(originals.count)
    let generator = generator
    let draws = try generator.posteriorDraws(
      of: originals, labels: labels, count: ImagePosterior.draws, isWeighed: true, seed: seed)
    let distributions = try distributions(of: originals, labels)
    var rows: [[PanelGrid.Panel]] = []
    var found: [ImagePosterior] = []
    for (index, image) in originals.enumerated() {
      let address = NoiseAddress(seed: seed, purpose: .resampling, image: UInt32(index))
      let posterior = try ImagePosterior(
        distributions[index], draws: draws[index], offset: Double(address.uniform(column: 0))
      ) { try generator.logDensities(of: image, label: labels?[index], at: $0) }
      guard let posterior else {
        return .impossible(
          "the densities or the weights of test image \(index + 1) are not finite.")
      }
      found.append(posterior)
      rows.append(try row(image, posterior))
    }
    return .drawn(
      Figure(
        name: "posterior", title: "The posterior of two latents, as it is and as it is drawn",
        summary: summary(found),
        content: .panels(
          PanelGrid(
            xLabel: "unit 1", yLabel: "unit 2",
            columns: ["test image", "posterior", "encoder", "drawn again"], rows: rows,
            table: FigureTable(
              columns: ImagePosterior.columns,
              rows: found.enumerated().map { $1.row(image: $0 + 1) })))))
  }

  /// The panels of one image: itself, and what is known of its posterior.
  private func row(_ image: [Float], _ posterior: ImagePosterior) throws -> [PanelGrid.Panel] {
    let window = posterior.window
    let shown = try [image].restored(by: images.standardization).map {
      try PanelGrid.Panel(grey: Self.enlarged($0, width: width), width: LatentWindow.side)
    }
    return try shown
      + [posterior.posterior, posterior.encoder, posterior.samples].map {
        try PanelGrid.Panel(
          grey: Self.shaded($0), width: LatentWindow.side,
          x: .init(low: window.low[0], high: window.high[0]),
          y: .init(low: window.low[1], high: window.high[1]))
      }
  }

  /// The encoder's distribution of each image: in closed form if it is Gaussian, else by draws.
  private func distributions(
    of images: [[Float]], _ labels: [Int]?
  ) throws -> [EncoderDistribution] {
    guard model.encoder[0].posterior == .gaussian else {
      // Others than the weighed draws.
      return try generator.posteriorDraws(
        of: images, labels: labels, count: EncoderDistribution.draws, isWeighed: false,
        seed: seed &+ 1
      ).map { .drawn($0.latents) }
    }
    let heads = try generator.encode(images, labels: labels, seed: nil).heads[0]
    return images.indices.map { image in
      let units = 2 * image..<2 * image + 2
      return .normal(
        mean: heads[0][units].map(Double.init), sigma: heads[1][units].map { exp(Double($0)) })
    }
  }

  private func summary(_ found: [ImagePosterior]) -> String {
    let widths = found.flatMap(\.window.width)
    let distance = found.map(\.totalVariation).reduce(0, +) / Double(found.count)
    let outside = found.map(\.samplesOutside).reduce(0, +)
    let most = found.map(\.posteriorOutside).max() ?? 0
    let (side, draws) = (LatentWindow.side, ImagePosterior.draws)
    let shape =
      model.encoder[0].posterior == .gaussian
      ? "" : ", as \(EncoderDistribution.draws) draws tell"
    return String(
      format: "In each row, from the left: a test image; its posterior, computed on \(side) by "
        + "\(side) points; what the encoder says it is\(shape); and \(draws) samples of that, drawn again "
        + "by their weights. Each row shows a window of its own, %.2g to %.2g wide. Brightness goes "
        + "with the square root of the density, white at its largest. On average the encoder's lies at a "
        + "total variation of %.2f from the posterior, from 0 for the same to 1. Outside its window "
        + "lies at most %.1g of a posterior; \(outside) of all samples fell outside.",
      widths.min() ?? 0, widths.max() ?? 0, distance, most)
  }

  /// From black to white at the largest.
  private static func shaded(_ values: [Double]) -> [Float] {
    let largest = max(values.max() ?? 1, 1e-300)
    return values.map { Float(($0 / largest).squareRoot()) }
  }

  /// An image in the size of a panel, its proportions kept.
  private static func enlarged(_ image: [Float], width: Int) -> [Float] {
    let (side, height) = (LatentWindow.side, image.count / width)
    let longest = max(width, height)
    let known = image.filter { !$0.isNaN }
    let (low, high) = (min(known.min() ?? 0, 0), max(known.max() ?? 1, 1))
    return (0..<side * side).map { index in
      let column = index % side * longest / side
      let row = index / side * longest / side
      guard column < width, row < height else { return 0.35 }
      return (image[row * width + column] - low) / (high - low)
    }
  }
}
