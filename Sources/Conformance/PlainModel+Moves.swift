import Compute
import Foundation
import IWAE

/// The moves of a posterior's units together, forwards and back.
extension PlainModel {
  /// A row of latents, and the amount by which log q falls.
  private typealias Move = (values: [Double], spread: Double)

  /// Units as a posterior's formulas draw them, moved.
  func moved(
    _ units: [Double], _ layer: Int, _ heads: [String: [Double]], _ parameters: Parameters
  ) -> [Double] {
    rowsOf(units).enumerated().flatMap { row, units in
      switch model.encoder[layer].posterior.family {
      case "flow":
        steps(layer).reduce(units) { u, step in
          let (a, b, shift, scale) = parts(u, step, row, layer, heads, parameters)
          return join(a, zip(b, zip(shift, scale)).map { $0 * exp($1.1) + $1.0 }, step)
        }
      case "full":
        triangle(row, heads).enumerated().map { i, coefficients in
          let noise = units.indices.map {
            (units[$0] - mean(row, heads)[$0]) / sigma(row, heads)[$0]
          }
          return zip(coefficients, noise).reduce(units[i]) { $0 + $1.0 * $1.1 }
        }
      default: units
      }
    }
  }

  /// Latents before they moved, and the amount for each row by which log q fell.
  func unmoved(
    _ latents: [Double], _ layer: Int, _ heads: [String: [Double]], _ parameters: Parameters
  ) -> (units: [Double], spreads: [Double]) {
    let rows = rowsOf(latents).enumerated().map { row, z -> Move in
      switch model.encoder[layer].posterior.family {
      case "flow":
        steps(layer).reversed().reduce((z, 0)) { move, step in
          let (a, b, shift, scale) = parts(move.0, step, row, layer, heads, parameters)
          let back = zip(b, zip(shift, scale)).map { ($0 - $1.0) * exp(-$1.1) }
          return (join(a, back, step), move.1 + scale.reduce(0, +))
        }
      case "full":
        (substituted(z, row, heads), 0)
      default: (z, 0)
      }
    }
    return (rows.flatMap(\.values), rows.map(\.spread))
  }

  private func rowsOf(_ values: [Double]) -> [[Double]] {
    let width = values.count / rows
    return (0..<rows).map { Array(values[$0 * width..<($0 + 1) * width]) }
  }

  // MARK: Triangles

  private func mean(_ row: Int, _ heads: [String: [Double]]) -> [Double] {
    rowsOf(heads["mean"] ?? [])[row]
  }

  private func sigma(_ row: Int, _ heads: [String: [Double]]) -> [Double] {
    rowsOf(heads["log_sigma"] ?? [])[row].map(exp)
  }

  /// The rows of a strictly lower triangle.
  private func triangle(_ row: Int, _ heads: [String: [Double]]) -> [[Double]] {
    let packed = rowsOf(heads["lower"] ?? [])[row]
    return mean(row, heads).indices.map { i in (0..<i).map { packed[i * (i - 1) / 2 + $0] } }
  }

  /// Units whose noise the triangle takes to the latents, from the first on.
  private func substituted(_ z: [Double], _ row: Int, _ heads: [String: [Double]]) -> [Double] {
    let (mean, sigma) = (mean(row, heads), sigma(row, heads))
    var noise: [Double] = []
    for (i, coefficients) in triangle(row, heads).enumerated() {
      let others = zip(coefficients, noise).reduce(0) { $0 + $1.0 * $1.1 }
      noise.append((z[i] - mean[i] - others) / sigma[i])
    }
    return z.indices.map { mean[$0] + sigma[$0] * noise[$0] }
  }

  // MARK: Couplings

  /// A step of a flow: its number, and its parameters by what follows its name.
  private struct Step {
    var number: Int
    var tensors: [String: Tensor]
  }

  private func steps(_ layer: Int) -> [Step] {
    var steps: [Step] = []
    while true {
      let beginning = "encoder.\(layer).flow.\(steps.count)."
      let tensors = model.encoderParameters.filter { $0.name.hasPrefix(beginning) }
      if tensors.isEmpty { return steps }
      let named = tensors.map { (String($0.name.dropFirst(beginning.count)), $0) }
      steps.append(Step(number: steps.count, tensors: Dictionary(uniqueKeysWithValues: named)))
    }
  }

  /// The part that stays, the part that moves, its shift and its scale's logarithm.
  private func parts(
    _ u: [Double], _ step: Step, _ row: Int, _ layer: Int, _ heads: [String: [Double]],
    _ parameters: Parameters
  ) -> (a: [Double], b: [Double], shift: [Double], scale: [Double]) {
    let (first, second) = (Array(u.prefix(u.count / 2)), Array(u.dropFirst(u.count / 2)))
    let (a, b) = step.number % 2 == 0 ? (first, second) : (second, first)
    var value = a + (heads["context"].map { rowsOf($0)[row] } ?? [])
    func layer(_ name: String) -> [Double]? {
      guard let weight = step.tensors["\(name).weight"], let bias = step.tensors["\(name).bias"]
      else { return nil }
      return dense(weight, bias, value, rows: 1, parameters)
    }
    var index = 0
    while let hidden = layer("hidden.\(index)") {
      value = hidden.map(activate)
      index += 1
    }
    return (a, b, layer("shift") ?? [], (layer("log_scale") ?? []).map { tanh($0) })
  }

  private func join(_ a: [Double], _ b: [Double], _ step: Step) -> [Double] {
    step.number % 2 == 0 ? a + b : b + a
  }
}
