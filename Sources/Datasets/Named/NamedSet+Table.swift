import IWAE

/// Every named set: its files, their digests, and where they may be had.
extension NamedSet {
  public static let all: [NamedSet] = [
    strokes, linearGaussian, mnist, fashionMNIST, binarizedMNIST, omniglot, frey, silhouettes,
  ]

  /// The seed of the sets that are drawn. No other seed moves them: a name means the same images
  /// always.
  private static let seed: UInt64 = 7

  private static let strokes = NamedSet(
    name: "strokes", summary: "digits drawn by the program, 28 x 28",
    draw: {
      drawn(Strokes().images(count: 6000, seed: seed))
    }, width: Strokes.side * Strokes.side,
    height: Strokes.side)

  private static let linearGaussian = NamedSet(
    name: "linear-gaussian", summary: "12 numbers whose exact likelihood is known",
    draw: { drawn(LinearGaussian().images(count: 6000, seed: seed)) }, likelihood: .gaussian,
    width: LinearGaussian().width)

  /// The last 500 test, and the 500 before them validate.
  private static func drawn(_ images: ImageSet) -> ImageCollection {
    ImageCollection(
      training: images.subset(0..<5000), validation: images.subset(5000..<5500),
      test: images.subset(5500..<6000), format: "drawn by the program")
  }

  // MARK: MNIST and its kin

  private static let mnist = NamedSet(
    name: "mnist", summary: "handwritten digits, 28 x 28 grey",
    sources: [
      Source(
        title: "LeCun's files",
        files: idxFiles(
          [
            "train-images": (
              9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels": (
              28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images": (
              1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels": (
              4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
          ],
          mirrors: [
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
          ]),
        assemble: { try idxCollection($0, name: "mnist", limit: $1) })
    ], width: 784, height: 28, validation: .last(400), released: .last(400))

  private static let fashionMNIST = NamedSet(
    name: "fashion-mnist", summary: "Zalando's articles of clothing, 28 x 28 grey",
    sources: [
      Source(
        title: "Zalando's files",
        files: idxFiles(
          [
            "train-images": (
              26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels": (
              29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images": (
              4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels": (
              5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
          ],
          mirrors: [
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
          ]),
        assemble: { try idxCollection($0, name: "fashion-mnist", limit: $1) })
    ], width: 784, height: 28, validation: .last(400))

  /// The four files of a set in MNIST's form.
  private static func idxFiles(
    _ digests: KeyValuePairs<String, (size: Int, sha256: String)>, mirrors: [String]
  ) -> [RemoteFile] {
    digests.map { part, file in
      let kind = part.hasSuffix("images") ? "idx3" : "idx1"
      let name = "\(part)-\(kind)-ubyte.gz"
      return RemoteFile(
        name: name, size: file.size, sha256: file.sha256, urls: mirrors.map { $0 + name })
    }
  }

  private static func idxCollection(
    _ paths: [String], name: String, limit: Int
  ) throws -> ImageCollection {
    let files = try paths.map { try DataFile($0, limit: limit) }
    func images(_ first: Int) throws -> ImageSet {
      try ImageRecipe().images(
        files[first].array(),
        labels: ImageRecipe.Labels(files[first + 1].array(), file: paths[first + 1]), name: name,
        file: paths[first])
    }
    return ImageCollection(
      training: try images(0), test: try images(2), format: files[0].format)
  }

  private static let binarizedMNIST = NamedSet(
    name: "binarized-mnist", summary: "MNIST binarized once and for all, by H. Larochelle",
    sources: [
      Source(
        title: "Larochelle's files",
        files: [
          (
            "train", 78_400_000, "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d"
          ),
          (
            "valid", 15_680_000, "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2"
          ),
          (
            "test", 15_680_000, "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c"
          ),
        ].map { part, size, sha256 in
          let name = "binarized_mnist_\(part).amat"
          return RemoteFile(
            name: name, size: size, sha256: sha256,
            urls: [
              "https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/\(name)",
              "https://github.com/riannevdberg/sylvester-flows/raw/master/data/MNIST_static/\(name)",
            ])
        },
        assemble: { paths, limit in
          let parts = try paths.map { try DataFile($0, limit: limit) }
          let sets = try parts.map { file in
            try ImageRecipe(height: 28).images(
              file.array(), name: "binarized-mnist", file: file.path)
          }
          return ImageCollection(
            training: sets[0], validation: sets[1], test: sets[2], format: parts[0].format)
        })
    ], width: 784, height: 28, released: .last(10_000))

  // MARK: Others

  private static let omniglot = NamedSet(
    name: "omniglot", summary: "handwritten characters, 28 x 28 grey",
    sources: [
      Source(
        title: "Burda et al.'s file",
        files: [RemoteFile(name: "chardata.mat", size: 0, sha256: "", urls: [])],
        assemble: { try ImageCollection(DataFile($0[0], limit: $1), name: "omniglot") }),
      Source(
        title: "28 x 28 images derived from the drawings",
        files: [
          (
            "train", 3_758_486, "cba82bdbb1f5cfb7b40b2cf1ee437b25b65dc48e443410904f33d396ada79624"
          ),
          ("test", 1_255_100, "3a4bcbf0b3f8a90687c391472525db2f4a8b29ce7aea79b0c70fbd0d17bd63b7"),
        ].map { part, size, sha256 in
          RemoteFile(
            name: "omniglot28-\(part)-images-idx3-ubyte.gz", size: size, sha256: sha256, urls: [])
        },
        notes: derivedNotes,
        assemble: { paths, limit in
          let files = try paths.map { try DataFile($0, limit: limit) }
          let sets = try files.map {
            try ImageRecipe().images($0.array(), name: "omniglot", file: $0.path)
          }
          return ImageCollection(training: sets[0], test: sets[1], format: files[0].format)
        }),
      Source(
        title: "the 105 x 105 drawings, made smaller",
        files: [
          (
            "background", 3_340_794,
            "8bf84167413cd00beacdce3fe582f780ab538d8dbef043a6d688f2527bbce199"
          ),
          (
            "evaluation", 2_415_269,
            "0b84c7ffd94c4841c0040e529c86a82eaaccb986d8eadad5673f7991b7475276"
          ),
        ].map { part, size, sha256 in
          let name = "images_\(part).npz"
          return RemoteFile(
            name: name, size: size, sha256: sha256,
            urls: ["https://github.com/bitsandscraps/omniglot/raw/master/\(name)"])
        },
        notes: derivedNotes,
        assemble: { try OmniglotDrawings.collection($0, limit: $1) }),
    ], width: 784, height: 28,
    validation: .shuffled(1345, seed: 123), released: .shuffled(1345, seed: 123))

  private static let derivedNotes = [
    "Derived from the 105 x 105 drawings, not Burda et al.'s chardata.mat: 8,115 test images "
      + "instead of 8,070, in another order and of 8 bits. A likelihood on them is close to, but not "
      + "the same measurement as, the papers'."
  ]

  private static let frey = NamedSet(
    name: "frey", summary: "B. Frey's face, 28 x 20 grey; frames of a video in their order",
    sources: [
      Source(
        title: "Roweis's file",
        files: [
          RemoteFile(
            name: "frey_rawface.mat", size: 1_100_584,
            sha256: "265a83a23adb081755cd3de375509828e690324d1d60f076b8ecebc840d59c64",
            urls: [
              "https://cs.nyu.edu/~roweis/data/frey_rawface.mat",
              "https://github.com/lawrennd/datasets_mirror/raw/main/brendan_faces/frey_rawface.mat",
            ])
        ],
        assemble: { try ImageCollection(DataFile($0[0], limit: $1), name: "frey") })
    ], likelihood: .gaussian, width: 560, height: 28)

  private static let silhouettes = NamedSet(
    name: "silhouettes", summary: "Caltech 101 silhouettes by B. Marlin, 28 x 28 of 0s and 1s",
    sources: [
      Source(
        title: "Marlin's file",
        files: [
          RemoteFile(
            name: "caltech101_silhouettes_28_split1.mat", size: 872_124,
            sha256: "eb6735e8d84b1850fabc5590124aab1755e90c9fd28123585324398405e1e42a",
            urls: [
              "https://people.cs.umass.edu/~marlin/data/caltech101_silhouettes_28_split1.mat",
              "https://github.com/markezorvaldez/rbm-experiment/raw/master/"
                + "caltech101_silhouettes_28_split1.mat",
            ])
        ],
        assemble: { try ImageCollection(DataFile($0[0], limit: $1), name: "silhouettes") })
    ], width: 784, height: 28)
}
