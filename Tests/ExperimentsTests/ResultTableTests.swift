import Foundation
import Testing

@testable import Experiments

/// Tables of results in every form.
@Suite struct ResultTableTests {
  private func digits(_ value: Double, _ error: Double?, decimals: Int = 2) -> String {
    let result = LastDigits(value, error: error, decimals: decimals)
    return result.exponent == 0 ? result.digits : "\(result.digits)e\(result.exponent)"
  }

  @Test func theErrorStandsInTheLastDigits() {
    #expect(digits(-86.3219, 0.1234) == "-86.32(12)")
    #expect(digits(86.3219, 0.0051) == "86.3219(51)")
    #expect(digits(86.3219, 1.26) == "86.3(13)")
    #expect(digits(1234.5, 67.8) == "1234(68)")
    #expect(digits(12345, 678) == "12350(680)")
    // Rounded up to another digit, before the point and behind it.
    #expect(digits(5, 0.0996) == "5.00(10)")
    #expect(digits(5, 0.999) == "5.0(10)")
    #expect(digits(50, 9.96) == "50(10)")
    #expect(digits(500, 99.6) == "500(100)")
    // The sign of an error is nothing.
    #expect(digits(5, -0.12) == "5.00(12)")
  }

  @Test func errorsMayBeAnything() {
    // Larger than the value.
    #expect(digits(0.3, 12) == "0(12)")
    #expect(digits(-0.3, 12) == "0(12)")
    #expect(digits(1.2, 3.4) == "1.2(34)")
    #expect(digits(0, 0.5) == "0.00(50)")
    #expect(digits(3, 5000) == "0(5000)")
    #expect(digits(86.3219, nil) == "86.32")
    #expect(digits(86.3219, .nan) == "86.32")
    #expect(digits(86.3219, 0) == "86.32(0)")
    #expect(digits(86.3219, .infinity) == "86.32(∞)")
    #expect(digits(-0.001, nil) == "0.00")
    // Below what a number in double precision has.
    #expect(digits(86.25, 1e-30) == "86.25000000000000(0)")
    #expect(digits(86.25, 1e-30).count < 25)
  }

  @Test func valuesMayBeAnything() {
    #expect(digits(.nan, 0.1) == "NaN(0.1)")
    #expect(digits(.nan, nil) == "NaN")
    #expect(digits(-.infinity, nil) == "-∞")
    #expect(digits(.infinity, .infinity) == "∞(∞)")
    // Neither a thousand digits nor a thousand zeros.
    #expect(digits(1.2345e300, 6.7e297) == "1.2345(67)e300")
    #expect(digits(-1.2e-12, 3.4e-13) == "-1.20(34)e-12")
    #expect(digits(1e-12, 5e-11) == "0.1(50)e-11")
    #expect(digits(1e300, nil) == "1.00e300")
    #expect(digits(.leastNonzeroMagnitude, .leastNonzeroMagnitude).contains("e-324"))
    #expect(digits(.greatestFiniteMagnitude, .leastNonzeroMagnitude).hasPrefix("1.79769313486231"))
    #expect(digits(0, 0) == "0.00(0)")
  }

  private var table: ResultTable {
    var table = ResultTable(
      [
        .text("", key: "name"), .count("L_k", key: "count", latex: "$L_k$"),
        .uncertain("NLL", key: "nll", decimals: 2, unit: "nats", apart: "std. error"),
        .uncertain("slope", key: "slope", decimals: 2, error: "slope_margin", isSigned: true),
        .number("time", key: "seconds", decimals: 1),
      ], remark: "Errors are over images.\nAll of them.")
    table.append([
      .text("* a_b & 5% | \"x\" y"), .number(5), .uncertain(86.3219, error: 0.1234),
      .uncertain(0.5, error: 0.02), .worded("2 min", 120.25),
    ])
    table.append([
      .repeated("two\nlines"), .number(1000), .uncertain(-.infinity, error: nil),
      .missing("too noisy"), .none,
    ])
    return table
  }

  @Test func textHasColumns() {
    #expect(
      table.text.split(separator: "\n")[0].hasSuffix("L_k    NLL  std. error         slope   time"))
    #expect(table.text.contains("     5  86.32        0.12  +0.50 ± 0.02  2 min"))
    #expect(table.text.contains("  1000   -inf           -     too noisy      -"))
  }

  @Test func csvHasEveryDigit() {
    #expect(
      table.csv == """
        name,count,nll,nll_standard_error,slope,slope_margin,seconds\r
        "* a_b & 5% | ""x"" y",5,86.3219,0.1234,0.5,0.02,120.25\r
        "two\nlines",1000,-inf,,,,\r

        """)
  }

  @Test func peopleAndProgramsMayReadDifferentColumns() {
    var table = ResultTable([
      .text("what", key: "what").only(.people), .text("what", key: "what").only(.programs),
      .count("n", key: "n"), .count("all", key: "all").only(.programs),
    ])
    table.append([.text("* a"), .text("a"), .worded("1 of 2", 1), .number(2)])
    #expect(table.csv == "what,n,all\r\na,1,2\r\n")
    #expect(table.text.split(separator: "\n").last == "* a   1 of 2")
    #expect(table.columns.count == 2 && table.pageRows == [["* a", "1 of 2"]])
    #expect(table.latex.contains("\n* a & 1 of 2 ") || table.latex.contains("{* a} & 1 of 2 "))
  }

  @Test func latexIsOfBooktabs() {
    #expect(
      table.latex == #"""
        % Needs \usepackage{booktabs}.
        % Errors are over images. All of them.
        \begin{tabular}{lrrrr}
        \toprule
         & $L_k$ & NLL (nats) & slope & time \\
        \midrule
        {* a\_b \& 5\% \textbar{} ''x'' y} & 5 & $86.32(12)$ & $+0.500(20)$ & 2 min \\
         & 1000 & $-\infty$ & too noisy & -- \\
        \bottomrule
        \end{tabular}
        """#)
  }

  @Test func marksOfMarkupAreEscaped() {
    var table = ResultTable([.text("%_", key: "x")])
    table.append([.text(#"$#{}~^\ <y> [1]"#)])
    table.append([.text("[1] x_y ±")])
    let latex = table.latex.split(separator: "\n")
    #expect(latex[3] == #"\%\_ \\"#)
    #expect(
      latex[5] == ##"\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{} "##
        + #"\textless{}y\textgreater{} [1] \\"#)
    // A bracket would be the argument of the line before.
    #expect(latex[6] == #"{[1] x\_y $\pm$} \\"#)
    let markdown = table.markdown.split(separator: "\n")
    #expect(markdown[0].hasPrefix(#"| %\_ "#))
    #expect(markdown[2] == ##"| \$#{}\~^\\ \<y> \[1] |"##)
    #expect(markdown[3].hasPrefix(#"| \[1] x_y ± "#))
  }

  @Test func lettersThatLaTeXLacksAreCommands() {
    var table = ResultTable([.text("β-VAE", key: "x")])
    table.append([.text("σ ≤ 2, \u{39b} → ∞")])
    table.append([.text("e\u{301}, ü, A ± 1")])
    let latex = table.latex.split(separator: "\n")
    #expect(latex[3] == #"$\beta$-VAE \\"#)
    #expect(latex[5] == #"$\sigma$ $\leq$ 2, $\Lambda$ $\to$ $\infty$ \\"#)
    // A letter and its accent are one.
    #expect(latex[6].unicodeScalars.first == "\u{e9}" && latex[6].hasSuffix(#", ü, A $\pm$ 1 \\"#))
  }

  @Test(arguments: [
    ("* the best; ~ no worse", #"\* the best; \~ no worse"#), ("- a\n+ b", "\\- a\n\\+ b"),
    ("  # a", ##"\# a"##), ("> a & b", #"\> a \& b"#), ("12. a\n3) b", "12\\. a\n3\\) b"),
    ("1000 of 5 $", #"1000 of 5 \$"#), ("a\n\n===", "a\n\\==="),
  ])
  func remarksAreOrdinaryWriting(_ remark: String, _ markdown: String) {
    let table = ResultTable([.text("x", key: "x")], remark: remark)
    #expect(table.markdown.hasSuffix("\n\n" + markdown))
  }

  @Test func powersOfTenAreSet() {
    var table = ResultTable([.uncertain("", key: "x", decimals: 2)])
    table.append([.uncertain(1.5e-7, error: 2e-8)])
    table.append([.uncertain(1, error: .infinity)])
    #expect(table.latex.contains(#"$1.50(20)\times 10^{-7}$ \\"#))
    #expect(table.latex.contains(#"$1.00(\infty)$ \\"#))
    #expect(table.markdown.contains("| 1.50(20)e-7 |"))
  }

  @Test func markdownIsAligned() {
    #expect(
      table.markdown == #"""
        |                       |  L_k | NLL (nats) |      slope |  time |
        | :-------------------- | ---: | ---------: | ---------: | ----: |
        | \* a_b \& 5% \| "x" y |    5 |  86.32(12) | +0.500(20) | 2 min |
        |                       | 1000 |         -∞ |  too noisy |     - |

        Errors are over images.
        All of them.
        """#)
  }

  @Test func linesEndAsTheyDoButCommandNothing() {
    #expect(printable("a,b\r\nc\r") == "a,b\r\nc\r")
    #expect(printable("over\rwritten") == "over\\u000dwritten")
    #expect(printable("\r\r\n") == "\\u000d\r\n")
  }
}
