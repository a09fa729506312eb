import Compute

/// What a value of a graph is: dense layers on the graph's input, one behind another.
struct ONNXChain {
  /// `input * transpose(weight) + bias`, `(outputs, inputs)` and `(outputs)`.
  struct Linear {
    /// As the file has it, which any number of nodes may share.
    private let stored: [Float]
    /// True if that is `(inputs, outputs)`.
    private let isTransposed: Bool
    /// The stored numbers' own.
    private var factor: Float = 1
    private(set) var bias: [Float]

    init(_ stored: [Float], isTransposed: Bool, bias: [Float]) {
      (self.stored, self.isTransposed, self.bias) = (stored, isTransposed, bias)
    }

    /// Every number times a factor.
    func scaled(_ factor: Float) -> Linear {
      var result = self
      result.factor *= factor
      result.bias = bias.map { $0 * factor }
      return result
    }

    /// Numbers added to the bias: one for all, or one for each output.
    func adding(_ values: [Float], times sign: Float) -> Linear {
      var result = self
      for index in bias.indices {
        result.bias[index] += sign * values[values.count == 1 ? 0 : index]
      }
      return result
    }

    var inputs: Int { stored.count / bias.count }

    /// `(outputs, inputs)`.
    var weight: [Float] {
      let values = isTransposed ? ONNXArray.transposed(stored, inputs, bias.count) : stored
      return factor == 1 ? values : values.map { $0 * factor }
    }
  }

  /// A hidden layer: with a function, or with a gate and none.
  struct Hidden {
    /// The name of its value, which no other has.
    var output: String
    var linear: Linear
    var activation: Activation?
    var gate: Linear?
  }

  /// The function of a linear layer that no hidden one is made of.
  enum Ending {
    case none, exponential, logistic
  }

  var hidden: [Hidden] = []
  /// The linear layer on the last hidden one; nil where nothing follows that.
  var linear: Linear?
  var ending = Ending.none
  /// The columns of the value; nil where the graph's input says none.
  var columns: Int?

  /// More hidden layers would be copied too often.
  private static let mostHidden = 256

  /// The same with a hidden layer on top, which a node made of its linear layer; nil for too many.
  func adding(_ layer: Hidden) -> ONNXChain? {
    guard hidden.count < Self.mostHidden else { return nil }
    var result = self
    result.hidden.append(layer)
    result.linear = nil
    return result
  }

  /// True if both read the same hidden layers.
  func stands(besides other: ONNXChain) -> Bool {
    hidden.map(\.output) == other.hidden.map(\.output)
  }
}

/// What is known of a value of a graph.
enum ONNXValue {
  case chain(ONNXChain)
  case array(ONNXArray)
  /// The size of the graph's input, and where that is a number: what stands between it and zeros for what
  /// is missing.
  case inputSize, inputIsNumber
  /// What is no chain, and the node where it stopped being one; empty for another input.
  case other(String)

  var chain: ONNXChain? { if case .chain(let chain) = self { chain } else { nil } }
  var array: ONNXArray? { if case .array(let array) = self { array } else { nil } }

  /// Those that it holds, at most, beside the weights of the file.
  var numbers: Int {
    switch self {
    case .chain(let chain): chain.linear?.bias.count ?? 0
    case .array(let array): array.values.count
    case .inputSize, .inputIsNumber, .other: 0
    }
  }
}
