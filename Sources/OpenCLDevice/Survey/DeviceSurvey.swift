import Compute
import Files
import Foundation

/// A look at every device from processes of their own, so that a driver that crashes or hangs costs
/// nothing but its own results.
///
/// The program that is run writes, as JSON, a `DeviceListing` of its process if it is called with
/// "all", and a `Trial` of a device if it is called with the device's index.
public struct DeviceSurvey {
  /// The outcome of trying a device.
  public struct Trial: Codable, Sendable {
    public var text: String
    public var passes: Bool

    public init(text: String, passes: Bool) {
      self.text = text
      self.passes = passes
    }
  }

  private let program: URL
  private let arguments: [String]
  private let limit: Double

  /// - Parameters:
  ///   - program: The program's file.
  ///   - arguments: What comes before "all" or an index.
  ///   - limit: The seconds that a driver may take for each.
  public init(program: URL, arguments: [String], limit: Double) {
    self.program = program
    self.arguments = arguments
    self.limit = limit
  }

  /// Lists the devices, and tries each. A driver with which the list cannot be had is left out of it.
  ///
  /// - Parameter progress: Told of each device when it has been tried.
  public func run(_ progress: (DeviceListing.Entry) throws -> Void = { _ in }) throws
    -> DeviceListing
  {
    let whole = try listing(in: [:])
    guard case .failure(let problem) = whole else {
      return try tried(whole.get(), in: [:], progress)
    }
    var result = DeviceListing(devices: [], problems: [])
    let files: [URL]
    do throws(FileAccessError) {
      files = try DriverFiles.all()
    } catch {
      result.problems = ["OpenCL's loader \(problem.text). \(error)"]
      return result
    }
    if files.isEmpty { result.problems = ["OpenCL's loader \(problem.text)."] }
    for file in files {
      let part = try DriverFiles.alone(file) { environment in
        switch try listing(in: environment) {
        case .success(let listing): try tried(listing, in: environment, progress)
        case .failure(let problem):
          DeviceListing(
            devices: [],
            problems: [
              "\(file.path): its driver \(problem.text). Nothing runs on OpenCL while it is "
                + "installed; without it, OCL_ICD_VENDORS names a folder with the others' files."
            ])
        }
      }
      result.devices += part.devices
      result.problems += part.problems
    }
    return result
  }

  private struct Problem: Error {
    var text: String
  }

  private func listing(
    in environment: [String: String]
  ) throws -> Result<DeviceListing, Problem> {
    let child = try ChildProcess(
      program, arguments + ["all"], environment: environment, limit: limit)
    if let problem = child.problem { return .failure(Problem(text: problem)) }
    // A driver may write what it likes between the lines.
    guard let listing = try? JSONDecoder().decode(DeviceListing.self, from: child.output) else {
      return .failure(Problem(text: "said what is no list of devices"))
    }
    return .success(listing)
  }

  /// The listing with each of its devices tried.
  private func tried(
    _ listing: DeviceListing, in environment: [String: String],
    _ progress: (DeviceListing.Entry) throws -> Void
  ) throws -> DeviceListing {
    var listing = listing
    for place in listing.devices.indices {
      let child = try ChildProcess(
        program, arguments + ["\(listing.devices[place].index)"], environment: environment,
        limit: limit)
      let trial =
        (try? JSONDecoder().decode(Trial.self, from: child.output))
        ?? Trial(text: "FAILED: its driver \(child.problem ?? "said nothing")", passes: false)
      listing.devices[place].smokeTest = trial.text
      listing.devices[place].works = trial.passes
      try progress(listing.devices[place])
    }
    return listing
  }
}
