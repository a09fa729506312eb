import Compute

/// The tensors that the programs of annealing keep for each other: a row is a chain.
struct AnnealingTensors {
  /// One stochastic layer, `(R, latent)` each but the Gaussian, `(B, latent)`.
  struct Layer {
    var index: Int
    /// The Gaussian that each image's chains start from.
    var center: Tensor
    var scale: Tensor
    var here: Point
    /// The point that the trajectory under way has reached.
    var there: Point
    var momentum: Tensor
  }

  /// A point, and the derivative of log p(x, h) there.
  struct Point {
    var latent: Tensor
    var gradient: Tensor
  }

  /// Where a trajectory begins or ends, as it is judged by, `(R)` each.
  struct Judged {
    /// log p(x, h)
    var model: Tensor
    /// The logarithm of the starting Gaussian's density.
    var start: Tensor
    /// Of the momenta.
    var momentum: Tensor
  }

  /// Upwards from the data.
  let layers: [Layer]
  let images: Tensor
  /// `(B)`, `uint32`.
  let indices: Tensor
  /// `(B)` each: of the transition under way, and of the step between two temperatures.
  let stepSizes: Tensor
  let temperatures: Tensor
  let change: Tensor
  let here: Judged
  let there: Judged
  /// `(R)`
  let accepted: Tensor
  /// `(R)`: the transitions that were accepted, since it was cleared.
  let acceptances: Tensor
  /// `(R, 1)`
  let logWeights: Tensor

  init(_ model: Model, batchSize: Int, chains: Int) {
    let rows = batchSize * chains
    func state(_ name: String, _ shape: Shape) -> Tensor {
      Tensor("annealing.\(name)", shape, .state)
    }
    layers = model.encoder.enumerated().map { index, layer in
      func matrix(_ name: String, _ rows: Int) -> Tensor {
        state("\(name).\(index)", .matrix(rows: rows, columns: layer.latent))
      }
      func point(_ name: String) -> Point {
        Point(latent: matrix(name, rows), gradient: matrix("\(name)_gradient", rows))
      }
      return Layer(
        index: index, center: matrix("center", batchSize), scale: matrix("scale", batchSize),
        here: point("here"), there: point("there"), momentum: matrix("momentum", rows))
    }
    images = Tensor("images", .matrix(rows: batchSize, columns: model.dataSize), .state)
    indices = Tensor("indices", .vector(batchSize), .state, element: .uint32)
    (stepSizes, temperatures, change) = (
      state("step_sizes", .vector(batchSize)), state("temperatures", .vector(batchSize)),
      state("change", .vector(batchSize))
    )
    func judged(_ name: String) -> Judged {
      Judged(
        model: state("\(name).model", .vector(rows)), start: state("\(name).start", .vector(rows)),
        momentum: state("\(name).momentum", .vector(rows)))
    }
    (here, there) = (judged("here"), judged("there"))
    accepted = state("accepted", .vector(rows))
    acceptances = state("acceptances", .vector(rows))
    logWeights = state("log_weights", .matrix(rows: rows, columns: 1))
  }
}
