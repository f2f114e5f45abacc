/**
 * What models of different generations accept, by their names: newer ones count thinking in words and check signatures
 * (https://ai.google.dev/gemini-api/docs/thinking, …/thought-signatures, …/function-calling).
 */

const numbered = /(?:^|\/)gemini-(\d+)(?:\.(\d+))?/;
const firstUnsigned = 3;

/** How a model is told to think: by a level, by tokens within a range, or not at all. */
export type Thinking =
  /** Levels that stand for no thinking, and for one that the model may not have */
  | {
      readonly kind: "level";
      readonly least: "MINIMAL" | "LOW";
      readonly medium: "MEDIUM" | "HIGH";
    }
  /** `least`: fewest tokens of thinking, if it thinks; `canBeOff`: 0 is accepted */
  | {
      readonly kind: "budget";
      readonly least: number;
      readonly most: number;
      readonly canBeOff: boolean;
    }
  | { readonly kind: "none" };

/** Whether a model is of Gemini 3 or later; names without a number, such as `gemini-flash-latest`, are of the newest. */
export function isThirdGeneration(model: string): boolean {
  const major = numbered.exec(model)?.[1];
  if (major !== undefined) return Number(major) >= firstUnsigned;
  return /(?:^|\/)gemini-/.test(model);
}

/** How a model is told to think. */
export function thinkingOf(model: string): Thinking {
  if (isThirdGeneration(model)) {
    return {
      kind: "level",
      least: model.includes("-pro") ? "LOW" : "MINIMAL",
      medium: /(?:^|\/)gemini-3-pro/.test(model) ? "HIGH" : "MEDIUM",
    };
  }
  const [, major, minor] = numbered.exec(model) ?? [];
  if (major === undefined || `${major}.${minor ?? "0"}` !== "2.5") return { kind: "none" };
  if (model.includes("-pro")) {
    return { kind: "budget", least: 128, most: 32_768, canBeOff: false };
  }
  const least = model.includes("-lite") ? 512 : 1;
  return { kind: "budget", least, most: 24_576, canBeOff: true };
}
