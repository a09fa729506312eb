import Testing

@testable import Experiments

@Suite struct SeparationTests {
  @Test func theAreaIsTheShareOfPairs() {
    let (tested, others) = ([3.0, 1, 2, 2], [0.0, 2, 2.5])
    var share = 0.0
    for one in tested {
      for other in others { share += one > other ? 1 : one == other ? 0.5 : 0 }
    }
    #expect(abs(Separation.area(tested, others).0 - share / 12) < 1e-12)
    #expect(abs(Separation.area(others, tested).0 - (1 - share / 12)) < 1e-12)
    #expect(Separation.area([1, 2], [-1, 0]).0 == 1 && Separation.area([1], [1]).0 == 0.5)
    #expect(Separation.area([1], [0, 1]).1 == nil)
    // Of all apart nothing is uncertain; of pairs that are alike, much.
    #expect(Separation.area([1, 2], [-1, 0]).1 == 0)
    #expect((Separation.area([1, 2, 3], [1, 2, 3]).1 ?? 0) > 0.1)
  }

  @Test func ratiosAreSaid() {
    var found = Separation(data: "others", tested: [-1, -2], others: [-3, -4, -0.5])
    #expect(found.images == 3 && abs(found.nll - 2.5) < 1e-12 && abs(found.auroc - 2 / 3.0) < 1e-12)
    found.add(ratioTo: "plain", tested: [1, 1], others: [0, 0, 0])
    #expect(found.ratioAuroc == 1 && found.text.contains("its ratio to 'plain' with 1.0000"))
  }
}
