import Compute
import Datasets
import Foundation
import IWAE
import ReferenceDevice
import Report
import Testing

@testable import Experiments

/// Images that a model is tested on, told from those of its run.
@Suite struct TestImagesTests {
  private let scene = SmallRun()

  @Test func theRunsOwnAreKnownByTheirDigests() throws {
    defer { scene.end() }
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    let stored = try StoredModel(scene.folder.path)
    let source = try scene.configuration().1.source
    func areOthers(
      _ source: DataSource, run: RunConfiguration? = nil, isWhole: Bool = false,
      _ part: DataPart = .test
    ) throws -> Bool {
      let test = try TestImages(
        source, for: stored.model, .sample, isWhole: isWhole, run: run, modelsRun: stored.run,
        part: part)
      let subject = Subject(stored, test)
      #expect(subject.hasOtherImages == test.areOthers)
      #expect((subject.figures == nil) == test.areOthers)
      return test.areOthers
    }
    #expect(try !areOthers(source, run: stored.run))
    #expect(try areOthers(source, run: stored.run, .training))
    // The same under another name, which nobody called the run's own.
    var other = source.collection
    #expect(try !areOthers(DataSource("mine", other)))
    #expect(try !areOthers(DataSource("mine", other), isWhole: true))
    other.test = other.test.map { $0.subset((0..<$0.count).reversed()) }
    #expect(try areOthers(DataSource("mine", other)))
    #expect(try areOthers(DataSource("mine", other), isWhole: true))
  }

  /// The same values are the same images, as bytes of either scale and as floats; digests tell those apart.
  @Test func typesOfStorageDoNotCount() {
    let greys = ImageSet(name: "greys", values: .bytes([0, 1, 2, 127, 254, 255]), width: 3)
    let bits = ImageSet(name: "bits", values: .bytes([0, 1, 1, 0, 0, 1]), width: 2)
    let black = ImageSet(name: "black", values: .bytes([0, 255, 255, 0, 0, 255]), width: 2)
    let counts = greys.scaled(for: .counts)
    for (one, other) in [(greys, greys.asFloats), (counts, counts.asFloats), (bits, black)] {
      let (known, named) = (DataIdentity.Part(one), DataIdentity.Part(other))
      #expect(known.values != named.values && known.difference(of: named, "test") != nil)
      #expect(known.difference(of: other, "test") == nil)
      #expect(named.difference(of: one, "test") == nil)
    }
    // Other values, other sizes, and values that no byte has.
    for other in [counts, bits, greys.subset([1, 0]), greys.subset([0]).asFloats] {
      #expect(DataIdentity.Part(greys).difference(of: other, "test") != nil, "\(other.name)")
    }
    let half = ImageSet(name: "half", values: .floats([0.5, .nan]), width: 2)
    #expect(DataIdentity.Part(half).difference(of: half, "test") == nil)
    #expect(DataIdentity.Part(bits.subset([0])).difference(of: half, "test") != nil)
  }

  /// A name that is no run's has no folder whose figures others would be taken for.
  @Test func theExactModelHasNoImagesOfItsOwn() throws {
    let stored = try StoredModel(ExactModel.name)
    let mine = DataSource("mine", try scene.configuration().1.source.collection)
    let test = try TestImages(
      mine, for: stored.model, .none, isWhole: true, run: nil, modelsRun: stored.run)
    let subject = Subject(stored, test)
    #expect(subject.figures != nil && !subject.hasOtherImages)
    // A figure that is kept nowhere has no file.
    let device = ReferenceDevice()
    let report = try Look(subject, images: 10, width: 12, on: device).draw(
      ["active-units"], into: .nowhere)
    let drawn = try #require(report?.figures.first)
    #expect(drawn.name == "active-units" && drawn.file == nil)
  }
}
