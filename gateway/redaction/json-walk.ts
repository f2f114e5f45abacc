/**
 * Walks over a JSON text that may be cut off, malformed or written to deceive, and tells a visitor where values stand.
 * It never builds a value. Where it does not understand the text any more it stops and says so: what follows may be
 * anything to a reader that is more lenient.
 */

/** Who is told; `State` is what a visitor knows of a place, made anew for each value inside of it. */
export interface JsonVisitor<State> {
  /** What is known of a member or element of a place */
  child(parent: State, key: string | number): State;
  /** Whether the value at this place is taken whole; then nothing inside of it is told */
  takes(state: State): boolean;
  /** A value that was taken, from its first to behind its last character, or to the end of a text that was cut */
  onTaken(start: number, end: number): void;
  /** A string that was not taken, without its quotes, as it is written; `end` may be that of the text */
  onString?(state: State, start: number, end: number): void;
  /** A number or literal that is a member and was not taken */
  onScalar?(parent: State, key: string, text: string): void;
}

/** Deeper nesting is not followed. */
const maxDepth = 128;

const scalar = /(?:true|false|null|-?\d[\d.eE+-]*)/y;
const blanks = /[ \t\r\n]*/y;
/** What stands for something else in a string, or may not stand there. */
const oddCharacter = /[^\x20-\x5b\x5d-\x7e]/;

/** Thrown and caught in this file only: a stop deep in the recursion has nothing to clean up on its way. */
class Stop extends Error {
  readonly at: number;
  constructor(at: number) {
    super("stopped");
    this.at = at;
  }
}

/**
 * Walks over one JSON text from `start` to before `end`. Gives the position from which on it is not understood: `end`
 * when all of it was, or when it only ends too early.
 */
export function walkJson<State>(
  text: string,
  range: { readonly start: number; readonly end: number },
  visit: { readonly visitor: JsonVisitor<State>; readonly root: State },
): number {
  const walk = new Walk(text, range, visit.visitor);
  try {
    walk.value(visit.root, 0, undefined);
    return walk.rest();
  } catch (error) {
    if (error instanceof Stop) return error.at;
    throw error;
  }
}

class Walk<State> {
  readonly #text: string;
  readonly #end: number;
  readonly #visitor: JsonVisitor<State>;
  #at: number;
  /** Inside a value that was taken */
  #isTaken = false;

  constructor(
    text: string,
    { start, end }: { readonly start: number; readonly end: number },
    visitor: JsonVisitor<State>,
  ) {
    this.#text = text;
    this.#end = end;
    this.#at = start;
    this.#visitor = visitor;
  }

  value(state: State, depth: number, memberOf: Member<State> | undefined): void {
    this.#skipBlanks();
    if (this.#at >= this.#end) throw new Stop(this.#end);
    if (this.#isTaken || !this.#visitor.takes(state)) {
      this.#read(state, depth, memberOf);
      return;
    }
    const start = this.#at;
    this.#isTaken = true;
    try {
      this.#read(state, depth, undefined);
      this.#visitor.onTaken(start, this.#at);
    } catch (error) {
      this.#visitor.onTaken(start, this.#end);
      throw error;
    } finally {
      this.#isTaken = false;
    }
  }

  /** What follows the text is none of it. */
  rest(): number {
    this.#skipBlanks();
    return this.#at;
  }

  #read(state: State, depth: number, memberOf: Member<State> | undefined): void {
    const mark = this.#text[this.#at];
    if (mark === "{" || mark === "[") {
      if (depth >= maxDepth) throw new Stop(this.#at);
      this.#at++;
      if (mark === "{") this.#object(state, depth + 1);
      else this.#array(state, depth + 1);
    } else if (mark === '"') {
      const { start, end } = this.#string();
      if (!this.#isTaken) this.#visitor.onString?.(state, start, end);
      this.#closeString(end);
    } else this.#scalar(memberOf);
  }

  #object(state: State, depth: number): void {
    if (this.#isClosed("}")) return;
    for (;;) {
      this.#expect('"', false);
      const { start, end } = this.#string();
      this.#closeString(end);
      const key = this.#isTaken ? "" : this.#key(start, end);
      this.#expect(":", true);
      this.value(this.#childOf(state, key), depth, { parent: state, key });
      if (this.#isClosed("}")) return;
      this.#expect(",", true);
    }
  }

  #array(state: State, depth: number): void {
    if (this.#isClosed("]")) return;
    for (let index = 0; ; index++) {
      this.value(this.#childOf(state, index), depth, undefined);
      if (this.#isClosed("]")) return;
      this.#expect(",", true);
    }
  }

  #childOf(state: State, key: string | number): State {
    return this.#isTaken ? state : this.#visitor.child(state, key);
  }

  /** Names as every reader reads them; bytes of UTF-8 stand in the text one to one. */
  #key(start: number, end: number): string {
    const written = this.#text.slice(start, end);
    if (!oddCharacter.test(written)) return written;
    try {
      return String(JSON.parse(`"${Buffer.from(written, "latin1").toString()}"`));
    } catch {
      throw new Stop(start);
    }
  }

  /** Range of the string that begins here, without its quotes. */
  #string(): { readonly start: number; readonly end: number } {
    const start = this.#at + 1;
    let at = start;
    for (;;) {
      const quote = this.#text.indexOf('"', at);
      if (quote < 0 || quote >= this.#end) return { start, end: this.#end };
      if (!isEscaped(this.#text, quote, start)) return { start, end: quote };
      at = quote + 1;
    }
  }

  #closeString(end: number): void {
    if (end >= this.#end) throw new Stop(this.#end);
    this.#at = end + 1;
  }

  #scalar(memberOf: Member<State> | undefined): void {
    scalar.lastIndex = this.#at;
    const found = scalar.exec(this.#text);
    if (found === null) {
      // The first letters of a literal that was cut off are not more of it than its end would be.
      const left = this.#text.slice(this.#at, this.#end);
      const isCut = ["true", "false", "null", "-"].some((word) => word.startsWith(left));
      throw new Stop(isCut ? this.#end : this.#at);
    }
    this.#at += found[0].length;
    if (memberOf !== undefined && !this.#isTaken) {
      this.#visitor.onScalar?.(memberOf.parent, memberOf.key, found[0]);
    }
  }

  #isClosed(mark: string): boolean {
    this.#skipBlanks();
    if (this.#at >= this.#end) throw new Stop(this.#end);
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #expect(mark: string, passes: boolean): void {
    this.#skipBlanks();
    if (this.#at >= this.#end) throw new Stop(this.#end);
    if (this.#text[this.#at] !== mark) throw new Stop(this.#at);
    if (passes) this.#at++;
  }

  #skipBlanks(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code > 0x20) return;
    blanks.lastIndex = this.#at;
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0;
  }
}

interface Member<State> {
  readonly parent: State;
  readonly key: string;
}

function isEscaped(text: string, quote: number, start: number): boolean {
  let backslashes = 0;
  while (quote - backslashes > start && text[quote - backslashes - 1] === "\\") backslashes++;
  return backslashes % 2 === 1;
}
