import Foundation

/// PoCL's threads wander between processors unless it is told to keep each on its own, and a thread
/// that wanders halfway through a launch makes it wait: a matrix product takes 1.5 ms or 2.1 ms by
/// chance.
enum ProcessorAffinity {
  /// Asks PoCL to keep its threads in place. It reads the environment when it is loaded, so this
  /// comes before the first OpenCL call. What the user set stays, and a process that may not use
  /// every processor is left alone, because PoCL counts from the first.
  static func keepThreadsInPlace() {
    let process = ProcessInfo.processInfo
    if process.activeProcessorCount == process.processorCount {
      setenv("POCL_AFFINITY", "1", 0)
    }
  }
}
