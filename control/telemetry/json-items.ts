/** Counts what a JSON text holds before it is parsed: parsing takes memory for all of it at once. */

/** Objects, and all that takes memory: objects, lists, and what follows a comma. */
export interface JsonCount {
  readonly objects: number;
  readonly values: number;
}

const quote = 0x22;
const comma = 0x2c;
const openList = 0x5b;
const backslash = 0x5c;
const openObject = 0x7b;

/** Counts as far as the text is JSON, and stops once there are more of either than `most`. */
export function countJson(text: string, most: JsonCount): JsonCount {
  let objects = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfText(text, at);
      continue;
    }
    if (code === openObject) objects++;
    if (code === openObject || code === openList || code === comma) values++;
    if (objects > most.objects || values > most.values) break;
  }
  return { objects, values };
}

/** Where the quote is that ends the text which begins at `start`. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (code === backslash) at++;
  }
  return text.length;
}
