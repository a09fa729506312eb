import Compute
import Foundation

extension ReferenceExecutable {
  func run(_ operation: LogMean) {
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    for image in output.indices {
      let mean = self[operation.sum][image] / Double(operation.count)
      output[image] +=
        Double(operation.scale)
        * (self[operation.maximum][image] + log(mean) / Double(operation.temperature))
    }
    self[operation.output] = output
  }
}
