/** Random JSON documents as text, with every freedom of notation that the grammar has, for tests. */

const spaces = ["", "", "", " ", "\n", "\t", "\r\n", "  "];
const texts = ["model", "stream", "a", "", "ünï", "😀", "{", "]", ",", ":", "true", "/", "e9", "0"];
const escapes = ['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u003c", "\\uD83D\\ude00"];
const numbers = ["0", "-0", "12", "-3.25", "1e5", "1E-7", "9007199254740993", "0.1e+2"];

/** Text of a value; nested at most `depth` deep. */
export function randomJson(random: () => number, depth: number): string {
  const kind = Math.floor(random() * (depth > 0 ? 6 : 4));
  switch (kind) {
    case 0:
      return pick(random, ["true", "false", "null"]);
    case 1:
      return pick(random, numbers);
    case 2:
    case 3:
      return randomString(random);
    case 4:
      return enclosed(random, "[]", () => randomJson(random, depth - 1));
    default:
      return enclosed(random, "{}", () => randomMember(random, randomString(random), depth));
  }
}

/** Text of an object whose keys do not repeat, with some of `keys` among them. */
export function randomObject(random: () => number, keys: readonly string[]): string {
  const members = keys
    .filter(() => random() < 0.7)
    .map((key) => randomMember(random, escapeSome(random, key), 3));
  const joined = members.map((member) => space(random) + member + space(random)).join(",");
  return `${space(random)}{${joined}${space(random)}}${space(random)}`;
}

function randomMember(random: () => number, key: string, depth: number): string {
  return `${key}${space(random)}:${space(random)}${randomJson(random, depth - 1)}`;
}

function escapeSome(random: () => number, key: string): string {
  const characters = [...key].map((character) => {
    if (random() > 0.1) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${characters.join("")}"`;
}

function randomString(random: () => number): string {
  let text = "";
  for (let left = Math.floor(random() * 6); left > 0; left--) {
    text += pick(random, random() < 0.3 ? escapes : texts);
  }
  return `"${text}"`;
}

function enclosed(random: () => number, brackets: string, element: () => string): string {
  const elements: string[] = [];
  for (let left = Math.floor(random() * 4); left > 0; left--) {
    elements.push(space(random) + element() + space(random));
  }
  const inner = elements.length === 0 ? space(random) : elements.join(",");
  return `${brackets[0]}${inner}${brackets[1]}`;
}

function space(random: () => number): string {
  return pick(random, spaces);
}

function pick<T>(random: () => number, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError("Cannot pick: no values");
  return value;
}
