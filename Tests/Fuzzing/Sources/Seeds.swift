import Artifacts
import Experiments
import Foundation
import IWAE

/// What each parser is given to begin with.
enum Seeds {
  private static let pixels = (0..<60).map { UInt8($0 * 4) }
  private static let floats = (0..<15).map { Float($0) / 7 }

  // MARK: Numbers

  static let amat = ["0 1 0\n0.5 -2 1e3\n1 1 1\n", "1,0,nan\n,1,1\n", "1 0 0 1\n0 1 1 0\n"]

  static let csv = [
    "a,\"b, c\"\r\n1,2.5\r\n,NA\r\n", "x;y\n\"1\";?\n", "x\n1\n2\n", "a\tb\r1\tnull\r",
  ]

  static let idx = [
    FileBuilder.idx([3, 4, 5], pixels), FileBuilder.idx([15], floats.bytes, type: 0x0d),
  ]

  static let gzip = (idx + amat.map { Array($0.utf8) }).map(FileBuilder.gzip)

  static let npy = [
    FileBuilder.numPy([3, 4, 5], pixels),
    FileBuilder.numPy([3, 5], type: "<f4", isFortran: true, floats.bytes),
    FileBuilder.numPy([15], type: ">i4", pixels, version: 2),
  ]

  static let npz = [false, true].map { isDeflated in
    FileBuilder.zip([("x.npy", npy[0]), ("y.npy", npy[1])], isDeflated: isDeflated)
  }

  static let mat = [(false, false), (false, true), (true, false)].map {
    FileBuilder.matlab(
      [
        .init(name: "X", shape: [12, 5], content: pixels),
        .init(
          name: "a long name", shape: [15, 1], classCode: 7, typeCode: 7, content: floats.bytes),
      ], isCompressed: $0, isBigEndian: $1)
  }

  static let png = [
    FileBuilder.png((0..<6).map { Array(pixels[10 * $0..<10 * $0 + 10]) }, width: 10),
    FileBuilder.png(
      [[0x1b, 0x1b], [0xe4, 0xe4]], width: 8, depth: 2, color: 3,
      extra: FileBuilder.chunk("PLTE", (0..<4).flatMap { [$0, $0, $0] })),
  ]

  /// An encoder's graph and a decoder's.
  static let onnx: [Data] = {
    let model = Model(
      dataSize: 3, encoder: [.init(hidden: [2], latent: 1)], decoder: [.init(hidden: [2])])
    let parameters = Dictionary(
      uniqueKeysWithValues: model.parameters.map {
        ($0, [Float](repeating: 0.5, count: $0.shape.count))
      })
    let graphs = try! ONNXModel(model, parameters: parameters)
    return [graphs.encoder, graphs.decoder]
  }()

  static var safetensors: [[UInt8]] {
    let model = try! JSONDecoder().decode(Model.self, from: Data(smallModel.utf8))
    let parameters = Dictionary(
      uniqueKeysWithValues: model.parameters.map {
        ($0, [Float](repeating: 0.5, count: $0.shape.count))
      })
    var file = try! Safetensors(
      Checkpoint(
        model: model, parameters: parameters,
        standardization: Standardization(mean: [0, 1], deviation: [1, 2])
      ).data, file: "seed")
    let checkpoint = file.data
    // Without a digest, numbers may change.
    file.metadata["digest"] = nil
    let arrays = Safetensors(
      entries: [
        "a": .init(shape: [1, 2], values: .float32([1, .nan])),
        "b": .init(shape: [], values: .float64([.pi])),
        "c": .init(shape: [0, 4], values: .int64([])),
      ], metadata: ["note": "line\nbreak"])
    // No bytes, and a bias that would fill the memory.
    let hollow = Safetensors(
      entries: [
        "encoder.0.mean.weight": .init(shape: [4_611_686_018_427_387_904, 0], values: .float32([]))
      ])
    return [checkpoint, file.data, arrays.data, hollow.data].map { Array($0) }
  }

  /// A model whose names tell nothing.
  static let foreign: Safetensors = {
    let shapes = ["a": [2, 3], "b": [1, 2], "c": [1, 2], "d": [2, 1], "e": [3, 2]]
    var entries: [String: Safetensors.Entry] = [:]
    for (name, shape) in shapes {
      let ones = { Safetensors.Values.float32(.init(repeating: 1, count: $0)) }
      entries["\(name).weight"] = .init(shape: shape, values: ones(shape[0] * shape[1]))
      entries["\(name).bias"] = .init(shape: [shape[0]], values: ones(shape[0]))
    }
    return Safetensors(entries: entries)
  }()

  static let mapping = [
    """
    {"layers": {"a": "encoder.0.hidden.0", "b": "encoder.0.mean", "c": "encoder.0.log_variance",
    "d": "decoder.0.hidden.0", "e": "decoder.0.logits"}, "activation": "relu"}
    """,
    """
    {"layers": {"a.weight": "encoder.0.hidden.0.weight", "a.bias": null, "b": "encoder.0.mean"},
    "log_variance": true, "transpose": true,
    "likelihood": {"family": "gaussian", "sigma": 0.3}}
    """,
  ]

  // MARK: Text

  static let formula = [
    "-(x - mean)^2 / (2 * exp(2 * log_scale)) - log_scale - 0.5 * log(2 * pi)",
    "where(x < 0, -x, max(x, 1e-3)) + lgamma(abs(x) + 1) * sigmoid(-mean)",
    "((x^2)^-3)^x - -2 + min(x, 1 / 0) - (mean < x) * 0.1",
  ]

  static let arguments = [
    "--layers\n20,10:5/4:2\n--data-size=12\n--objective\nrenyi\n--alpha=-0.5\n--likelihood\ngaussian",
    "-k\n5\n--prior\nmixture:7\n--posterior\nfull\n--no-standardize\n--\n--seed\n-x",
    "--likelihood\n{\"family\": \"gaussian\", \"sigma\": 0.3}\n--split=100\n--batch\n3\n--seed\n9",
  ]

  static let response = [
    "HTTP/1.1 302 Found\nLocation: x\nHTTP/1.1 206 Part\nContent-Range: bytes 5-9/10\n",
    "HTTP/2 200\nContent-Length: 10\n",
  ]

  // MARK: Files of a run

  private static let smallModel = """
    {"data_size": 2, "activation": "tanh", "encoder": [{"hidden": [1], "latent": 1}],
    "decoder": [{"hidden": [1]}], "likelihood": "gaussian", "prior": "standard-normal"}
    """

  static let configuration =
    [
      ##"{"samples": 5, "batch": 20, "model": \##(smallModel), "standardize": true}"##,
      ##"""
      {"model": {"data_size": 12, "activation": "tanh", "encoder": [{"hidden": [8, 7], "latent": 3,
      "posterior": {"family": "formula", "name": "p", "heads": ["mean", "log_scale"], "noise": "uniform",
      "sample": "mean - exp(log_scale) * sign(e - 0.5) * log(1 - 2 * abs(e - 0.5))",
      "log_density": "-abs(z - mean) * exp(-log_scale) - log_scale - log(2)"}}],
      "decoder": [{"hidden": [7, 8]}], "likelihood": {"family": "formula", "name": "l",
      "heads": ["log_a"], "support": "unit", "mean": "sigmoid(log_a)", "log_density": "x * log_a"},
      "prior": {"family": "formula", "name": "c", "parameters": ["location"],
      "log_density": "-log(pi) - log1p((z - location)^2)"}}}
      """##,
    ] + [RunConfiguration()].map { String(decoding: try! $0.file, as: UTF8.self) }

  static let sweep = [
    ##"""
    {"base": {"model": \##(smallModel)}, "objectives": ["iwae", "vae"], "estimators": ["standard", "dreg"],
    "sizes": [{"groups": 1, "samples": 5}, {"groups": 5, "samples": 1}], "betas": [0.5, 0.1],
    "alphas": [0.5], "seeds": [0, 1], "others": [{"key": "batch", "values": ["20", "100"]},
    {"key": "layers", "values": ["200:50"]}]}
    """##
  ]

  static let certificate = [
    ##"""
    {"of": [{"name": "the images", "value": "9f"}], "images": [{"estimate": -90.5, "error": 0.02,
    "method": "importance", "samples": 4000, "shape": 0.4}, {"estimate": -88, "error": null,
    "method": "annealing", "samples": 20, "temperatures": 64}]}
    """##
  ]

  static let metrics = [
    """
    {"epoch":1,"bound":-100,"learning_rate":0.001,"train_seconds":2.5,"new":{"a":[1]}}
    {"epoch":2,"bound":"nan","validation":-95}

    {"epoch":3,"bound":-90,"validation":"-inf"}
    {"epoch":4,"bou
    """
  ]

  static let evaluation = [
    """
    {"nll": 90.5, "standard_error": null, "samples": 50, "images": 1, "effective_sample_size": 3.5,
    "active_units": [2], "reconstruction": -80, "divergence": "inf", "bound": -90, "exact_nll": 90,
    "nll_active_units_only": 91, "nll_in_data_units": 3, "step": 4, "seconds": 0.5, "backend": "cpu",
    "device": "d"}
    """
  ]

  static let figure = [
    #"""
    {"lines": {"x_label": "k", "y_label": "y", "x_is_logarithmic": true, "y_is_logarithmic": false,
    "curves": [{"name": "c", "dashed": true, "color": 2, "points": [{"x": 1, "y": -90, "error": 0.5},
    {"x": 10, "y": "nan", "error": 0}, {"x": 100, "y": -88, "error": "inf"}]}],
    "levels": [{"name": "l", "y": -85, "error": 0.1}]}}
    """#,
    #"""
    {"bars": {"x_label": "unit", "y_label": "v", "y_is_logarithmic": false, "threshold": 0.01,
    "groups": [{"name": "first", "values": [0.5, 0.001, "nan"]}, {"name": "second", "values": [-1]}]}}
    """#,
    #"""
    {"scatter": {"x_label": "a", "y_label": "b",
    "series": [{"name": "0", "points": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]}}
    """#,
    #"""
    {"heat": {"x_label": "K", "y_label": "M", "value_label": "NLL", "columns": ["1", "8"],
    "rows": ["1", "8"], "values": [[90, 88.5], [null, 88]], "low_is_good": true,
    "shows_numbers": true}}
    """#,
    #"""
    {"picture": {"png": "iVBORw==", "width": 20, "height": 10,
    "table": {"columns": ["a", "b"], "rows": [[1, -0.25], ["two", null]]}}}
    """#,
    #"""
    {"panels": {"x_label": "a", "y_label": "b", "columns": ["c"], "rows": [[{"png": "iVBORw==",
    "x": {"low": -1, "high": 2}, "y": {"low": 0, "high": "inf"}}, {"png": ""}]]}}
    """#,
  ].map { #"{"name": "n", "title": "t <b>&", "summary": "s", "content": \#($0)}"# }
}
