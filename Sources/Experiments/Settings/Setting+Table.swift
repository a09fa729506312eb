import Artifacts
import Datasets
import Files
import IWAE

extension Setting {
  /// Every setting but the model, in the order in which help lists them.
  public static let all: [Setting] = data + course + testing + limits + [seed] + step

  /// The data.
  public static let data = [
    Setting(
      "data", \.data, "name|file", expected: "a set or a file",
      help:
        "A set that 'iwae-gpu data list' names, or a file or folder of images; FILE#NAME is one "
        + "array of a file.",
      row: Row(name: "data", isAlwaysShown: true), settled: DataPath.absolute),
    Setting(
      "labels", \.labels, "file", expected: "a file", standard: .text("those that the data have"),
      help: "A file with the label of each image, a whole number from 0 on: any format that data "
        + "have; FILE#NAME is one array of a file.",
      row: Row(name: "labels"), settled: DataPath.absolute),
    Setting(
      "test", \.test, "name|file", expected: "a set or a file", standard: .text("the data's own"),
      help: "Another set or file to test on: its test part, or all of it.",
      row: Row(name: "test data"), settled: DataPath.absolute),
    Setting(
      "mask", \.mask, "file", expected: "a file", standard: .text("everywhere"),
      help:
        "Where values of the training images were observed: 1, else 0, in their form, or in that of "
        + "all images where nobody divided them. What other images lack, as those of '--test', is NaN.",
      row: Row(name: "mask"), settled: DataPath.absolute),
    Setting(
      "split", \.split, "rule", examples: ["standard", "full", "released"],
      expected: "standard, full, released or the number of images that validate",
      help:
        "What validates: standard, full (nothing), released (as in the IWAE code), or so many of "
        + "the last training images.", row: Row(name: "split")),
    .flag(
      "standardize", \.standardize,
      help: "Bring each column of real numbers to mean 0 and deviation 1 on the training images; "
        + "what a model makes is shown in the data's own units.",
      row: Row(name: "standardized", text: { $0.standardize ? "each column" : "no" })),
  ]

  /// The settings of its training.
  public static let course: [Setting] = [
    .integer(
      "passes", \.passes, 0...1 << 30, help: "Passes over the training images.", canChange: true,
      row: Row(name: "passes asked for", isAlwaysShown: true)),
    .choice(
      "schedule", \.schedule,
      help:
        "The learning rate: burda, burda-released (at its code's rounded rates), constant, cosine, or "
        + "plateau (halved when validation becomes no better).",
      row: Row(
        name: "schedule", isAlwaysShown: true,
        text: {
          $0.schedule.takesRate ? "\($0.schedule.text) from \($0.learningRate)" : $0.schedule.text
        }
      )),
    .number(
      "learning_rate", \.learningRate, 1e-12...1e6, "rate",
      help: "Of constant, and at the start of cosine and plateau."),
    .integer(
      "plateau_passes", \.plateauPasses, 1...1 << 30, "passes",
      help: "Passes without a better validation after which plateau halves the learning rate.",
      row: Row(
        name: "rate halved after",
        text: { "\($0.plateauPasses) passes without a better validation" })),
    .choice(
      "order", \.order, "order", help: "The order of images in a pass: shuffled, or fixed.",
      row: Row(name: "order of images")),
    .choice(
      "optimizer", \.optimizer, help: "Adam as usual, or as in the released IWAE code.",
      row: Row(name: "Adam")),
    .number(
      "weight_decay", \.weightDecay, 0...1e6, "factor", standard: .text("0"),
      help:
        "Take this share, times the learning rate, of every parameter with each update, as AdamW "
        + "does.", row: Row(name: "weight decay")),
    Setting(
      "clip_norm", \.clipNorm, "norm", expected: "0 for never, or a number from 1e-12 to 1e12",
      standard: .text("0, never"),
      help: "Shorten the gradient of all parameters together where it is longer than this: that of "
        + "the mean over a batch, or with '--optimizer released' of the sum over it.",
      row: Row(
        name: "gradients clipped", text: { $0.clipNorm == 0 ? "never" : "to \($0.clipNorm)" }),
      isValid: { $0 == 0 || (1e-12...1e12).contains($0) }),
    Setting(
      "ema", \.ema, "decay", expected: "a number from 0 to less than 1", standard: .text("0, none"),
      help:
        "Average parameters over updates, the average keeping this share of itself with each, as "
        + "0.999; the averages are validated and tested.",
      row: Row(name: "parameters averaged", text: { $0.ema == 0 ? "no" : "keeping \($0.ema)" }),
      isValid: { $0 >= 0 && $0 < 1 }),
    .choice(
      "vamp_start", \.priorStart, "what",
      help: "The start of a vamp prior's inputs: training images, or their mean with noise.",
      row: Row(name: "vamp inputs from")),
    Setting(
      "init", \.initial, "file|run", expected: "a file of safetensors or the folder of a run",
      standard: .untold,
      help:
        "Begin with the parameters of a file of safetensors, PyTorch's too, or of a run: those whose "
        + "names and shapes are the model's.",
      row: Row(name: "first parameters from"), settled: DataPath.absoluteFile),
    .choice(
      "finetune", \.finetune, "what",
      help: "The parameters that are trained: all, or the encoder's alone, with the model held as "
        + "'--init' gives it.", row: Row(name: "trained parameters")),
    .number(
      "warm_up", \.warmUp, 0...1e9, "passes", standard: .text("0"),
      help: "Passes over which the KL weight rises from 0.",
      row: Row(name: "warm-up", text: { "\($0.warmUp) passes" })),
    .number(
      "kl_weight", \.klWeight, 0...1e6, "weight",
      help: "The weight of log p(h) - log q(h|x) in training and its bound. Tests count it once.",
      row: Row(name: "KL weight")),
    .number(
      "kl_cycle", \.klCycle, 0...1e9, "passes", standard: .text("never"),
      help: "Passes after which the warm-up begins again.",
      row: Row(
        name: "warm-up again", text: { $0.klCycle == 0 ? "never" : "every \($0.klCycle) passes" })),
    Setting(
      "binarize", \.binarize, "how", examples: BinarizationRule.names,
      expected: "one of \(BinarizationRule.names.joined(separator: ", "))",
      help:
        "How grey pixels become 0s and 1s for a Bernoulli likelihood: none, threshold, sample, or "
        + "fixed (drawn once; fixed:SEED for another draw)."),
  ]

  /// The settings of its validation and its tests.
  public static let testing: [Setting] =
    [
      .integer(
        "patience", \.patience, 0...1 << 30, "passes", standard: .text("never"),
        help: "Stop after so many passes without a better validation.", canChange: true,
        row: Row(name: "patience")),
      .choice(
        "keep", \.keep, "which",
        help: "The parameters that are tested: the best by validation, or the last.",
        row: Row(name: "parameters kept")),
      .integer(
        "validation_samples", \.validationSamples, 1...1 << 30,
        help: "Samples of each validation image.", row: Row(name: "validation samples")),
      .integer(
        "activity_images", \.activityImages, 1...1 << 30, hasNone: true,
        standard: .text("on the test images"),
        help: "Count active units on the first training images.",
        row: Row(
          name: "active units counted on",
          text: { $0.activityImages == 0 ? "test images" : "\($0.activityImages) training images" })
      ),
    ] + tested

  /// The samples and images that it is tested with.
  public static let tested: [Setting] = [
    .integer(
      "test_samples", \.testSamples, 1...1 << 30, help: "Samples of each test image.",
      canChange: true, row: Row(name: "test samples")),
    .integer(
      "limit", \.limit, 1...1 << 30, hasNone: true, standard: .text("all"),
      help: "Only the first images of the test set.", canChange: true,
      row: Row(name: "test images", text: { $0.limit == 0 ? "all" : "the first \($0.limit)" })),
  ]

  /// The limits of a step.
  public static let limits: [Setting] = [
    .integer(
      "batch", \.batch, 1...1 << 20, help: "Images in a batch.",
      row: Row(name: "batch", isAlwaysShown: true)),
    Setting(
      "memory", \.memory, "size",
      expected: "bytes, or a number with K, M, G or T, as 128M",
      standard: .text("a quarter of the device's"),
      help: "The most memory for parameters and a step, as 128M or 2G: samples are taken in parts "
        + "that fit.", canChange: true,
      row: Row(
        name: "memory", text: { $0.memory == 0 ? "automatic" : readable(bytes: $0.memory) }),
      fromText: byteCount, isValid: { $0 >= 0 }),
    .integer(
      "backward_samples", \.backwardSamples, 1...1 << 20, hasNone: true, standard: .text("all"),
      help: "Walk only so many samples backwards, drawn in proportion to their weights.",
      row: Row(
        name: "backward samples",
        text: { $0.backwardSamples == 0 ? "all" : "\($0.backwardSamples)" })),
    .integer(
      "leaves", \.leaves, 1...1 << 20,
      standard: .text("1; of train on several processes, their number"),
      help:
        "Divide batches into so many parts, whose gradients are added in a fixed order: any number of "
        + "processes up to it trains to the same bits.",
      row: Row(name: "leaves of a batch")),
    .choice(
      "on_nan", \.onNaN, "what",
      help: "If a step gives no number: stop, skip (leave that step out), or lower-rate (begin the "
        + "pass again with half the learning rate, ten times at most).", canChange: true,
      row: Row(name: "on NaN")),
    .integer(
      "audit", \.audit, 0...1 << 30, "steps", standard: .text("0, never"),
      help: "After each so many steps, compare the device's gradient of two images with the "
        + "reference's, and the images that it holds with those that it was given.",
      canChange: true,
      row: Row(name: "audit", text: { $0.audit == 0 ? "never" : "every \($0.audit) steps" })),
  ]

  public static let seed = Setting(
    "seed", \.seed, "seed", expected: "a whole number from 0 to \(UInt64.max)",
    help: "The seed of everything random.", row: Row(name: "seed", isAlwaysShown: true))

  /// The setting of a key, or of a flag.
  public static func named(_ name: String) -> Setting? {
    all.first { $0.key == name || $0.flag == name }
  }
}
