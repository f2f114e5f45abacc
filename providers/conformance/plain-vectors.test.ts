import t from "tap";
import type { EmbeddingsResponse } from "../ir.ts";
import type { JsonNumber } from "../json-text.ts";
import { parseJsonText } from "../json-text.ts";
import { plainVectors } from "./plain-vectors.ts";

type Vectors = EmbeddingsResponse["vectors"];

function isEqual(found: Vectors, wanted: Vectors): boolean {
  const plain = plainVectors(found, wanted);
  return JSON.stringify(plain.found) === JSON.stringify(plain.wanted);
}

function numbers(text: string): readonly JsonNumber[] {
  const parsed = parseJsonText(text);
  // The texts of these tests are lists of numbers.
  return parsed.kind === "value" ? (parsed.value as readonly JsonNumber[]) : [];
}

const quarter = "AACAPgAAgL8=";
const long = numbers("[0.012345678901234567890]");

const cases = [
  { name: "numbers with the same digits", found: [long], wanted: [long], equal: true },
  { name: "rounded numbers", found: [[0.012_345_678_9]], wanted: [long], equal: false },
  { name: "numbers for base64", found: [[0.25, -1]], wanted: [quarter], equal: true },
  { name: "base64 for numbers", found: [quarter], wanted: [[0.25, -1]], equal: true },
  { name: "base64 twice", found: [quarter, quarter], wanted: [quarter, [0.25, -1]], equal: true },
  {
    name: "numbers that a float rounds",
    found: [[0.1]],
    wanted: [Buffer.from(new Float32Array([0.1]).buffer).toString("base64")],
    equal: true,
  },
  { name: "other floats", found: [[0.5, -1]], wanted: [quarter], equal: false },
  { name: "fewer floats", found: [[0.25]], wanted: [quarter], equal: false },
  { name: "bytes that are no floats", found: ["AAA="], wanted: [[]], equal: false },
  { name: "fewer vectors", found: [quarter], wanted: [quarter, quarter], equal: false },
] satisfies { name: string; found: Vectors; wanted: Vectors; equal: boolean }[];

for (const { name, found, wanted, equal } of cases) {
  t.test(`plainVectors() makes ${name} ${equal ? "equal" : "different"}`, async (t) => {
    t.equal(isEqual(found, wanted), equal);
  });
}
