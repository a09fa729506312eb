import Files
import Foundation

/// The evaluation of a run, from its `evaluation.json`; fields that are missing there are nil.
public struct RunEvaluation: Hashable, Sendable {
  public var nll: Double?
  public var standardError: Double?
  public var samples: Double?
  public var images: Double?
  public var bound: Double?
  public var reconstruction: Double?
  public var divergence: Double?
  public var activeUnits: [Double]?
  public var effectiveSampleSize: Double?
  /// With every inactive unit of the topmost layer cut off.
  public var nllActiveUnitsOnly: Double?
  /// Of the data's own density, where that is known.
  public var exactNll: Double?

  public init(_ data: Data, file: String) throws(FormatError) {
    let fields: [String: LenientValue]
    do {
      fields = try JSONDecoder().decode([String: LenientValue].self, from: data)
    } catch {
      throw FormatError(file: file, problem: "expected one JSON object, as 'evaluate' writes it.")
    }
    nll = fields["nll"]?.number
    standardError = fields["standard_error"]?.number
    samples = fields["samples"]?.number
    images = fields["images"]?.number
    bound = fields["bound"]?.number
    reconstruction = fields["reconstruction"]?.number
    divergence = fields["divergence"]?.number
    activeUnits = fields["active_units"]?.numbers
    effectiveSampleSize = fields["effective_sample_size"]?.number
    nllActiveUnitsOnly = fields["nll_active_units_only"]?.number
    exactNll = fields["exact_nll"]?.number
  }
}
