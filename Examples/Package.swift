// swift-tools-version: 6.1
import PackageDescription

/// A program of one file that uses the library's products.
func example(_ name: String, _ products: String...) -> Target {
  .executableTarget(
    name: name, dependencies: products.map { .product(name: $0, package: "iwae-gpu") })
}

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "iwae-gpu", path: "..")],
  targets: [
    example("OwnArray", "Compute", "Datasets", "Experiments", "IWAE", "OpenCLDevice"),
    example("OwnObjective", "Compute", "Datasets", "IWAE", "OpenCLDevice"),
    example("OwnDensity", "Compute", "IWAE", "OpenCLDevice"),
    example("OwnInstrument", "Datasets", "IWAE", "OpenCLDevice"),
  ]
)
