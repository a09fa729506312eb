import Commands
import Compute
import Experiments
import Files
import Foundation
import IWAE

/// The parser that is tried, which `FUZZ_TARGET` names; nil for none.
private let parser = ProcessInfo.processInfo.environment["FUZZ_TARGET"].flatMap { Parser.all[$0] }

/// Where no parser is named, lists all, and puts what each begins with into the folder `FUZZ_FOLDER`.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutableRawPointer, _: UnsafeMutableRawPointer) -> CInt {
  if parser != nil { return 0 }
  let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["FUZZ_FOLDER"]!)
  for (name, parser) in Parser.all.sorted(by: { $0.key < $1.key }) {
    try! parser.writeBeginnings(to: folder.appending(path: name))
    print(name)
  }
  exit(0)
}

/// Lets the parser read an input. It may refuse it, in words; all else ends the process.
///
/// - Returns: -1 for an input of another parser, which is not to be built upon.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try parser!.read([UInt8](UnsafeBufferPointer(start: start, count: count)))
  } catch {
    let text: String
    switch error {
    case is OtherFormat: return -1
    case let error as UsageError: text = error.message
    case is FormatError, is FormulaError, is DescriptionError, is ConfigurationError,
      is CommandError, is FileAccessError:
      text = "\(error)"
    default: fatalError("an error of a type that is not ours: \(type(of: error)): \(error)")
    }
    precondition(text.contains { !$0.isWhitespace }, "\(type(of: error)) without words")
  }
  return 0
}
