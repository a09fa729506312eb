/// The evaluation of a run as a report shows it; nil is what is not known.
public struct RunEvaluation: Hashable, Sendable {
  public var nll: Double
  public var standardError: Double?
  public var samples: Int
  public var images: Int
  public var bound: Double?
  public var reconstruction: Double?
  public var divergence: Double?
  public var activeUnits: [Int]?
  public var effectiveSampleSize: Double?
  /// With every inactive unit of the topmost layer cut off.
  public var nllActiveUnitsOnly: Double?
  /// Of the data's own density, where that is known.
  public var exactNll: Double?
  /// Of standardized data, the NLL in the data's own units.
  public var nllInDataUnits: Double?
  /// The updates that training had made.
  public var step: Int?
  /// The name of the device that computed it.
  public var device: String?

  public init(
    nll: Double, standardError: Double? = nil, samples: Int, images: Int, bound: Double? = nil,
    reconstruction: Double? = nil, divergence: Double? = nil, activeUnits: [Int]? = nil,
    effectiveSampleSize: Double? = nil, nllActiveUnitsOnly: Double? = nil, exactNll: Double? = nil,
    nllInDataUnits: Double? = nil, step: Int? = nil, device: String? = nil
  ) {
    (self.nll, self.standardError) = (nll, standardError)
    (self.samples, self.images) = (samples, images)
    (self.bound, self.reconstruction, self.divergence) = (bound, reconstruction, divergence)
    (self.activeUnits, self.effectiveSampleSize) = (activeUnits, effectiveSampleSize)
    (self.nllActiveUnitsOnly, self.exactNll) = (nllActiveUnitsOnly, exactNll)
    (self.nllInDataUnits, self.step, self.device) = (nllInDataUnits, step, device)
  }
}
