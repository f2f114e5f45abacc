/** Private keys in their PEM armour (RFC 7468), however their line ends are written. */

import type { Span } from "./spans.ts";

const begin = /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----/g;
const end = /-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----/g;

/** Adds the place of each; one without an end lasts to the end of the text. */
export function findPrivateKeys(text: string, found: Span[]): void {
  begin.lastIndex = 0;
  for (let start = begin.exec(text); start !== null; start = begin.exec(text)) {
    end.lastIndex = begin.lastIndex;
    const closing = end.exec(text);
    const stop = closing === null ? text.length : end.lastIndex;
    found.push({ start: start.index, end: stop, by: "[redacted private key]" });
    begin.lastIndex = stop;
  }
}
