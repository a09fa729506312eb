import COpenCL
import Compute

extension OpenCLDevice {
  /// True if compiled kernels take the work-groups that the tuning wants: the registers that they need
  /// may leave room for fewer work-items than the device names. Panels have groups of one.
  func groupsFit() throws(DeviceError) -> Bool {
    guard tuning.schedule == .tiles else { return true }
    let library = try library(KernelModule(file: .tiles))
    let products = [false, true].map { (Kernel.product(transposed: $0), tuning.productGroup) }
    let rows = Compute.Operation.Family.allCases.filter { $0.kernels.hasRowKernel }
      .map { (Kernel.row($0), tuning.groupSize) }
    for (kernel, wanted) in products + rows {
      let kernel = try library.kernel(kernel.name(maps: [:]))
      defer { clReleaseKernel(kernel) }
      if library.largestGroup(of: kernel) < wanted { return false }
    }
    return true
  }
}
