import Compute
import Foundation

extension ReferenceExecutable {
  func run(_ operation: AccumulateWeights) {
    let logWeights = self[operation.logWeights]
    let images = operation.maximum.shape.count
    let perImage = logWeights.count / images
    let temperature = Double(operation.temperature)
    let sign = temperature > 0 ? 1.0 : -1.0
    for image in 0..<images {
      let chunk = logWeights[image * perImage..<(image + 1) * perImage]
      let before = self[operation.maximum][image]
      let largest = largestNumber((chunk + [before]).map { sign * $0 }[...])
      let reference = largest == -.infinity ? 0 : sign * largest
      let decay = sign * before == -.infinity ? 0 : exp(temperature * (before - reference))
      let shares = chunk.map { exp(temperature * ($0 - reference)) }
      func add(_ sum: Double, to tensor: Tensor, decay: Double) {
        self[tensor][image] = decay * self[tensor][image] + sum
      }
      self[operation.maximum][image] = sign * largest
      add(shares.reduce(0, +), to: operation.sum, decay: decay)
      if let tensor = operation.squares {
        add(shares.reduce(0) { $0 + $1 * $1 }, to: tensor, decay: decay * decay)
      }
      if let tensor = operation.decay { self[tensor][image] = decay }
      if let tensor = operation.squaredDecay { self[tensor][image] = decay * decay }
      for column in operation.coefficients {
        for (offset, share) in shares.enumerated() {
          self[column.output][image * perImage + offset] =
            Double(column.factor) * (column.degree == 1 ? share : share * share)
        }
      }
    }
  }
}
