import t from "tap";
import { isThirdGeneration, thinkingOf } from "./model-traits.ts";
import type { Thinking } from "./model-traits.ts";

const generations: readonly (readonly [string, boolean])[] = [
  ["gemini-3-pro-preview", true],
  ["gemini-3.1-flash", true],
  ["gemini-10-pro", true],
  ["gemini-flash-latest", true],
  ["models/gemini-3-flash", true],
  ["gemini-2.5-pro", false],
  ["gemini-2.0-flash-001", false],
  ["gemini-1.5-pro", false],
  ["gemma-3-27b-it", false],
  ["tunedModels/mine", false],
  ["my-gemini-3", false],
  ["", false],
];

for (const [model, is] of generations) {
  t.test(`isThirdGeneration() is ${is} of ${JSON.stringify(model)}`, async (t) => {
    t.equal(isThirdGeneration(model), is);
  });
}

const none: Thinking = { kind: "none" };
const thinking: readonly (readonly [string, Thinking])[] = [
  ["gemini-3-flash-preview", { kind: "level", least: "MINIMAL", medium: "MEDIUM" }],
  ["gemini-3-pro-preview", { kind: "level", least: "LOW", medium: "HIGH" }],
  ["gemini-3.1-pro-preview", { kind: "level", least: "LOW", medium: "MEDIUM" }],
  ["gemini-flash-latest", { kind: "level", least: "MINIMAL", medium: "MEDIUM" }],
  ["gemini-2.5-pro", { kind: "budget", least: 128, most: 32_768, canBeOff: false }],
  ["gemini-2.5-flash", { kind: "budget", least: 1, most: 24_576, canBeOff: true }],
  ["gemini-2.5-flash-lite", { kind: "budget", least: 512, most: 24_576, canBeOff: true }],
  ["gemini-2.0-flash", none],
  ["gemini-1.5-pro", none],
  ["gemma-3-27b-it", none],
];

for (const [model, wanted] of thinking) {
  t.test(`thinkingOf() knows how ${model} thinks`, async (t) => {
    t.same(thinkingOf(model), wanted);
  });
}
