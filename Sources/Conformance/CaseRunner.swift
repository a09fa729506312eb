import Compute
import ReferenceDevice

/// The result of one case.
public struct CaseResult: Sendable {
  public enum Outcome: Sendable {
    case passed
    case failed([String])
    /// The device says that it cannot do an operation, and why.
    case skipped(String)
  }

  public let name: String
  public let outcome: Outcome
  /// The largest ratio of an error to what is allowed, and the error itself.
  public let ratio: Double
  public let error: Double
  /// True if an error beyond its limit passed, for rounding alone makes one as large.
  public var isIllConditioned = false

  public var failures: [String] {
    if case .failed(let messages) = outcome { messages } else { [] }
  }
}

/// The results of a table of cases.
public struct ConformanceReport: Sendable {
  public let results: [CaseResult]

  public init(_ results: [CaseResult]) {
    self.results = results
  }

  public var failures: [CaseResult] { results.filter { !$0.failures.isEmpty } }

  public var skipped: [CaseResult] {
    results.filter { if case .skipped = $0.outcome { true } else { false } }
  }

  public var illConditioned: [CaseResult] { results.filter(\.isIllConditioned) }

  /// The case that came closest to failing, or failed worst.
  public var worst: CaseResult? {
    results.max { $0.ratio < $1.ratio || $1.ratio.isNaN }
  }

  /// True if cases ran, none failed, and at most one in fifty was excused. A table that ran nothing has
  /// shown nothing.
  public var passes: Bool {
    results.count > skipped.count && failures.isEmpty
      && illConditioned.count <= max(1, results.count / 50)
  }
}

/// Runs cases on a device and on the reference device.
public struct CaseRunner {
  private let device: any Device
  private let reference = ReferenceDevice()

  public init(_ device: any Device) {
    self.device = device
  }

  /// Runs a table; `progress` is told of each result.
  public func run(
    _ cases: [ConformanceCase], progress: (CaseResult) -> Void = { _ in }
  ) -> ConformanceReport {
    var results: [CaseResult] = []
    for start in stride(from: 0, to: cases.count, by: Self.preparedTogether) {
      let part = cases[start..<min(start + Self.preparedTogether, cases.count)]
      prepare(part)
      for item in part {
        let result = run(item)
        progress(result)
        results.append(result)
      }
    }
    return ConformanceReport(results)
  }

  /// The cases whose programs are made ready together.
  private static let preparedTogether = 200

  /// Makes a device ready for some cases. A failure is not told here: the case that needs what could
  /// not be made fails of it.
  private func prepare(_ cases: ArraySlice<ConformanceCase>) {
    for protection in [Protection.guarded, .none] {
      try? device.prepare(
        cases.filter { $0.protection == protection }.map(\.program), protection: protection)
    }
  }

  /// Runs one case.
  public func run(_ item: ConformanceCase) -> CaseResult {
    do throws(DeviceError) {
      return try attempt(item)
    } catch {
      return CaseResult(
        name: item.name, outcome: .failed(["\(error)"]), ratio: .infinity, error: .infinity)
    }
  }

  /// Runs one case, unless the device cannot for a reason that may pass.
  func attempt(_ item: ConformanceCase) throws(DeviceError) -> CaseResult {
    for operation in item.program.operations {
      if let reason = device.obstacle(to: operation) {
        return CaseResult(
          name: item.name, outcome: .skipped("\(operation.kind): \(reason)"), ratio: 0, error: 0)
      }
    }
    let expected = try execute(item, on: reference)
    let found = try execute(item, on: device)
    let result = judge(item, expected.values, found.values, damage: found.damage)
    guard item.mayBeIllConditioned, !result.failures.isEmpty else { return result }
    return judge(
      item, expected.values, found.values, damage: found.damage,
      roundings: try roundingErrors(item, expected.values))
  }

  /// The values that a case compares, as a device computes them, and what it wrote astray.
  func execute(
    _ item: ConformanceCase, on device: any Device
  ) throws(DeviceError) -> (values: [HostValues], damage: [String]) {
    let memory = try device.allocate(item.shared, protection: item.protection)
    let executable = try device.compile(item.program, on: memory, protection: item.protection)
    // Whatever is written must be written in full: start from NaN, inputs excepted.
    let outputs = item.program.tensors.filter {
      switch $0.role {
      case .output, .temporary, .gradient: item.values[$0] == nil
      case .parameter, .firstMoment, .secondMoment, .average, .accumulator, .resident, .state,
        .input:
        false
      }
    }
    try executable.poison(outputs)
    for (tensor, values) in item.values { try executable.upload(values, to: tensor) }
    var control = item.control
    for _ in 0..<item.runs {
      try executable.run(control)
      control.step &+= 1
      control.batchOffset &+= item.batchAdvance
    }
    try executable.finish()
    var values: [HostValues] = []
    for check in item.checks { values.append(try executable.download(check.tensor)) }
    return (values, try executable.damage())
  }
}

extension CaseResult {
  /// The same result with the schedule or device in its name.
  public func labelled(_ label: String) -> CaseResult {
    CaseResult(
      name: "\(name) on \(label)", outcome: outcome, ratio: ratio, error: error,
      isIllConditioned: isIllConditioned)
  }
}
