/**
 * Cuts a TypeScript file into tokens, so that the checks never mistake the text of a string, a comment
 * or a regular expression for code. TypeScript 7 offers no JavaScript API; this lexer knows just enough.
 * Invariant: the tokens and the white space between them are the whole file.
 */

/** What a token is; `template` is one literal chunk of a template, its substitutions are tokens of their own. */
export type TokenKind =
  | "word"
  | "number"
  | "string"
  | "template"
  | "regex"
  | "punctuation"
  | "comment";

/** One token as written, delimiters included (a chunk of a template carries its backtick, `${` or `}`). */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** First line, counted from 1 */
  readonly line: number;
  /** Last line; differs from `line` for block comments and templates */
  readonly endLine: number;
}

/** A file of the repository, cut into tokens. */
export interface SourceFile {
  /** Path from the repository root, with forward slashes */
  readonly path: string;
  /** All tokens, comments included */
  readonly tokens: readonly Token[];
  /** The tokens without comments */
  readonly code: readonly Token[];
}

/**
 * Cuts `text` into tokens; `path` is only carried along.
 * Throws SyntaxError, naming path and line, for an unterminated literal or a character no token starts with.
 */
export function parseSource(path: string, text: string): SourceFile {
  const tokens = lex(path, text);
  return { path, tokens, code: tokens.filter((token) => token.kind !== "comment") };
}

/** The number of lines between two lines (both included) that hold anything but comments and space. */
export function countCodeLines(file: SourceFile, from = 1, to = Number.POSITIVE_INFINITY): number {
  return linesOf(file.code, from, to).size;
}

/** The number of lines of a whole file that hold only comment. */
export function countCommentLines(file: SourceFile): number {
  const code = linesOf(file.code, 1, Number.POSITIVE_INFINITY);
  const comments = file.tokens.filter((token) => token.kind === "comment");
  const lines = linesOf(comments, 1, Number.POSITIVE_INFINITY);
  return [...lines].filter((line) => !code.has(line)).length;
}

/** The content of a string token, without quotes and with simple escapes resolved. */
export function stringValue(token: Token): string {
  return token.text.slice(1, -1).replace(/\\(.)/gs, "$1");
}

/** Index of the bracket that closes the one at `open`, or -1 when the file ends first. */
export function findClosing(code: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < code.length; index++) {
    const token = code[index];
    if (token?.kind !== "punctuation") continue;
    if ("([{".includes(token.text)) depth++;
    else if (")]}".includes(token.text) && --depth === 0) return index;
  }
  return -1;
}

const patterns = {
  space: /\s+/y,
  comment: /\/\/[^\n]*|\/\*[\s\S]*?\*\//y,
  word: /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy,
  number: /(?:\d[\w.]*|\.\d\w*)/y,
  string: /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y,
  template: /`(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y,
  templateRest: /\}(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y,
  regex: /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y,
  punctuation: /=>|\?\.(?!\d)|\.\.\.|\?\?|&&|\|\||\+\+|--|[{}()[\];,<>=!+\-*/%&|^~?:.@]/y,
};

/** Words after which a slash starts a regular expression, although a slash after other words divides. */
const wordsBeforeRegex = new Set(
  "return typeof case in of delete void throw new else do await yield instanceof".split(" "),
);

interface Cursor {
  readonly path: string;
  readonly text: string;
  offset: number;
  line: number;
  /** One entry per open brace: does closing it continue a template? */
  readonly braces: ("block" | "template")[];
  previous: Token | undefined;
}

function lex(path: string, text: string): Token[] {
  const cursor: Cursor = { path, text, offset: 0, line: 1, braces: [], previous: undefined };
  const tokens: Token[] = [];
  skipShebang(cursor);
  for (;;) {
    advance(cursor, match(cursor, patterns.space) ?? "");
    if (cursor.offset >= text.length) break;
    const token = nextToken(cursor);
    tokens.push(token);
    if (token.kind !== "comment") cursor.previous = token;
  }
  if (cursor.braces.includes("template")) throw fail(cursor, "unterminated template");
  return tokens;
}

function nextToken(cursor: Cursor): Token {
  for (const kind of ["comment", "string", "number", "word"] as const) {
    const text = match(cursor, patterns[kind]);
    if (text !== undefined) return take(cursor, kind, text);
  }
  const continues = cursor.braces.at(-1) === "template" && cursor.text[cursor.offset] === "}";
  if (continues) cursor.braces.pop();
  const template = match(cursor, continues ? patterns.templateRest : patterns.template);
  if (template !== undefined) {
    if (template.endsWith("${")) cursor.braces.push("template");
    return take(cursor, "template", template);
  }
  if (continues) throw fail(cursor, "unterminated template");
  const regex = allowsRegex(cursor.previous) ? match(cursor, patterns.regex) : undefined;
  if (regex !== undefined) return take(cursor, "regex", regex);
  const punctuation = match(cursor, patterns.punctuation);
  if (punctuation === undefined) {
    throw fail(cursor, `unexpected ${JSON.stringify(cursor.text[cursor.offset])}`);
  }
  if (punctuation === "{") cursor.braces.push("block");
  if (punctuation === "}") cursor.braces.pop();
  return take(cursor, "punctuation", punctuation);
}

function allowsRegex(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "punctuation") return !/^(?:[)\]}]|\+\+|--)$/.test(previous.text);
  return previous.kind === "word" && wordsBeforeRegex.has(previous.text);
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.offset;
  return pattern.exec(cursor.text)?.[0];
}

function take(cursor: Cursor, kind: TokenKind, text: string): Token {
  const line = cursor.line;
  advance(cursor, text);
  return { kind, text, line, endLine: cursor.line };
}

function advance(cursor: Cursor, text: string): void {
  cursor.offset += text.length;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) cursor.line++;
}

function skipShebang(cursor: Cursor): void {
  if (cursor.text.startsWith("#!")) advance(cursor, cursor.text.split("\n", 1)[0] ?? "");
}

function fail(cursor: Cursor, problem: string): SyntaxError {
  return new SyntaxError(`Cannot read "${cursor.path}" line ${cursor.line}: ${problem}`);
}

function linesOf(tokens: readonly Token[], from: number, to: number): Set<number> {
  const lines = new Set<number>();
  for (const token of tokens) {
    const first = Math.max(from, token.line);
    for (let line = first; line <= Math.min(to, token.endLine); line++) lines.add(line);
  }
  return lines;
}
