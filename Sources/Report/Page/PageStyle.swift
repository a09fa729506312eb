/// The style sheet of a report: light, dark, narrow and on paper.
enum PageStyle {
  static let text = """
    \(Palette.rules(Palette.light, in: ".plot"))
    @media screen and (prefers-color-scheme: dark) {
    \(Palette.rules(Palette.dark, in: ":root:not([data-theme=light]) .plot"))
    }
    @media screen {
    \(Palette.rules(Palette.dark, in: ":root[data-theme=dark] .plot"))
    }
    :root { color-scheme: light; \(variables(Palette.light, "#f4f6f8", "#cfd5dc", "#57606a", "#17478f")) }
    @media screen and (prefers-color-scheme: dark) {
      :root:not([data-theme=light]) { color-scheme: dark; \(darkVariables) }
    }
    @media screen {
      :root[data-theme=dark] { color-scheme: dark; \(darkVariables) }
    }
    \(layout)
    \(tables)
    \(figures)
    \(print)
    """

  private static let darkVariables = variables(
    Palette.dark, "#1e2329", "#3b434c", "#a6afb9", "#8ab8ff")

  private static func variables(
    _ theme: Palette.Theme, _ panel: String, _ line: String, _ muted: String, _ accent: String
  ) -> String {
    "--ink: \(theme.ink.hex); --paper: \(theme.paper.hex); --panel: \(panel); --line: \(line); "
      + "--muted: \(muted); --accent: \(accent);"
  }

  /// Shown by the script, which alone can make it work.
  static let themeSwitch = """
    <div class="theme" role="group" aria-label="Theme" hidden>
    <button type="button" data-theme="" aria-pressed="true">Auto</button>
    <button type="button" data-theme="light" aria-pressed="false">Light</button>
    <button type="button" data-theme="dark" aria-pressed="false">Dark</button>
    </div>
    """

  /// A guide to what the script adds to figures; the script shows it.
  static let guide = """
    <p class="guide" hidden>Point at a figure, or move to it with the tab key and press arrow keys, to
    read its points. Press a line of its legend to hide that curve or show it again.</p>
    """

  private static let layout = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 78rem;
      font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      overflow-wrap: anywhere;
    }
    header { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; align-items: center;
      justify-content: space-between; }
    h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; text-wrap: balance; }
    h2 { margin: 2.5rem 0 1rem; padding-bottom: 0.3rem; font-size: 1.25rem; line-height: 1.3;
      border-bottom: 1px solid var(--line); }
    h3 { margin: 1.75rem 0 0.75rem; font-size: 1.05rem; line-height: 1.3; }
    p { margin: 0.5rem 0; max-width: 70ch; }
    a { color: var(--accent); }
    code { font: 0.875em/1.4 ui-monospace, monospace; padding: 0.1em 0.35em; border-radius: 0.25rem;
      background: var(--panel); }
    footer { margin-top: 3rem; font-size: 0.875rem; color: var(--muted); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    [hidden] { display: none !important; }
    .guide { font-size: 0.875rem; color: var(--muted); }
    .theme { display: inline-flex; }
    button { font: inherit; font-size: 0.875rem; color: inherit; background: none;
      border: 1px solid var(--line); border-radius: 0.375rem; cursor: pointer; }
    .theme button { padding: 0.25rem 0.75rem; border-radius: 0; margin-left: -1px; }
    .theme button:first-child { border-radius: 0.375rem 0 0 0.375rem; }
    .theme button:last-child { border-radius: 0 0.375rem 0.375rem 0; }
    .theme button[aria-pressed=true] { background: var(--accent); color: var(--paper);
      border-color: var(--accent); }
    .hints { margin: 1rem 0 0; padding: 0.75rem 1rem 0.75rem 2rem; border-radius: 0.5rem;
      background: var(--panel); font-size: 0.9375rem; }
    .hints code { background: var(--paper); }
    """

  private static let tables = """
    .scroll { overflow-x: auto; max-width: 100%; }
    table { border-collapse: collapse; font-size: 0.9375rem; font-variant-numeric: tabular-nums;
      overflow-wrap: normal; }
    th, td { padding: 0.35rem 1.25rem 0.35rem 0; text-align: left; vertical-align: top;
      border-bottom: 1px solid var(--line); }
    th { font-weight: 600; }
    tbody th[scope=row] { font-weight: 400; color: var(--muted); }
    tbody .differs th[scope=row] { color: inherit; }
    th[scope=rowgroup] { padding-top: 1.25rem; font-size: 0.8125rem; text-transform: uppercase;
      letter-spacing: 0.05em; }
    .comparison td { min-width: 8rem; }
    .comparison thead th { max-width: 18rem; overflow-wrap: anywhere; }
    .path { display: block; font-weight: 400; font-size: 0.8125rem; color: var(--muted); }
    .tag { font-size: 0.75rem; padding: 0 0.4rem; border: 1px solid currentColor;
      border-radius: 1rem; color: var(--accent); white-space: nowrap; }
    .tag.quiet { color: var(--muted); }
    .none { color: var(--muted); font-style: italic; }
    details table { font-size: 0.8125rem; }
    details .scroll { max-height: 20rem; overflow-y: auto; }
    details th, details td { padding: 0.2rem 1rem 0.2rem 0; white-space: nowrap; }
    """

  private static let figures = """
    .grid { display: grid; gap: 1.5rem; align-items: start;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); }
    .figure { margin: 0; padding: 1rem; min-width: 0; border: 1px solid var(--line);
      border-radius: 0.5rem; }
    figcaption { margin-bottom: 0.5rem; font-weight: 600; }
    .canvas { overflow-x: auto; border-radius: 0.25rem; }
    .canvas svg { display: block; width: 100%; height: auto; }
    .canvas img { display: block; width: 100%; height: auto; image-rendering: pixelated; }
    .canvas [data-off] { display: none; }
    .cursor { fill: none; stroke: currentColor; stroke-width: 2; }
    .readout { display: block; min-height: 1.5em; margin-top: 0.25rem; font-size: 0.875rem;
      font-variant-numeric: tabular-nums; color: var(--muted); }
    .legend { list-style: none; margin: 0.25rem 0; padding: 0; display: flex; flex-wrap: wrap;
      gap: 0.25rem 0.5rem; font-size: 0.875rem; }
    .legend li:not(:has(button)), .legend button { display: inline-flex; gap: 0.4rem;
      align-items: center; padding: 0.15rem 0.4rem; text-align: left; }
    .legend svg { flex: none; }
    .legend button[aria-pressed=false] { color: var(--muted); text-decoration: line-through;
      border-style: dashed; }
    .legend button[aria-pressed=false] svg { opacity: 0.35; }
    .summary { font-size: 0.9375rem; }
    summary { cursor: pointer; font-size: 0.9375rem; }
    .downloads { margin-bottom: 0; font-size: 0.875rem; }
    .downloads a { display: inline-block; margin-right: 1rem; }
    @media (max-width: 32rem) {
      body { padding: 1rem 0.75rem 2rem; }
      .figure { padding: 0.75rem; }
      /* Narrower than this the text of a plot could not be read: its box scrolls, and shades show
         at which side there is more. */
      .canvas .picture { min-width: 25rem; }
      .canvas svg { font-size: 14px; }
      .canvas { background:
        linear-gradient(90deg, var(--paper) 0.5rem, transparent) left / 2rem 100% no-repeat local,
        linear-gradient(270deg, var(--paper) 0.5rem, transparent) right / 2rem 100% no-repeat local,
        linear-gradient(90deg, var(--line), transparent) left / 1rem 100% no-repeat scroll,
        linear-gradient(270deg, var(--line), transparent) right / 1rem 100% no-repeat scroll; }
    }
    """

  private static let print = """
    @media print {
      body { max-width: none; padding: 0; font-size: 10pt; }
      .theme, .guide, .downloads, .readout, details, footer { display: none; }
      .figure, tr { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
      .scroll, .canvas { overflow: visible; }
      .legend button { border: 0; }
    }
    """
}
