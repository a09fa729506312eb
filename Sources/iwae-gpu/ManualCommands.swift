import Commands
import Experiments
import Files
import Foundation

extension Command {
  static let completions = Command(
    name: "completions",
    abstract: "Print the completions of a shell.",
    arguments: [.init("shell", choices: Completions.shells, help: "bash, zsh or fish.")],
    options: [],
    examples: [
      Example(
        "iwae-gpu completions bash > ~/.local/share/bash-completion/completions/iwae-gpu",
        "Keep them for bash"),
      Example(
        "iwae-gpu completions fish > ~/.config/fish/completions/iwae-gpu.fish", "Keep them for fish"
      ),
    ],
    run: { arguments, terminal in
      let shell = try arguments.argument("shell")
      guard let script = Completions.script(for: shell, Main.manual) else {
        throw arguments.error(
          "There are no completions for '\(shell)'.\(suggestion(for: shell, among: Completions.shells)) "
            + "There are some for \(Completions.shells.joined(separator: ", ")).")
      }
      try terminal.output(script)
      return .done
    })

  static let manual = Command(
    name: "manual",
    abstract: "Write the manual pages of all commands, or the pages of their reference.",
    options: [
      Option("--out", "folder", help: "The folder. (default: man)"),
      Option(
        "--format", "format", choices: ["man", "markdown"],
        help: "Pages for man, or articles of DocC. (default: man)"),
    ],
    examples: [
      Example("iwae-gpu manual --out ~/.local/share/man/man1", "Install the manual pages")
    ],
    run: { arguments, terminal in
      let isMarkdown = arguments.string("--format") == "markdown"
      let folder = arguments.string("--out") ?? "man"
      let pages = isMarkdown ? Main.manual.articles : Main.manual.pages
      try FileCalls.makeFolder(folder)
      for page in pages { try Files.write(Data(page.text.utf8), to: "\(folder)/\(page.file)") }
      try terminal.output("\(counted(pages.count, "page")) in \(onOneLine(folder))")
      return .done
    })
}
