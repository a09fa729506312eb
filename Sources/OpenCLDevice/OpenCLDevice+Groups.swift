import COpenCL
import Compute

extension OpenCLDevice {
  /// True if the kernels of products and sums take the work-groups that the tuning wants: there may be
  /// room for fewer work-items than the device names. Walks, which depend on programs, are asked when they
  /// are bound. Panels have groups of one.
  func groupsFit() throws(DeviceError) -> Bool {
    guard tuning.schedule == .tiles else { return true }
    let wanted = [
      (Kernel.product(transposed: false), tuning.productGroup),
      (.product(transposed: true), tuning.productGroup), (.sum, tuning.sumGroup),
    ]
    for (kernel, items) in wanted {
      let library = try library(KernelModule(file: kernel.file))
      let handle = try library.kernel(kernel.name)
      defer { clReleaseKernel(handle) }
      if library.largestGroup(of: handle) < items { return false }
    }
    return true
  }
}
