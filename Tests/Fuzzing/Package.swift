// swift-tools-version: 6.1
import PackageDescription

/// The command line's parser is part of a program: its files are compiled here once more.
let commandLine = [
  "DataOptions", "DensityOptions", "ModelOptions", "ObjectiveOptions", "RunOptions",
].map { "Program/\($0).swift" }

let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "iwae-gpu", path: "../..")],
  targets: [
    .executableTarget(
      name: "Fuzzing",
      dependencies: [
        "Artifacts", "Commands", "Compute", "Datasets", "Experiments", "Files", "IWAE", "Report",
      ]
      .map { .product(name: $0, package: "iwae-gpu") },
      path: ".", sources: ["Sources"] + commandLine,
      // libFuzzer has the function `main`.
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ]
)
