/**
 * How much memory a JSON document takes once it is parsed, told before anybody parses it: 32 MiB of `{},{},…` are 32 KB
 * when they are compressed, and a gigabyte of objects.
 */

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const openBrace = 0x7b;

/** An object, list or member takes about eight times what an element does: of a number, the eight bytes that it is. */
const structureWeight = 8;

/**
 * Whether what stands outside of strings weighs more than `limit`: 1 for each comma, 8 for each list, object and member.
 * The text need not be JSON: of what a parser reads of it nothing is left out.
 */
export function isHeavierThan(text: string, limit: number): boolean {
  let weight = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = stringEnd(text, at);
        break;
      case comma:
        weight += 1;
        break;
      case colon:
      case openBracket:
      case openBrace:
        weight += structureWeight;
        break;
      default:
        continue;
    }
    if (weight > limit) return true;
  }
  return false;
}

/** Where the string's closing quote stands; the end of the text when it has none. */
function stringEnd(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at >= 0 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1;
  return slashes % 2 === 1;
}
