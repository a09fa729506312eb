import Compute

/// The size of an operation on rows: the samples of some images, one row each.
struct RowSize {
  var images: Int
  var samples: Int
  var columns: Int

  init(_ images: Int, _ samples: Int, _ columns: Int) {
    (self.images, self.samples, self.columns) = (images, samples, columns)
  }

  var rows: Int { images * samples }
  var shape: Shape { .matrix(rows: rows, columns: columns) }
  /// One row for each image.
  var sharedShape: Shape { .matrix(rows: images, columns: columns) }
  var text: String { "images=\(images),k=\(samples),columns=\(columns)" }

  /// Layers of latents.
  static let latents = [
    RowSize(1, 1, 1), RowSize(3, 2, 2), RowSize(2, 5, 15), RowSize(5, 1, 16), RowSize(4, 5, 17),
    RowSize(20, 5, 50), RowSize(20, 50, 50), RowSize(3, 7, 63), RowSize(2, 2, 64),
    RowSize(2, 3, 65), RowSize(7, 2, 100), RowSize(1, 50, 131),
  ]

  /// Layers of pixels.
  static let pixels = [
    RowSize(1, 1, 1), RowSize(2, 2, 5), RowSize(3, 5, 15), RowSize(4, 1, 16), RowSize(2, 50, 17),
    RowSize(5, 2, 64), RowSize(2, 3, 97), RowSize(1, 2, 1601), RowSize(1, 1, 6500),
    RowSize(20, 5, 784),
  ]

  /// A few of both, for what is like something that all sizes meet.
  static let few = [
    RowSize(1, 1, 1), RowSize(4, 5, 17), RowSize(2, 3, 65), RowSize(1, 2, 1601),
    RowSize(20, 5, 50),
  ]
}
