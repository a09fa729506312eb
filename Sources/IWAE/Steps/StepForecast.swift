import Compute

/// The work and the memory that a step will take, as far as they are known before anything is allocated.
public struct StepForecast: Hashable, Sendable {
  /// The operations of the matrix products of a step.
  public var operations: Double
  /// The memory of the parameters, the data and the largest step, in bytes.
  public var bytes: Int
  /// The part of a batch that is taken at a time, in words.
  public var division: String
  /// The seconds below which no step can stay on the device; nil if it does not tell.
  public var leastSeconds: Double?

  /// Nil for a step that is soon done and of a usual size.
  ///
  /// - Parameters:
  ///   - programs: The programs of a step.
  ///   - leaves: Those of the leaves of a batch, where it is divided.
  ///   - others: Tensors of the data that lie beside them.
  ///   - device: The device that they are to run on.
  init?(
    _ programs: StepPrograms, leaves: LeafPrograms? = nil, beside others: [Tensor],
    on device: any Device
  ) {
    operations = leaves?.productOperations ?? programs.productOperations
    bytes = programs.bytes + others.reduce(0) { $0 + device.bytes(of: $1) }
    division = programs.description
    guard operations > StepPrograms.mostOperations || bytes > 1 << 30 else { return nil }
    leastSeconds = device.operationsPerSecond.map { operations / $0 }
  }
}
