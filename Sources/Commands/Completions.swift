/// The completions of a program's command line, as a shell reads them.
public enum Completions {
  /// The shells that there are completions for.
  public static let shells = ["bash", "zsh", "fish"]

  /// The script of one of the shells; nil of another.
  public static func script(for shell: String, _ manual: Manual) -> String? {
    switch shell {
    case "bash": bash(manual)
    case "zsh": zsh(manual)
    case "fish": fish(manual)
    default: nil
    }
  }

  private static func words(_ manual: Manual) -> [String] {
    manual.commands.map(\.name) + ["help", "--help", "--version"]
  }

  private static func shown(_ command: Command) -> [Command.Option] {
    command.options.filter { !$0.isHidden }
  }

  /// The values that an option is known to have.
  private static func values(_ option: Command.Option) -> [String] {
    // Words in capitals stand for others.
    option.choices ?? option.examples.filter { !$0.contains(where: \.isUppercase) }
  }

  /// The words that may stand after a command and its actions; nil for files.
  private static func places(_ command: Command) -> [String]? {
    let last = command.arguments.last
    return last == nil ? [] : last?.choices
  }

  // MARK: bash

  private static func bash(_ manual: Manual) -> String {
    var values: [String] = []
    var options: [String] = []
    var actions: [String] = []
    for command in manual.commands {
      for option in shown(command) where option.placeholder != nil {
        let names = option.names.map { "\"\(command.name) \($0)\"" }.joined(separator: " | ")
        let list = Self.values(option).joined(separator: " ")
        let files = option.takesFile || list.isEmpty ? "_files" : ":"
        values.append("    \(names)) _words \"\(list)\"; \(files); return ;;")
      }
      let names = shown(command).flatMap(\.names) + ["--help"]
      options.append("      \(command.name)) _words \"\(names.joined(separator: " "))\" ;;")
      var words: [String] = []
      if !command.actions.isEmpty {
        let names = command.actions.map(\.name).joined(separator: " ")
        words.append("if [ \"$place\" = 2 ]; then _words \"\(names)\"; return; fi")
      }
      if let places = places(command) {
        words.append("_words \"\(places.joined(separator: " "))\"; return")
      }
      if !words.isEmpty {
        actions.append("    \(command.name)) \(words.joined(separator: "; ")) ;;")
      }
    }
    return """
      # Completions of \(manual.program) for bash.
      _iwae_gpu() {
        local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} place=$COMP_CWORD
        local command=${COMP_WORDS[1]}
        COMPREPLY=()
        _words() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$word"); }
        _files() {
          compopt -o filenames 2>/dev/null
          mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
        }
        # bash takes --option=value for three words.
        if [ "$word" = = ]; then word=; elif [ "$previous" = = ]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi
        if [ "$place" = 1 ]; then
          _words "\(words(manual).joined(separator: " "))"
          return
        fi
        if [ "$command" = help ]; then
          [ "$place" = 2 ] && _words "\(manual.commands.map(\.name).joined(separator: " "))"
          return
        fi
        case "$command $previous" in
      \(values.joined(separator: "\n"))
        esac
        case "$word" in
        -*)
          case "$command" in
      \(options.joined(separator: "\n"))
          esac
          return
          ;;
        esac
        case "$command" in
      \(actions.joined(separator: "\n"))
        esac
        _files
      }
      complete -F _iwae_gpu \(manual.program)
      """
  }

  // MARK: zsh

  private static func zsh(_ manual: Manual) -> String {
    func described(_ name: String, _ text: String) -> String {
      "'\(quoted(name.replacing(":", with: "\\:"))):\(quoted(text))'"
    }
    let commands = manual.commands.map { described($0.name, $0.abstract) }
    let cases = manual.commands.map { command in
      var specifications = shown(command).flatMap { zsh($0) }
      specifications.append("'(- *)'{-h,--help}'[Show help information.]'")
      if !command.actions.isEmpty {
        let names = command.actions.map(\.name).joined(separator: " ")
        specifications.append("'1:action:(\(names))'")
      }
      if let places = places(command) {
        if !places.isEmpty {
          specifications.append("'*:value:(\(places.joined(separator: " ")))'")
        }
      } else {
        specifications.append("'*:file:_files'")
      }
      return "  \(command.name))\n    _arguments \\\n      "
        + specifications.joined(separator: " \\\n      ") + "\n    ;;"
    }
    return """
      #compdef \(manual.program)
      # Completions of \(manual.program) for zsh.
      _iwae_gpu() {
        local -a commands
        commands=(
          \((commands + ["'help:Show help information.'"]).joined(separator: "\n    "))
        )
        if ((CURRENT == 2)); then
          _describe command commands
          _arguments '--version[Show the version.]' '--help[Show help information.]'
          return
        fi
        local command=$words[2]
        shift words
        ((CURRENT--))
        case $command in
        help) _describe command commands ;;
      \(cases.joined(separator: "\n"))
        esac
      }
      if [ "$funcstack[1]" = _iwae_gpu ]; then _iwae_gpu "$@"; else compdef _iwae_gpu \(manual.program); fi
      """
  }

  private static func zsh(_ option: Command.Option) -> [String] {
    func marked(_ text: String) -> String {
      quoted(
        text.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
          .replacing(":", with: "\\:"))
    }
    let exclusive = option.names.joined(separator: " ")
    var value = ""
    if let placeholder = option.placeholder {
      let list = values(option)
      let action =
        option.takesFile && !list.isEmpty
        ? "{_alternative 'values:value:(\(list.joined(separator: " ")))' 'files:file:_files'}"
        : list.isEmpty ? option.takesFile ? "_files" : " " : "(\(list.joined(separator: " ")))"
      // A colon would end the action.
      value = ":\(marked(placeholder)):\(quoted(action.replacing(":", with: "\\:")))"
    }
    return option.names.map { name in
      let sign = value.isEmpty ? "" : name.hasPrefix("--") ? "=" : "+"
      return "'(\(exclusive))\(name)\(sign)[\(marked(option.help))]\(value)'"
    }
  }

  // MARK: fish

  private static func fish(_ manual: Manual) -> String {
    let program = manual.program
    var lines = [
      "# Completions of \(program) for fish.", "complete -c \(program) -f",
      "complete -c \(program) -n __fish_use_subcommand -l version -d 'Show the version.'",
      "complete -c \(program) -l help -s h -d 'Show help information.'",
      "complete -c \(program) -n __fish_use_subcommand -a help -d 'Show help information.'",
    ]
    for command in manual.commands {
      let within = "complete -c \(program) -n '__fish_seen_subcommand_from \(command.name)'"
      lines.append(
        "complete -c \(program) -n __fish_use_subcommand -a \(command.name) "
          + "-d \(escaped(command.abstract))")
      lines.append(
        "complete -c \(program) -n '__fish_seen_subcommand_from help' -a \(command.name)")
      let actions = command.actions.map(\.name).joined(separator: " ")
      let none =
        "complete -c \(program) -n '__fish_seen_subcommand_from \(command.name); and not "
        + "__fish_seen_subcommand_from \(actions)'"
      for action in command.actions {
        lines.append("\(none) -a \(action.name) -d \(escaped(action.abstract))")
      }
      if let places = places(command) {
        if !places.isEmpty {
          lines.append("\(within) -a \(escaped(places.joined(separator: " ")))")
        }
      } else {
        lines.append("\(within) -F")
      }
      for option in shown(command) { lines += fish(option, within) }
    }
    return lines.joined(separator: "\n")
  }

  private static func fish(_ option: Command.Option, _ within: String) -> [String] {
    let list = values(option)
    let value =
      option.placeholder == nil
      ? "" : option.takesFile ? " -r -F" : " -x"
    let known = list.isEmpty ? "" : " -a \(escaped(list.joined(separator: " ")))"
    let short = option.short.map { " -s \($0.dropFirst())" } ?? ""
    let negation = option.negation.map {
      ["\(within) -l \($0.dropFirst(2)) -d \(escaped(option.help))"]
    }
    return [
      "\(within)\(short) -l \(option.name.dropFirst(2))\(value)\(known) -d \(escaped(option.help))"
    ] + (negation ?? [])
  }

  /// A text between single quotes of a shell of Bourne's kind.
  private static func quoted(_ text: String) -> String { text.replacing("'", with: "'\\''") }

  /// A text in single quotes of fish.
  private static func escaped(_ text: String) -> String {
    "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
  }
}
