import COpenCL
import Compute

extension DeviceList {
  static func describe(
    _ device: cl_device_id, _ platform: cl_platform_id, index: Int
  ) -> DeviceDescription {
    var unanswered: String?
    // What a driver does not know of its device matters little; one that fails may say anything.
    func asked(_ status: cl_int) -> cl_int {
      if status != CL_SUCCESS, status != CL_INVALID_VALUE, unanswered == nil {
        unanswered =
          "its driver fails where it is asked of it (\(codeName(status))). Try again, and install another "
          + "driver if that stays."
      }
      return status
    }
    func text(_ key: Int32) -> String {
      infoString { asked(clGetDeviceInfo(device, cl_device_info(key), $0, $1, $2)) }
    }
    func platformText(_ key: Int32) -> String {
      infoString { asked(clGetPlatformInfo(platform, cl_platform_info(key), $0, $1, $2)) }
    }
    func number<Value: FixedWidthInteger>(_ key: Int32, _ type: Value.Type) -> Int {
      var value: Value = 0
      let status = asked(
        clGetDeviceInfo(device, cl_device_info(key), MemoryLayout<Value>.size, &value, nil))
      return status == CL_SUCCESS ? Int(clamping: value) : 0
    }
    func isTrue(_ key: Int32) -> Bool { number(key, cl_bool.self) != 0 }
    let type = number(CL_DEVICE_TYPE, cl_device_type.self)
    let kind: DeviceDescription.Kind =
      type & 4 != 0 ? .gpu : type & 2 != 0 ? .cpu : .accelerator
    let problem = problem(
      isAvailable: isTrue(CL_DEVICE_AVAILABLE), hasCompiler: isTrue(CL_DEVICE_COMPILER_AVAILABLE),
      isLittleEndian: isTrue(CL_DEVICE_ENDIAN_LITTLE), profile: text(CL_DEVICE_PROFILE),
      versions: [text(CL_DEVICE_VERSION), text(CL_DEVICE_OPENCL_C_VERSION)])
    return DeviceDescription(
      index: index,
      name: text(CL_DEVICE_NAME),
      platform: platformText(CL_PLATFORM_NAME),
      platformVersion: platformText(CL_PLATFORM_VERSION),
      kind: kind,
      version: text(CL_DEVICE_VERSION),
      driver: text(CL_DRIVER_VERSION),
      computeUnits: max(1, number(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint.self)),
      memoryBytes: number(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong.self),
      largestAllocationBytes: number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong.self),
      localMemoryBytes: number(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong.self),
      largestWorkGroup: max(
        1, min(number(CL_DEVICE_MAX_WORK_GROUP_SIZE, Int.self), longestRow(of: device))),
      vectorWidth: number(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint.self),
      sharesHostMemory: isTrue(CL_DEVICE_HOST_UNIFIED_MEMORY),
      // All has been asked by now.
      problem: unanswered ?? problem,
      handle: .init(device: device))
  }

  /// The most work-items that a group may have side by side.
  private static func longestRow(of device: cl_device_id) -> Int {
    var size = 0
    let key = cl_device_info(CL_DEVICE_MAX_WORK_ITEM_SIZES)
    guard clGetDeviceInfo(device, key, 0, nil, &size) == CL_SUCCESS, size > 0 else { return .max }
    var sizes = [Int](repeating: 0, count: size / MemoryLayout<Int>.size)
    guard clGetDeviceInfo(device, key, size, &sizes, nil) == CL_SUCCESS else { return .max }
    return sizes.first ?? .max
  }

  /// Why nothing can run on a device; nil if something can.
  ///
  /// - Parameters:
  ///   - isAvailable: True if the driver says that it is there.
  ///   - hasCompiler: True if kernels can be compiled for it.
  ///   - isLittleEndian: True if numbers lie there with their last byte first.
  ///   - profile: `FULL_PROFILE` or `EMBEDDED_PROFILE`.
  ///   - versions: Those of OpenCL and of OpenCL C, as drivers write them.
  static func problem(
    isAvailable: Bool = true, hasCompiler: Bool = true, isLittleEndian: Bool = true,
    profile: String = "FULL_PROFILE", versions: [String] = []
  ) -> String? {
    if !isAvailable {
      return "its driver says that it is not available. See that it is switched on, that no other "
        + "process has it for itself, and that the driver fits it."
    }
    if !hasCompiler {
      return "its driver has no compiler for kernels. Install the vendor's full OpenCL driver."
    }
    if let old = versions.first(where: isBefore12) {
      return "its driver offers \(old), and kernels need 1.2. Install a newer driver."
    }
    if profile == "EMBEDDED_PROFILE" {
      return "its driver offers OpenCL's embedded profile, which may round otherwise than results "
        + "that are to be the same everywhere can bear. Install a driver with the full profile."
    }
    return isLittleEndian ? nil : "it is big-endian, which kernels are not written for."
  }

  /// True of a version such as "OpenCL 1.1 Mesa" or "OpenCL C 1.1".
  private static func isBefore12(_ version: String) -> Bool {
    guard let number = version.split(separator: " ").first(where: { $0.first?.isNumber == true })
    else { return false }
    let parts = number.split(separator: ".").compactMap { Int($0) }
    return parts.count >= 2 && (parts[0], parts[1]) < (1, 2)
  }
}
