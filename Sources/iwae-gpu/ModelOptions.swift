import Commands
import Compute
import Experiments
import IWAE

/// The flags that describe a model and what it is trained on.
enum ModelOptions {
  static let options =
    ([
      Command.Option(
        "--model", "model", choices: ["burda-1", "burda-2"],
        help: "A model by name: burda-1 or burda-2, with one or two stochastic layers. "
          + "(default: burda-1)"),
      Command.Option(
        "--data-size", "count", help: "The pixels of an image. (default: 784)"),
      Command.Option(
        "--layers", "sizes",
        help: "Your own model instead: for each stochastic layer upwards from the data, its hidden "
          + "sizes and its latents, as 200,200:50 or 200,200:100/100,100:50. The decoder mirrors "
          + "it."),
    ] + units + DensityOptions.options).grouped("Model")

  /// The flags of what a model's layers are, whatever their sizes.
  static let units = [
    Command.Option(
      "--activation", "function", choices: Model.activations.map { "\($0)" },
      help: "The function of hidden units. (default: tanh)"),
    Command.Option(
      "--hidden-kind", "kind", choices: HiddenKind.names,
      help: "The kind of hidden layers: \(HiddenKind.names.joined(separator: ", ")). "
        + "(default: dense)"),
    Command.Option(
      "--condition", "classes",
      help: "Tell encoder and decoder each image's label, of so many classes. (default: none)"),
  ]

  /// The model that the flags describe.
  ///
  /// - Parameter dataSize: The pixels of an image, where they are known.
  static func model(
    _ arguments: ParsedArguments, dataSize: Int? = nil
  ) throws -> Model {
    let dataSize = try arguments.integer("--data-size", default: dataSize ?? 784, maximum: 1 << 20)
    var model: Model
    if let text = arguments.string("--layers") {
      if arguments.string("--model") != nil {
        throw arguments.error("'--layers' describes a model of your own; leave out '--model'.")
      }
      model = try Model(layers: text, dataSize: dataSize)
    } else {
      model =
        arguments.string("--model") == "burda-2"
        ? .burda2(dataSize: dataSize) : .burda1(dataSize: dataSize)
    }
    try apply(arguments, to: &model)
    if let problem = model.problem { throw arguments.error("The model: \(problem)") }
    return model
  }

  /// Changes what the flags say of a model whose layers stand.
  static func apply(_ arguments: ParsedArguments, to model: inout Model) throws {
    if let name = arguments.string("--activation") {
      model.activation = Model.activations.first { "\($0)" == name } ?? model.activation
    }
    if let name = arguments.string("--hidden-kind") {
      model.hiddenKind = HiddenKind.all.first { $0.name == name } ?? model.hiddenKind
    }
    if arguments.string("--condition") != nil {
      model.condition = try arguments.integer("--condition", default: 1, maximum: 1 << 16)
    }
    try DensityOptions.apply(arguments, to: &model)
  }
}
