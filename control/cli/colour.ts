/**
 * Terminal colour, and text that is safe to show on a terminal.
 * Invariant: nothing that came from a network or a manifest reaches a terminal before `escapeControls`.
 */

/** Paints text for one output; each function returns its argument unchanged when that output takes no colour. */
export interface Palette {
  /** Success */
  green(text: string): string;
  /** Refusal or failure */
  red(text: string): string;
  /** Something to look at */
  yellow(text: string): string;
  /** Less important than its surroundings */
  dim(text: string): string;
  /** Names and headings */
  bold(text: string): string;
}

/** What decides whether an output takes colour. */
export interface PaletteOptions {
  /** Whether the output is a terminal (`stream.isTTY === true`) */
  readonly isTerminal: boolean;
  /** Environment of the process; `NO_COLOR` (any non-empty value) and `TERM=dumb` switch colour off */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns the palette for one output: ANSI colours on a terminal, plain text in a pipe or file, and plain text
 * wherever the user asked for none. See https://no-color.org
 */
export function createPalette(options: PaletteOptions): Palette {
  const { NO_COLOR: noColour, TERM: terminal } = options.environment;
  const isColoured =
    options.isTerminal && (noColour === undefined || noColour === "") && terminal !== "dumb";
  const paint = (open: number, close: number) => (text: string) =>
    isColoured && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    green: paint(32, 39),
    red: paint(31, 39),
    yellow: paint(33, 39),
    dim: paint(2, 22),
    bold: paint(1, 22),
  };
}

// Cc: escape sequences. Cf: invisible and bidirectional overrides (a host that reads backwards).
// Zl, Zp: a second line where one is expected. Cs: lone surrogates, which no terminal can print.
// DI: what shows nothing by itself, in which a text can be hidden; emoji end with one of them.
const unsafeCharacters = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/gu;

/**
 * Returns the text with every control, formatting, line-separating and unpaired surrogate character written out
 * (`\x1b`, `\u202e`), so that it can neither move the cursor, nor recolour, nor reorder, nor break the line.
 * Printable text of any script is unchanged. The result is for eyes: it does not escape backslashes, so it is
 * not reversible.
 */
export function escapeControls(text: string): string {
  return text.replace(unsafeCharacters, (character) => {
    const point = character.codePointAt(0) ?? 0;
    if (point <= 0xff) return `\\x${point.toString(16).padStart(2, "0")}`;
    if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, "0")}`;
    return `\\u{${point.toString(16)}}`;
  });
}
