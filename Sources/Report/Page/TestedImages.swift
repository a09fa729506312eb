/// log p(x) of each of the images that a run was tested on.
public struct TestedImages: Sendable {
  /// What was tested on: of runs that have the same, images may be compared one by one.
  public var key: String
  public var logLikelihoods: [Double]

  public init(key: String, logLikelihoods: [Double]) {
    (self.key, self.logLikelihoods) = (key, logLikelihoods)
  }
}
