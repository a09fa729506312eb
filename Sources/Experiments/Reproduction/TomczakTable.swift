/// Tomczak and Welling, VAE with a VampPrior (AISTATS 2018): the NLL of dense models, as -L_5000 on the
/// test set. All of it was transcribed from later papers' tables.
public struct TomczakTable: Sendable {
  /// By the number of stochastic layers and the prior's family.
  private var entries: [Int: [String: Published]]

  /// The number of a row.
  ///
  /// - Parameters:
  ///   - layers: Stochastic layers. The paper's model of two is another than ours.
  ///   - prior: The prior's family.
  /// - Returns: Nil where it is not known.
  public func entry(layers: Int, prior: String) -> Published? { entries[layers]?[prior] }

  /// The table of a set; nil where nothing is known.
  public static func of(data: String) -> TomczakTable? {
    switch data {
    case "mnist": mnist
    case "binarized-mnist": staticMNIST
    case "omniglot": TomczakTable(["vamp": number(106.78)])
    case "fashion-mnist":
      TomczakTable(["standard-normal": number(228.70), "vamp": number(227.35)])
    default: nil
    }
  }

  /// Pixels binarized afresh.
  private static let mnist = TomczakTable(
    ["vamp": number(82.43, 0.06)], twoLayers: ["standard-normal": 82.39, "vamp": 81.56])

  private static let staticMNIST = TomczakTable(
    ["vamp": number(85.57)], twoLayers: ["vamp": 83.19])

  private init(_ oneLayer: [String: Published], twoLayers: [String: Double] = [:]) {
    let others = twoLayers.mapValues { nll in
      var result = Self.number(nll)
      result.isOfOtherModel = true
      return result
    }
    entries = [1: oneLayer, 2: others]
  }

  private static func number(_ nll: Double, _ spread: Double? = nil) -> Published {
    Published(nll, spread, isTranscribed: true)
  }
}
