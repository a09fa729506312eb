import Compute
import Datasets
import IWAE

/// The model whose gradients are measured, and what on.
struct SignalSubject {
  let model: Model
  let parameters: [Tensor: [Float]]
  let images: ImageSet
  let binarization: Binarization

  private static let dimensions = 20

  init(_ arguments: ParsedArguments, batchSize: Int) throws {
    guard let path = arguments.optionalArgument("checkpoint") else {
      if arguments.string("--data") != nil {
        throw arguments.error("'--data' needs a checkpoint; the built-in model draws its own data.")
      }
      // The standard deviation 0.01 and the variance 2/3 of the encoder, 4/3 of the posterior's, are
      // the paper's.
      let density = LinearGaussian(dimensions: Self.dimensions)
      let seed = try arguments.seed(default: 0)
      model = density.model
      parameters = density.parameters(widening: 4 / 3.0, perturbation: 0.01, seed: seed)
      images = density.images(
        count: batchSize, seed: seed)
      binarization = .none
      return
    }
    let checkpoint = try Inputs.checkpoint(path, best: true)
    let run = try Inputs.configuration(ofRun: path)
    let test = try DataOptions.test(arguments, model: checkpoint.model, run: run)
    (model, parameters) = (checkpoint.model, checkpoint.parameters)
    (images, binarization) = (test.images, test.rule.eachPass)
  }
}
