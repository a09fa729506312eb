extension EvaluationReport {
  /// One row, to paste below others.
  ///
  /// - Parameter model: The name of what was evaluated.
  public func table(of model: String) -> ResultTable {
    func nats(_ title: String, _ key: String) -> ResultTable.Column {
      .number(title, key: key, decimals: 2, unit: "nats")
    }
    let always: [(ResultTable.Column, ResultTable.Cell)] = [
      (.text("model", key: "model"), .text(model)),
      (
        .uncertain("NLL", key: "nll", decimals: 2, unit: "nats", error: "standard_error"),
        .uncertain(nll, error: standardError)
      ),
      (nats("bound", "bound"), .number(bound)),
      (nats("reconstruction", "reconstruction"), .number(reconstruction)),
      (nats("divergence", "divergence"), .number(divergence)),
      (
        .text("active units", key: "active_units"),
        .text(CellSummary.text(activeUnits.map(Double.init)))
      ),
      (
        .number("effective samples", key: "effective_sample_size", decimals: 1),
        .number(effectiveSampleSize)
      ),
      (.count("samples", key: "samples"), .number(Double(samples))),
      (.count("images", key: "images"), .number(Double(images))),
    ]
    let known: [(ResultTable.Column, ResultTable.Cell)] = [
      (nats("NLL in the data's own units", "nll_in_data_units"), nllInDataUnits),
      (nats("NLL without inactive units", "nll_active_units_only"), nllActiveUnitsOnly),
      (nats("NLL of the data's own density", "exact_nll"), exactNll),
    ].compactMap { column, value in value.map { (column, .number($0)) } }
    let columns = always + known + certified + separated
    var table = ResultTable(
      columns.map(\.0),
      remark:
        "NLL is -L_k with so many samples k of each image; its error is the standard error over "
        + "images.")
    table.append(columns.map(\.1))
    return table
  }

  private var certified: [(ResultTable.Column, ResultTable.Cell)] {
    guard let certificate else { return [] }
    func bound(_ title: String, _ key: String) -> ResultTable.Column {
      .number(title, key: key, decimals: 3, unit: "nats")
    }
    return [
      (
        .uncertain(
          "log p(x), certified", key: "log_likelihood", decimals: 3, unit: "nats",
          error: "log_likelihood_error"),
        .uncertain(certificate.logLikelihood, error: certificate.standardError)
      ),
      (bound("from", "lower"), certificate.lower.map { .number($0) } ?? .none),
      (bound("to", "upper"), certificate.upper.map { .number($0) } ?? .none),
      (
        .text("as asked for", key: "is_met"), .text("\(certificate.isMet)")
      ),
    ]
  }

  private var separated: [(ResultTable.Column, ResultTable.Cell)] {
    guard let against else { return [] }
    func area(_ title: String, _ key: String, _ value: Double, _ error: Double?) -> (
      ResultTable.Column, ResultTable.Cell
    ) {
      (
        .uncertain(title, key: key, decimals: 4, error: "\(key)_error"),
        .uncertain(value, error: error)
      )
    }
    return [area("AUROC", "auroc", against.auroc, against.standardError)]
      + (against.ratioAuroc.map {
        [area("AUROC of the ratio", "ratio_auroc", $0, against.ratioStandardError)]
      } ?? [])
  }
}
