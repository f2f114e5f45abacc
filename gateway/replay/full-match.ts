/** Expressions of RE2 over whole texts, as Envoy's matchers have them; what was asked before is remembered. */

import type { RE2JS } from "re2js";
import { compileExpression } from "../re2-expression.ts";

/** Requests repeat their hosts, paths and headers; so many answers of one expression are kept, of which there may be thousands. */
const mostKnown = 512;

/** Longer texts are not kept. */
const longestKnown = 1_024;

/** One expression. Matching takes time linear in the text, and remembering is bounded. */
export class FullMatch {
  readonly #expression: RE2JS;
  readonly #known = new Map<string, boolean>();

  /** Throws what RE2JS throws for an expression that is none. */
  constructor(expression: string) {
    this.#expression = compileExpression(expression);
  }

  /** Whether the expression fits the whole text. */
  fits(text: string): boolean {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const fits = this.#expression.matches(text);
    if (text.length > longestKnown) return fits;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, fits);
    return fits;
  }
}
