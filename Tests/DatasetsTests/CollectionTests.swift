import Artifacts
import Files
import Foundation
import IWAE
import Testing

@testable import Datasets

private func collection(
  _ bytes: [UInt8], variable: String? = nil
) throws -> ImageCollection {
  try ImageCollection(
    DataFile(FileBytes(bytes, name: "t"), limit: 1 << 24), variable: variable, name: "t")
}

@Suite struct CollectionTests {
  @Test func silhouettesAreTurnedAndInverted() throws {
    // One bright pixel of paper in the second row, first column: dark everywhere else.
    var first = [UInt8](repeating: 0, count: 784)
    first[1] = 1
    let second = [UInt8](repeating: 1, count: 784)
    let rows = (0..<784).flatMap { [first[$0], second[$0]] }
    func part(_ name: String) -> Build.Variable {
      .init(name: name, shape: [2, 784], content: rows)
    }
    let labels = { Build.Variable(name: $0, shape: [2, 1], content: [4, 9]) }
    let images = try collection(
      Build.matlab(
        [
          part("train_data"), part("val_data"), part("test_data"), labels("train_labels"),
          .init(name: "classnames", shape: [1, 2], classCode: 1, content: [0, 0]),
        ], isCompressed: true))
    #expect(images.parts.map(\.images.count) == [2, 2, 2])
    #expect(images.training.labels == [4, 9] && images.test?.labels == nil)
    let pixels = images.training.pixels(of: 0)
    #expect(pixels.enumerated().filter { $0.element == 0 }.map(\.offset) == [28])
    #expect(images.training.pixels(of: 1).allSatisfy { $0 == 0 })
    #expect(images.training.height == 28)
  }

  @Test func columnsOfFreyAndOmniglotAreImages() throws {
    let faces = (0..<3).flatMap { face in (0..<560).map { UInt8(($0 + face) % 251) } }
    let frey = try collection(
      Build.matlab([.init(name: "ff", shape: [560, 3], content: faces)], isCompressed: false))
    #expect(frey.training.count == 3 && frey.training.height == 28)
    #expect(frey.training.values == .bytes(faces))

    // Two characters of grey doubles, with their alphabets as a 1 among 0s.
    let ink = (0..<2).flatMap { image in (0..<784).map { $0 == 1 + image ? 0.5 : 0 } }
    func grey(_ name: String) -> Build.Variable {
      .init(name: name, shape: [784, 2], classCode: 6, typeCode: 9, content: ink.bytes)
    }
    func target(_ name: String) -> Build.Variable {
      .init(name: name, shape: [3, 2], content: [0, 1, 0, 1, 0, 0])
    }
    let omniglot = try collection(
      Build.matlab(
        [grey("data"), grey("testdata"), target("target"), target("testtarget")],
        isCompressed: true))
    #expect(omniglot.training.count == 2 && omniglot.test?.labels == [1, 0])
    #expect(omniglot.training.pixels(of: 0).firstIndex(of: 0.5) == 28)
    #expect(omniglot.training.pixels(of: 1).firstIndex(of: 0.5) == 56)
  }

  @Test func anArrayIsChosenByNameOrNotAtAll() throws {
    let one = Build.numPy([2, 4], [0, 1, 0, 1, 1, 1, 0, 0])
    let two = Build.numPy([3, 4], [UInt8](repeating: 1, count: 12))
    let labels = Build.numPy([2], [5, 6])
    func archive(_ files: (String, [UInt8])...) -> [UInt8] {
      Build.zip(files.map { (name: $0.0, content: $0.1) }, isDeflated: true)
    }
    #expect(try collection(archive(("foo.npy", one))).training.count == 2)
    let named = try collection(archive(("other.npy", two), ("X.npy", one), ("y.npy", labels)))
    #expect(named.training.count == 2 && named.training.labels == [5, 6])
    #expect(
      try collection(archive(("other.npy", two), ("X.npy", one)), variable: "other")
        .training.count == 3)
    let parts = try collection(archive(("x_train.npy", two), ("x_test.npy", one)))
    #expect(parts.training.count == 3 && parts.test?.count == 2)
    let narrow = Build.numPy([3, 2], [UInt8](repeating: 1, count: 6))
    let unfit = #expect(throws: FormatError.self) {
      try collection(archive(("x_train.npy", two), ("x_test.npy", narrow)))
    }
    #expect(
      unfit?.description.contains("has 4 values of type uint8, one for test 2") == true)
    let grey = Build.numPy([3, 4], [UInt8](repeating: 200, count: 12))
    // Levels of grey beside 0 and 1 are no data; counts may all be 0 and 1 in one part.
    let mixed = try collection(archive(("x_train.npy", grey), ("x_test.npy", one)))
    #expect(throws: SplitError.self) { try mixed.scaled(for: .unit).split() }
    #expect(try mixed.scaled(for: .counts).split().test.count == 2)
    let unclear = #expect(throws: FormatError.self) {
      try collection(archive(("foo.npy", one), ("bar.npy", two)))
    }
    #expect(unclear?.description.contains("'foo' [2, 4], 'bar' [3, 4]. Name one") == true)
    let wrong = #expect(throws: FormatError.self) {
      try collection(archive(("x.npy", two), ("y.npy", labels)))
    }
    #expect(wrong?.description.contains("the labels do not match the images: 3 images") == true)
  }

  @Test func shapesAndNumbersAreChecked() throws {
    func refused(_ bytes: [UInt8], _ reason: String) {
      let error = #expect(throws: FormatError.self) { try collection(bytes) }
      #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
    refused(Build.numPy([4], [1, 2, 3, 4]), "(N, D) or (N, H, W)")
    refused(Build.numPy([1, 2, 2, 3], [UInt8](repeating: 0, count: 12)), "(N, D)")
    #expect(try collection(Build.numPy([1, 1, 2, 3], [1, 2, 3, 4, 5, 6])).training.height == 2)
    refused(
      Build.numPy([2, 2], type: "<f4", ([1, .nan, -.infinity, 3] as [Float]).bytes),
      "image 2, value 1 is -inf; expected finite numbers, or NaN for missing values.")
  }

  @Test func labelsBesideImagesMustMatch() throws {
    let folder = try TemporaryFolder()
    let images = try folder.write("a-images-idx3-ubyte", Build.idx([2, 1, 1], [1, 2]))
    #expect(try ImageCollection(path: images).training.labels == nil)
    try folder.write("a-labels-idx1-ubyte", Build.idx([2], [7, 8]))
    #expect(try ImageCollection(path: images).training.labels == [7, 8])
    try folder.write("a-labels-idx1-ubyte", Build.idx([3], [7, 8, 9]))
    let error = #expect(throws: FormatError.self) { try ImageCollection(path: images) }
    #expect(error?.description.contains("2 images, labels of shape [3]") == true)
    #expect(error?.file.hasSuffix("a-labels-idx1-ubyte") == true)
    let archive = try folder.write(
      "b#c.npz", Build.zip([("a.npy", Build.numPy([2, 2], [0, 1, 1, 1]))], isDeflated: false))
    #expect(try ImageCollection(path: archive).training.count == 2)
    #expect(try ImageCollection(path: archive + "#a").training.count == 2)
  }
}

@Suite struct SplitTests {
  private func images(_ count: Int, from first: Int = 0) -> ImageSet {
    ImageSet(
      name: "t", values: .bytes((first..<first + count).map { UInt8($0 % 250) }), width: 1,
      labels: Array(first..<first + count))
  }

  private func numbers(_ split: Split) -> [[Int]] {
    [split.training.labels, split.validation?.labels, split.test.labels].map { $0 ?? [] }
  }

  @Test func rulesDivideAsTheySay() throws {
    let one = ImageCollection(training: images(100))
    #expect(numbers(try one.split()) == [Array(0..<80), Array(80..<90), Array(90..<100)])
    #expect(numbers(try one.split(.full)) == [Array(0..<90), [], Array(90..<100)])
    #expect(numbers(try one.split(.count(5)))[1] == Array(85..<90))
    #expect(throws: SplitError.self) { try one.split(.released, validation: .last(40)) }
    #expect(throws: SplitError.self) { try one.split(.count(90)) }
    #expect(throws: SplitError.self) { try ImageCollection(training: images(2)).split() }

    var two = ImageCollection(training: images(100), test: images(9, from: 100))
    let released = numbers(try two.split(.released, released: .last(40)))
    #expect(released == [Array(0..<60), Array(60..<100), Array(100..<109)])
    #expect(numbers(try two.split(validation: .last(40))) == released)
    two.validation = images(7, from: 200)
    #expect(numbers(try two.split())[1] == Array(200..<207))
    #expect(numbers(try two.split(.full))[0] == Array(0..<100) + Array(200..<207))
    #expect(numbers(try two.split(.count(8)))[1] == [99] + Array(200..<207))
  }

  /// What NumPy itself gives for its frozen generator.
  @Test func permutationsAreThoseOfNumPy() throws {
    #expect(NumPyPermutation.order(10, seed: 123) == [4, 0, 7, 5, 8, 3, 1, 6, 9, 2])
    let long = NumPyPermutation.order(24_345, seed: 123)
    #expect(Set(long).count == 24_345)
    #expect(Array(long.prefix(6)) == [17795, 4791, 14296, 974, 5953, 2028])
    #expect(Array(long.suffix(6)) == [7763, 15377, 21602, 17730, 15725, 19966])
    let shuffled = try ImageCollection(training: images(10), test: images(1, from: 5)).split(
      .released, released: .shuffled(3, seed: 123))
    #expect(numbers(shuffled)[1] == [6, 9, 2])
  }

  @Test func fixedPixelsAreDrawnOnceAndApart() {
    let grey = ImageSet(
      name: "t", values: .floats([Float](repeating: 0.25, count: 8000)), width: 80)
    let drawn = grey.binarized(seed: 1, part: 0)
    #expect(drawn.isBinary && drawn == grey.binarized(seed: 1, part: 0))
    #expect(drawn != grey.binarized(seed: 2, part: 0) && drawn != grey.binarized(seed: 1, part: 1))
    let mean = drawn.mean.reduce(0, +) / 80
    // Four standard errors of 8,000 draws.
    #expect(abs(mean - 0.25) < 4 * (0.25 * 0.75 / 8000).squareRoot())
    #expect(drawn.binarized(seed: 5, part: 0) == drawn)
  }
}

/// The real files, against what their description says of them.
@Suite(
  .enabled(
    if: !(ProcessInfo.processInfo.environment["IWAE_GPU_DATA"] ?? "").isEmpty,
    "IWAE_GPU_DATA names no folder of data: the real files were not read"))
struct RealDataTests {
  private let folders = DataFolders(environment: ProcessInfo.processInfo.environment)

  private func mean(_ images: ImageSet) -> Double {
    images.mean.reduce(0, +) / Double(images.width)
  }

  /// Counts and mean pixels, in the order of parts; means where the description has them.
  private static let facts: [(name: String, counts: [Int], means: [Double])] = [
    ("mnist", [60_000, 10_000], [0.130660, 0.132515]),
    ("fashion-mnist", [60_000, 10_000], [0.286041, 0.286849]),
    ("binarized-mnist", [50_000, 10_000, 10_000], [0.130562, 0.131127, 0.132512]),
    // A mean grey level of 154.461.
    ("frey", [1965], [0.605729]),
    ("omniglot", [24_345, 8115], []),
    ("silhouettes", [4100, 2264, 2307], []),
  ]

  @Test(arguments: facts.indices)
  func countsAndMeans(index: Int) throws {
    let (name, counts, means) = Self.facts[index]
    let set = try #require(NamedSet.named(name))
    try #require(set.located(in: folders) != nil, "the files of \(name) are not there")
    let collection = try set.collection(in: folders)
    #expect(collection.parts.map(\.images.count) == counts)
    #expect(collection.parts.allSatisfy { $0.images.width == set.width })
    for (part, expected) in zip(collection.parts, means) {
      #expect(abs(mean(part.images) - expected) < 1e-6)
    }
  }

  /// Paper is at the corners of every silhouette, and ink at the corners of none.
  @Test func silhouettesAreTheRightWayRound() throws {
    let collection = try #require(NamedSet.named("silhouettes")).collection(in: folders)
    for (_, images) in collection.parts {
      #expect(images.labels.map { Set($0) } == Set(1...101))
      let mean = images.mean
      #expect([0, 27, 756, 783].allSatisfy { mean[$0] < 0.05 } && mean[406] > 0.5)
    }
  }

  /// The images that come with the drawings were made from them by the same formula.
  @Test func smallDrawingsAreTheDerivedImages() throws {
    let set = try #require(NamedSet.named("omniglot"))
    let files = set.sources.flatMap { source in
      source.files.map { folders.find("omniglot", $0.name) }
    }
    // chardata.mat, then two derived files, then two of drawings.
    let paths = files.dropFirst().compactMap(\.self)
    try #require(paths.count == 4, "both forms of omniglot are needed")
    let made = try OmniglotDrawings.collection(Array(paths.suffix(2)), limit: 1 << 30)
    for (mine, path) in zip(made.parts.map(\.images), paths) {
      let theirs = try ImageCollection(path: path).training
      guard case .bytes(let first) = mine.values, case .bytes(let second) = theirs.values else {
        Issue.record("expected bytes")
        continue
      }
      #expect(first.count == second.count)
      // Where the exact value lies halfway between two levels, the order of a sum decides.
      let others = zip(first, second).filter { $0 != $1 }
      #expect(others.allSatisfy { abs(Int($0) - Int($1)) == 1 })
      #expect(others.count * 500_000 < first.count)
    }
    #expect(made.training.labels?.last == 1622)
  }
}
