/** Random messages of Envoy as a wire format allows them: fields in any order, repeated, unknown, in parts. */
import { envoy } from "../../gateway/proto/gen/extproc.js";
import type { Random } from "./random.ts";
import { block, number, tag } from "./wire-fields.ts";

const { Metadata } = envoy.config.core.v3;

const names = [":method", ":path", ":authority", "accept", "x-a", "x-b", "content-type", ""];
const texts = [
  "",
  "POST",
  "application/json",
  "grüße",
  "日本",
  "\u{1f600}",
  "\ufffd",
  "x".repeat(300),
];

/** A ProcessingRequest that holds at least one phase, most often one. */
export function randomProcessingRequest(random: Random): Buffer {
  const phases = random.below(4) === 0 ? 1 + random.below(4) : 1;
  const one = 2 + random.below(6);
  const fields = Array.from({ length: phases }, () => {
    return randomPhase(random, random.below(3) === 0 ? 2 + random.below(6) : one);
  });
  return join(random, fields, [
    () => number(10, random.below(2)),
    () => block(8, Metadata.encode({ filterMetadata: { a: { fields: {} } } }).finish()),
    () => randomUnknown(random),
  ]);
}

function randomPhase(random: Random, field: number): Buffer {
  const isBody = field === 4 || field === 5;
  const isTrailers = field > 5;
  const count = random.below(5) === 0 ? random.below(4) : 1;
  const contents = Array.from({ length: count }, () => {
    return isBody ? block(1, random.bytes(random.below(200))) : block(1, randomHeaderMap(random));
  });
  const flags = [() => number(3, random.below(3), 1 + random.below(9))];
  if (isBody) flags.push(() => number(2, random.below(2)));
  return block(field, join(random, contents, isTrailers ? [] : flags));
}

function randomHeaderMap(random: Random): Buffer {
  const headers = Array.from({ length: random.below(12) }, () => block(1, randomHeader(random)));
  return join(random, headers, [() => randomUnknown(random)]);
}

function randomHeader(random: Random): Buffer {
  const key = () => block(1, random.pick(names));
  const value = () => block(2, random.pick(texts));
  const raw = () => block(3, random.below(2) === 0 ? random.pick(texts) : random.bytes(20));
  switch (random.below(6)) {
    case 0:
      return join(random, [key(), raw()], [value, raw, key, () => randomUnknown(random)]);
    case 1:
      return Buffer.concat([key(), value()]);
    case 2:
      return Buffer.concat([raw(), key()]);
    default:
      return Buffer.concat([key(), raw()]);
  }
}

/** A field of a number that no message here has. */
function randomUnknown(random: Random): Buffer {
  const field = 20 + random.below(500);
  switch (random.below(4)) {
    case 0:
      return number(field, random.below(2 ** 32), 1 + random.below(10));
    case 1:
      return Buffer.concat([tag(field, 1), random.bytes(8)]);
    case 2:
      return block(field, random.bytes(random.below(40)));
    default:
      return Buffer.concat([tag(field, 5), random.bytes(4)]);
  }
}

/** The fields, now and then with some of the others, in a random order. */
function join(
  random: Random,
  fields: readonly Buffer[],
  others: readonly (() => Buffer)[],
): Buffer {
  const added = others.filter(() => random.below(4) === 0).map((other) => other());
  const all = [...fields, ...added];
  return Buffer.concat(random.below(2) === 0 ? all : random.shuffle(all));
}
