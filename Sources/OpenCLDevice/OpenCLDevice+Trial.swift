import Compute

/// Kernels that a process is about to be the first to use.
public struct UntriedKernels {
  public let device: OpenCLDevice
  /// The families of operations that they carry out.
  public let families: Set<Compute.Operation.Family>
  /// A small program for each of their maps.
  public let maps: [Program]
  /// Small programs of the products that are compiled into walks.
  public let products: [Program]

  /// True if a program runs on these kernels, so that trying it compiles nothing.
  public func serve(_ program: Program, protection: Protection) -> Bool {
    device.isReady(for: program, protection: protection)
  }
}

/// The findings of a trial.
public struct TrialFindings {
  /// The families of operations of which something was run; of the others nothing can be run.
  public var families: Set<Compute.Operation.Family>
  /// The maps that were run, by their places; the others are tried at the next start.
  public var maps: Set<Int>
  /// The case that failed, and how; nil if none did.
  public var failure: String?

  public init(
    families: Set<Compute.Operation.Family>, maps: Set<Int> = [], failure: String? = nil
  ) {
    self.families = families
    self.maps = maps
    self.failure = failure
  }
}

/// The findings of trials of a module's kernels.
struct Verdict: Hashable, Codable {
  /// The families of operations that passed, by their kernels' names, and the maps, by their numbers.
  var passed: Set<String> = []
  /// The families of which no case runs on these kernels. They are no reason for another trial.
  var untried: Set<String> = []
  /// The case that failed, and how.
  var failure: String?
}

extension OpenCLDevice {
  /// A trial of kernels before they are first used. What it throws is no finding, and nothing is kept of it.
  public typealias Trial = (UntriedKernels) throws(DeviceError) -> TrialFindings

  /// The kernels of a module, and what of them is to be tried.
  private struct Candidate {
    let library: KernelLibrary
    let families: Set<Compute.Operation.Family>
    /// Those that can be run, in the order of their numbers.
    let maps: [MapSignature]
    /// The forms of products, if those are to be tried.
    let forms: Set<Int>

    init(_ module: KernelModule, of device: OpenCLDevice) throws(DeviceError) {
      let library = try device.library(module)
      self.library = library
      families = module.families.filter { !library.verdict.passed.contains($0.kernelName) }
      forms = families.contains(.multiply) ? module.forms : []
      maps = module.maps.subtracting(library.postponed)
        .map { (number: library.maps[$0] ?? 0, signature: $0) }
        .filter {
          !library.verdict.passed.contains(Self.name(ofMap: $0.number))
            && device.isReady(for: $0.signature.example, protection: .none)
        }
        .sorted { $0.number < $1.number }.map(\.signature)
    }

    static func name(ofMap number: Int) -> String { "map_\(number)" }

    /// True if a trial would find out something.
    var isReason: Bool {
      !maps.isEmpty || families.contains { !library.verdict.untried.contains($0.kernelName) }
    }
  }

  /// Tries the kernels of modules, but for what is known of them; throws if they failed.
  func tryOut(_ modules: [KernelModule]) throws(DeviceError) {
    guard let trial else { return }
    // What the trial itself runs is not tried before.
    self.trial = nil
    defer { self.trial = trial }
    // Of several modules that hold an operation, a trial runs on one: those of a file have a trial each.
    var rest = modules
    while !rest.isEmpty {
      let together = rest.enumerated().filter { index, module in
        !rest[..<index].contains { $0.file == module.file }
      }.map(\.element)
      rest.removeAll(where: together.contains)
      try tryOut(together, trial)
    }
  }

  private func tryOut(_ modules: [KernelModule], _ trial: Trial) throws(DeviceError) {
    var candidates: [Candidate] = []
    for module in modules { candidates.append(try Candidate(module, of: self)) }
    let libraries = candidates.map(\.library)
    let isKnown = libraries.contains { $0.verdict.failure != nil }
    if !isKnown, candidates.contains(where: \.isReason) {
      prefer(libraries)
      try find(candidates, trial)
    }
    for library in libraries {
      guard let failure = library.verdict.failure else { continue }
      throw .wrongResults(
        device: driverName, case: failure, record: library.verdictPath)
    }
  }

  /// Tries kernels and keeps what is found.
  private func find(_ candidates: [Candidate], _ trial: Trial) throws(DeviceError) {
    let maps = candidates.flatMap(\.maps)
    let kernels = UntriedKernels(
      device: self,
      families: candidates.reduce(into: maps.isEmpty ? [] : [.map]) {
        $0.formUnion($1.families)
      }, maps: maps.map(\.example),
      products: candidates.compactMap { Multiply.example(of: $0.forms) })
    let findings = try trial(kernels)
    let passed = Set(findings.maps.map { maps[$0] })
    for candidate in candidates {
      let library = candidate.library
      library.verdict.failure = findings.failure
      if findings.failure == nil {
        let families = candidate.families
        library.verdict.passed.formUnion(
          families.intersection(findings.families).map(\.kernelName)
            + candidate.maps.filter(passed.contains).map {
              Candidate.name(ofMap: library.maps[$0] ?? 0)
            })
        library.verdict.untried.formUnion(families.map(\.kernelName))
        library.verdict.untried.subtract(library.verdict.passed)
        library.postponed.formUnion(candidate.maps.filter { !passed.contains($0) })
      }
      library.storeVerdict()
    }
  }

  /// The device and its driver, for who wants another.
  private var driverName: String {
    "\(description.name) (\(description.platform), driver \(description.driver))"
  }

  /// True if all kernels that a program needs are compiled or loaded.
  func isReady(for program: Program, protection: Protection) -> Bool {
    sequence(of: program, protection).modules.allSatisfy { module in
      loaded.contains { $0.module.contains(module) }
    }
  }
}
