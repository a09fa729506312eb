import COpenCL
import Compute
import Files

/// Runs a driver call and turns its status into an error that names both.
func call(_ name: @autoclosure () -> String, _ body: () -> cl_int) throws(DeviceError) {
  let status = body()
  guard status == CL_SUCCESS else { throw .callFailed(call: name(), code: codeName(status)) }
}

/// Runs a driver call that makes an object and reports its status through a pointer.
func make<Object>(
  _ name: String, _ body: (UnsafeMutablePointer<cl_int>) -> Object?
) throws(DeviceError) -> Object {
  var status = CL_SUCCESS
  let object = body(&status)
  guard status == CL_SUCCESS, let object else {
    throw .callFailed(call: name, code: codeName(status))
  }
  return object
}

/// Reads a string through one of the driver's two-step info calls.
func infoString(
  _ query: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int
) -> String {
  var size = 0
  guard query(0, nil, &size) == CL_SUCCESS, size > 0 else { return "" }
  var bytes = [UInt8](repeating: 0, count: size)
  guard query(size, &bytes, nil) == CL_SUCCESS else { return "" }
  let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  let spaces: Set<Character> = [" ", "\n", "\t"]
  return onOneLine(
    String(text.drop { spaces.contains($0) }.reversed().drop { spaces.contains($0) }.reversed()))
}

/// The name of a status code, as the headers spell it.
func codeName(_ status: cl_int) -> String {
  let names: [cl_int: String] = [
    CL_DEVICE_NOT_FOUND: "CL_DEVICE_NOT_FOUND",
    CL_DEVICE_NOT_AVAILABLE: "CL_DEVICE_NOT_AVAILABLE",
    CL_COMPILER_NOT_AVAILABLE: "CL_COMPILER_NOT_AVAILABLE",
    CL_MEM_OBJECT_ALLOCATION_FAILURE: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
    CL_OUT_OF_RESOURCES: "CL_OUT_OF_RESOURCES",
    CL_OUT_OF_HOST_MEMORY: "CL_OUT_OF_HOST_MEMORY",
    CL_BUILD_PROGRAM_FAILURE: "CL_BUILD_PROGRAM_FAILURE",
    CL_INVALID_VALUE: "CL_INVALID_VALUE",
    CL_INVALID_DEVICE: "CL_INVALID_DEVICE",
    CL_INVALID_CONTEXT: "CL_INVALID_CONTEXT",
    CL_INVALID_COMMAND_QUEUE: "CL_INVALID_COMMAND_QUEUE",
    CL_INVALID_MEM_OBJECT: "CL_INVALID_MEM_OBJECT",
    CL_INVALID_BINARY: "CL_INVALID_BINARY",
    CL_INVALID_BUILD_OPTIONS: "CL_INVALID_BUILD_OPTIONS",
    CL_INVALID_PROGRAM: "CL_INVALID_PROGRAM",
    CL_INVALID_PROGRAM_EXECUTABLE: "CL_INVALID_PROGRAM_EXECUTABLE",
    CL_INVALID_KERNEL_NAME: "CL_INVALID_KERNEL_NAME",
    CL_INVALID_KERNEL: "CL_INVALID_KERNEL",
    CL_INVALID_ARG_INDEX: "CL_INVALID_ARG_INDEX",
    CL_INVALID_ARG_VALUE: "CL_INVALID_ARG_VALUE",
    CL_INVALID_ARG_SIZE: "CL_INVALID_ARG_SIZE",
    CL_INVALID_KERNEL_ARGS: "CL_INVALID_KERNEL_ARGS",
    CL_INVALID_WORK_GROUP_SIZE: "CL_INVALID_WORK_GROUP_SIZE",
    CL_INVALID_WORK_ITEM_SIZE: "CL_INVALID_WORK_ITEM_SIZE",
    CL_INVALID_GLOBAL_WORK_SIZE: "CL_INVALID_GLOBAL_WORK_SIZE",
    CL_INVALID_BUFFER_SIZE: "CL_INVALID_BUFFER_SIZE",
    CL_INVALID_OPERATION: "CL_INVALID_OPERATION",
    -1001: "CL_PLATFORM_NOT_FOUND_KHR",
  ]
  return names[status].map { "\($0) (\(status))" } ?? "status \(status)"
}
