/**
 * Turns the static code of protobufjs into ours. 64-bit integers become plain numbers (`int64`, `uint64`) or bigints
 * (`fixed64`, nanosecond timestamps, and what `isExact()` names where a number does not hold it) instead of objects of
 * the package `long`. Strings that are not UTF-8 decode with
 * U+FFFD instead of throwing: an SNI or path chosen by one agent must not end a stream that serves all of them. Maps have
 * no prototype: their keys come from outside.
 */

/** What the generated code calls; LongBits accepts `{ low, high }` without the package `long`. */
const helpers = `
const $number = (value) => (typeof value === "number" ? value : value.toNumber());
const $bigint = (reader) => BigInt(reader.fixed32()) | (BigInt(reader.fixed32()) << 32n);
const $bits = (value) =>
  typeof value === "bigint" ? { low: Number(value & 0xffffffffn), high: Number(value >> 32n) } : value;
const $exact = (reader) => {
  const at = reader.pos;
  const number = $number(reader.int64());
  if (Number.isSafeInteger(number)) return number;
  let whole = 0n;
  for (let place = at; place < reader.pos; place++) whole |= BigInt(reader.buf[place] & 0x7f) << BigInt(7 * (place - at));
  return BigInt.asIntN(64, whole);
};
`;

/** Whether all digits of an `int64` matter: what agents write into attributes is theirs. */
export function isExact(field) {
  return field.type === "int64" && field.name === "intValue";
}

/**
 * The generated module, ready to be written.
 *
 * @param {import("protobufjs").Root} root the messages the code was made from
 * @param {string} code output of protobufjs' target `static-module`
 * @returns {string} an ES module
 * @throws {Error} when the code holds a form of 64-bit access this function does not know: protobufjs changed
 */
export function adaptCode(root, code) {
  const fixed = fixed64Names(root);
  const adapted = code
    .replace(/^ +/gm, "")
    .replaceAll("reader.stringVerify()", "reader.string()")
    .replace(/((?:this|message)\.\w+) = \{\};/g, "$1 = Object.create(null);")
    .replace(
      /if \(typeof \(value = (reader\.u?int64\(\))\) === "object" \? value\.low \|\| value\.high : value !== 0\)/g,
      "if ((value = $number($1)) !== 0)",
    )
    .replace(
      /if \(typeof \(value = reader\.fixed64\(\)\) === "object" \? value\.low \|\| value\.high : value !== 0\)/g,
      "if ((value = $bigint(reader)) !== 0n)",
    )
    .replace(/message\.intValue = reader\.int64\(\)/g, "message.intValue = $exact(reader)")
    .replace(/\.int64\(message\.intValue\)/g, ".int64($bits(message.intValue))")
    .replace(/(?<!\$number\()reader\.u?int64\(\)/g, "$number($&)")
    .replace(/reader\.fixed64\(\)/g, "$bigint(reader)")
    .replace(/\.fixed64\((message\.\w+)\)/g, ".fixed64($bits($1))")
    .replace(
      /\(typeof (message\.\w+) === "object" \? message\.\w+\.low \|\| message\.\w+\.high : message\.\w+ !== 0\)/g,
      "$1 != 0",
    )
    .replace(
      /\.prototype\.(\w+) = \$util\.Long \? \$util\.Long\.fromBits\(0,0,\w+\) : 0;/g,
      (_, name) => `.prototype.${name} = ${fixed.has(name) ? "0n" : "0"};`,
    )
    .replace(/^(const \$root = )/m, `${helpers}\n$1`);
  const leftover = adapted.match(/.*(?:util\.Long\b|(?<!bits\()\bs(?:int|fixed)64\().*/);
  if (leftover) {
    throw new Error(`Unknown form of 64-bit access in the compiler's code: "${leftover[0]}"`);
  }
  return adapted;
}

/** Names of fixed64 fields; a name may not have two 64-bit types in one module, as defaults are found by name. */
function fixed64Names(root) {
  const types = new Map();
  for (const field of allFields(root)) {
    const kind =
      field.type === "fixed64" ? "fixed64" : /int64/.test(field.type) ? "int64" : undefined;
    if (!kind || field.repeated) {
      continue;
    }
    if (types.has(field.name) && types.get(field.name) !== kind) {
      throw new Error(`Field name "${field.name}" is both int64 and fixed64`);
    }
    types.set(field.name, kind);
  }
  return new Set([...types].filter(([, kind]) => kind === "fixed64").map(([name]) => name));
}

function allFields(namespace) {
  return [
    ...(namespace.fieldsArray ?? []),
    ...namespace.nestedArray.flatMap((object) => (object.nestedArray ? allFields(object) : [])),
  ];
}
