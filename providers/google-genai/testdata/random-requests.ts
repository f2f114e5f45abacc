/** Random requests that Gemini's dialect can express, the same for the same seed. */

import type { ChatRequest, Message, Part } from "../../ir.ts";
import { seededRandom } from "../../testdata/seeded-random.ts";
import { requestWith } from "./requests.ts";

/** A source of choices. */
interface Dice {
  readonly roll: () => number;
  readonly oneOf: <T>(list: readonly T[]) => T;
  readonly count: (most: number) => number;
}

const texts = ["a", "", " ", "é\n", '{"a":1}', "[1]", '{"output":"x"}', '{"error":1}', "{", '"', "\u2028", "😀"];
const argumentTexts = ["{}", '{"a":1}', '{"a":[{"b":null}],"c":"é"}', '{"n":12345678901234567890}'];

/** The n-th random request. */
export function randomRequest(seed: number): ChatRequest {
  const roll = seededRandom(seed * 7_919 + 1);
  // The first numbers of near seeds are near each other
  for (let round = 0; round < 10; round++) roll();
  const dice: Dice = {
    roll,
    oneOf: (list) => list[Math.floor(roll() * list.length)] as (typeof list)[number],
    count: (most) => Math.floor(roll() * (most + 1)),
  };
  return requestWith({
    model: dice.oneOf(["gemini-3-flash-preview", "gemini-3-pro-preview", "gemini-flash-latest"]),
    system: Array.from({ length: dice.count(2) }, () => randomText(dice)),
    messages: randomTurns(dice),
    temperature: dice.oneOf([null, 0, 0.7, 2]),
    topP: dice.oneOf([null, 0.1]),
    topK: dice.oneOf([null, 40]),
    seed: dice.oneOf([null, 0, -5]),
    maxOutputTokens: dice.oneOf([null, 1, 8_192]),
    stop: dice.oneOf([[], ["x"], ["\n", "é"]]),
    choices: dice.oneOf([null, 1, 4]),
    logprobs: dice.oneOf([null, { top: 0 }, { top: 5 }]),
    toolChoice: dice.oneOf([
      null,
      { kind: "auto" },
      { kind: "none" },
      { kind: "required" },
      { kind: "tool", name: "f" },
    ]),
    output: dice.oneOf([{ kind: "text" }, { kind: "json" }]),
  });
}

/** Turns of alternating roles, as they are after they were joined; the last is the user's. */
function randomTurns(dice: Dice): Message[] {
  const messages: Message[] = [{ role: "user", parts: randomUserParts(dice, []) }];
  for (let turn = dice.count(4); turn > 0; turn--) {
    const calls = Array.from({ length: dice.count(3) }, (_, index) =>
      randomCall(dice, `id_${messages.length}_${index}`),
    );
    messages.push(
      { role: "assistant", parts: [...randomModelParts(dice), ...calls] },
      { role: "user", parts: randomUserParts(dice, calls) },
    );
  }
  return messages;
}

type Call = Extract<Part, { readonly kind: "tool-call" }>;

function randomCall(dice: Dice, id: string): Call {
  return {
    kind: "tool-call",
    id,
    name: dice.oneOf(["f", "g"]),
    arguments: dice.oneOf(argumentTexts),
    signature: dice.oneOf([null, null, "c2ln"]),
  };
}

function randomModelParts(dice: Dice): Part[] {
  const parts: Part[] = [];
  if (dice.roll() < 0.3) parts.push(randomThought("Hm", dice.oneOf([null, "c2ln"])));
  if (dice.roll() < 0.3) parts.push(randomThought("", "b3Ro"));
  // A signature and an empty text are one part on the wire
  parts.push({ kind: "text", text: dice.oneOf(texts.filter((one) => one !== "")) });
  return parts;
}

function randomThought(text: string, signature: string | null): Part {
  return { kind: "reasoning", text, signature, encrypted: null, origin: "gemini-generate-content" };
}

/** Results in any order, with text or media among them. */
function randomUserParts(dice: Dice, calls: readonly Call[]): Part[] {
  const parts: Part[] = calls
    .map((call) => ({ call, at: dice.roll() }))
    .toSorted((first, second) => first.at - second.at)
    .map(({ call }) => randomResult(dice, call));
  parts.splice(dice.count(parts.length), 0, randomText(dice));
  if (dice.roll() < 0.3) parts.push(image);
  return parts;
}

function randomResult(dice: Dice, { id, name }: Call): Part {
  const isError = dice.roll() < 0.2;
  const text = dice.oneOf(texts.filter((one) => one !== ""));
  const media = dice.roll() < 0.2 ? [image] : [];
  return {
    kind: "tool-result",
    callId: id,
    name,
    parts: [{ kind: "text", text }, ...media],
    isError,
  };
}

function randomText(dice: Dice): Part {
  return { kind: "text", text: dice.oneOf(texts) };
}

const image: Part = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: "AA==" },
  detail: null,
};
