// swift-tools-version: 6.1
import PackageDescription

#if os(macOS)
  // Apple ships OpenCL as a framework; everything else finds the loader through pkg-config.
  let openCL = Target.systemLibrary(name: "COpenCL")
  let openCLLinking: [LinkerSetting] = [.linkedFramework("OpenCL")]
#else
  let openCL = Target.systemLibrary(
    name: "COpenCL",
    pkgConfig: "OpenCL",
    providers: [.apt(["ocl-icd-opencl-dev"]), .brew(["opencl-icd-loader", "opencl-headers"])])
  let openCLLinking: [LinkerSetting] = []
#endif

// The operations have a folder of their own, which is embedded whole.
let kernelSources =
  [
    "descriptor", "lanes", "numerics", "peak", "special", "sums", "tiles", "turn", "walk",
  ].map { "\($0).cl" } + ["operations"]

// scripts/install and scripts/package say which commit they build; other builds do not know.
let commit = Context.environment["IWAE_GPU_COMMIT"] ?? ""

let package = Package(
  name: "iwae-gpu",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "Files", targets: ["Files"]),
    .library(name: "Compute", targets: ["Compute"]),
    .library(name: "ReferenceDevice", targets: ["ReferenceDevice"]),
    .library(name: "OpenCLDevice", targets: ["OpenCLDevice"]),
    .library(name: "IWAE", targets: ["IWAE"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Artifacts", targets: ["Artifacts"]),
    .library(name: "Report", targets: ["Report"]),
    .library(name: "Experiments", targets: ["Experiments"]),
    .library(name: "Conformance", targets: ["Conformance"]),
    .library(name: "Commands", targets: ["Commands"]),
    .executable(name: "iwae-gpu", targets: ["iwae-gpu"]),
  ],
  traits: [
    .trait(name: "MPI", description: "Runs of many processes, which MPI starts and connects.")
  ],
  targets: [
    openCL,
    .systemLibrary(
      name: "CMPI", pkgConfig: "mpi", providers: [.apt(["libmpich-dev"]), .brew(["mpich"])]),
    .target(name: "Kernels", path: "kernels", resources: kernelSources.map { .embedInCode($0) }),
    .target(name: "Files"),
    .target(name: "Compute"),
    .target(name: "ReferenceDevice", dependencies: ["Compute"]),
    .target(
      name: "OpenCLDevice", dependencies: ["Compute", "Files", "Kernels", "COpenCL"],
      linkerSettings: openCLLinking),
    .target(name: "Conformance", dependencies: ["Compute", "ReferenceDevice", "IWAE"]),
    .target(name: "IWAE", dependencies: ["Compute"]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .target(
      name: "Datasets", dependencies: ["Compute", "IWAE", "Files", "CZlib", "CPNG", "CCurl"]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .target(name: "Report", dependencies: ["CPNG", "Files"]),
    .target(name: "Artifacts", dependencies: ["Compute", "IWAE", "Files"]),
    .target(
      name: "Experiments",
      dependencies: [
        "Compute", "IWAE", "Files", "Artifacts", "Datasets", "Report",
        .target(name: "CMPI", condition: .when(traits: ["MPI"])),
      ]),
    .target(
      name: "BuildFacts",
      cSettings: commit.isEmpty ? [] : [.define("COMMIT", to: "\"\(commit)\"")]),
    .target(name: "Commands", dependencies: ["Compute", "Experiments", "Files", "Report"]),
    .executableTarget(
      name: "iwae-gpu",
      dependencies: [
        "BuildFacts", "Commands", "Experiments",
        "Compute", "ReferenceDevice", "OpenCLDevice", "Conformance", "IWAE", "Artifacts",
        "Datasets", "Report", "Files",
      ]),
    .testTarget(name: "FilesTests", dependencies: ["Files"]),
    .target(name: "RandomFormulas", dependencies: ["Compute"], path: "Tests/RandomFormulas"),
    .testTarget(name: "ComputeTests", dependencies: ["Compute", "RandomFormulas", "Conformance"]),
    .testTarget(name: "ReferenceDeviceTests", dependencies: ["ReferenceDevice", "Compute"]),
    .testTarget(
      name: "OpenCLDeviceTests",
      dependencies: [
        "OpenCLDevice", "ReferenceDevice", "Conformance", "IWAE", "Kernels", "RandomFormulas",
      ]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["Conformance", "ReferenceDevice", "Compute", "IWAE"]),
    .testTarget(name: "ArtifactsTests", dependencies: ["Artifacts", "Compute", "IWAE", "Files"]),
    .testTarget(
      name: "IWAETests",
      dependencies: [
        "IWAE", "ReferenceDevice", "OpenCLDevice", "Artifacts", "Datasets", "Files", "Conformance",
      ],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["Datasets", "IWAE", "Artifacts", "Compute", "CZlib", "Files"]),
    .testTarget(name: "ReportTests", dependencies: ["Report", "Artifacts", "Files"]),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Experiments", "Artifacts", "Compute", "Datasets", "Files", "IWAE", "OpenCLDevice",
        "ReferenceDevice", "Report", "Conformance",
      ],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "iwae-gpu", "Artifacts", "Commands", "Datasets", "Experiments", "Files", "IWAE",
        "OpenCLDevice",
        "ReferenceDevice", "Report",
      ]),
  ]
)
