import COpenCL
import Compute

extension OpenCLDevice {
  /// The modules of programs, compiled or loaded. The first programs settle the tuning: it is the first with
  /// which their kernels compile and take its work-groups. There may be room for fewer work-items than the
  /// device names.
  func load(_ programs: [Program], protection: Protection) throws(DeviceError) -> [KernelModule] {
    let sequences = programs.map { sequence(of: $0, protection) }
    // A run has a handful of programs, whose kernels are tried as one; conformance has hundreds.
    let modules = KernelModule.joined(
      sequences.flatMap(\.modules), largest: programs.count > 20 ? tuning.largestModule : .max)
    let isSettled = programs.isEmpty || otherTunings.isEmpty
    do throws(DeviceError) {
      for module in modules { _ = try library(module) }
    } catch {
      guard case .compilationFailed = error, !isSettled else { throw error }
      takeNextTuning()
      return try load(programs, protection: protection)
    }
    if isSettled { return modules }
    for sequence in sequences {
      if try takesGroups(of: sequence) { continue }
      takeNextTuning()
      return try load(programs, protection: protection)
    }
    otherTunings = []
    return modules
  }

  /// The launches of a program whose memory is not known yet.
  func sequence(of program: Program, _ protection: Protection) -> LaunchSequence {
    LaunchSequence(
      program, tuning: tuning, computeUnits: description.computeUnits, parameters: [],
      fusion: .of(protection))
  }

  /// True if each kernel takes the work-groups that its launches have.
  private func takesGroups(of sequence: LaunchSequence) throws(DeviceError) -> Bool {
    for launch in sequence.launches where launch.localSize > 1 {
      let library = try library(sequence.module(of: launch))
      let handle = try library.kernel(launch.kernel.name)
      defer { clReleaseKernel(handle) }
      if library.largestGroup(of: handle) < launch.localSize { return false }
    }
    return true
  }
}
