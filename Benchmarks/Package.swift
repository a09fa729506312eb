// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "iwae-gpu", path: "..")],
  targets: [
    .executableTarget(
      name: "measure",
      dependencies: [
        .product(name: "Compute", package: "iwae-gpu"),
        .product(name: "OpenCLDevice", package: "iwae-gpu"),
      ])
  ]
)
