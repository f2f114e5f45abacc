/**
 * What each generation of Claude takes of the dialect, as Anthropic's migration guides tell it
 * (https://platform.claude.com/docs/en/about-claude/models/migration-guide). What a model refuses with status 400 is not
 * sent to it.
 */

import type { Feature } from "../features.ts";
import type { ReasoningEffort } from "../ir.ts";

/** How a generation is asked to think. */
export interface ThinkingRules {
  /** It thinks when nothing is said of it */
  readonly byDefault: boolean;
  /** `thinking.type` values that it takes for thinking, the preferred one first; empty: it cannot */
  readonly on: readonly ("adaptive" | "enabled")[];
  /** The value for no thinking, or the least of it; null: it always thinks */
  readonly off: "disabled" | "between_tools" | null;
  /** It shows what it thought where `thinking.display` is not said; the later ones leave the text out */
  readonly isShown: boolean;
  /** Words for effort, least first; empty: it knows none */
  readonly efforts: readonly ReasoningEffort[];
}

/** Models that follow the same rules. */
export interface ClaudeGeneration {
  readonly thinking: ThinkingRules;
  /** Whether `temperature` and `top_p` may both be said, one of them, or neither; `top_k` goes with the first two */
  readonly sampling: "both" | "one" | "none";
  /** Most tokens of an answer; null: not known */
  readonly mostTokens: number | null;
  /** What the dialect has words for and these models have not */
  readonly lacks: ReadonlySet<Feature>;
}

const upToHigh = ["low", "medium", "high"] as const;
const withMax = [...upToHigh, "max"] as const;
const all = [...upToHigh, "xhigh", "max"] as const;

const noThinking: ThinkingRules = {
  byDefault: false,
  on: [],
  off: null,
  isShown: false,
  efforts: [],
};
const manual: ThinkingRules = {
  byDefault: false,
  on: ["enabled"],
  off: "disabled",
  isShown: true,
  efforts: [],
};
const adaptive: ThinkingRules = {
  byDefault: false,
  on: ["adaptive"],
  off: "disabled",
  isShown: false,
  efforts: all,
};
const adaptiveByDefault: ThinkingRules = { ...adaptive, byDefault: true };
const always: ThinkingRules = { ...adaptiveByDefault, off: null };

const noMidSystem: readonly Feature[] = ["system-in-mid-conversation"];
const noSchemas: readonly Feature[] = [...noMidSystem, "schema-output", "tool-strict"];
const noReasoning: readonly Feature[] = [...noSchemas, "reasoning", "reasoning-visible"];
const noPrefill: readonly Feature[] = ["assistant-prefill"];
const noSampling: readonly Feature[] = [...noPrefill, "temperature", "top-p", "top-k"];
const noForcedTools: readonly Feature[] = [
  ...noSampling,
  "tool-choice-required",
  "tool-choice-named",
];

/** Models that are none of Claude's versions by their name, such as deployments: they are asked as the agent asks. */
const unknown: ClaudeGeneration = {
  thinking: { ...manual, efforts: all },
  sampling: "both",
  mostTokens: null,
  lacks: new Set(),
};
const claude3: ClaudeGeneration = {
  thinking: noThinking,
  sampling: "both",
  mostTokens: 4_096,
  lacks: new Set(noReasoning),
};
const claude35: ClaudeGeneration = { ...claude3, mostTokens: 8_192 };
const claude37: ClaudeGeneration = {
  thinking: manual,
  sampling: "both",
  mostTokens: 64_000,
  lacks: new Set(noSchemas),
};
const claude4: ClaudeGeneration = { ...claude37, sampling: "one" };
const opus4: ClaudeGeneration = { ...claude4, mostTokens: 32_000 };
const claude45: ClaudeGeneration = { ...claude4, lacks: new Set(noMidSystem) };
const opus41: ClaudeGeneration = { ...claude45, mostTokens: 32_000 };
const opus45: ClaudeGeneration = { ...claude45, thinking: { ...manual, efforts: upToHigh } };
const claude46: ClaudeGeneration = {
  thinking: { ...adaptive, on: ["adaptive", "enabled"], isShown: true, efforts: withMax },
  sampling: "one",
  mostTokens: 64_000,
  lacks: new Set([...noMidSystem, ...noPrefill]),
};
const opus46: ClaudeGeneration = { ...claude46, mostTokens: 128_000 };
const claude48: ClaudeGeneration = {
  thinking: adaptive,
  sampling: "none",
  mostTokens: 128_000,
  lacks: new Set(noSampling),
};
const claude47: ClaudeGeneration = {
  ...claude48,
  lacks: new Set([...noMidSystem, ...noSampling]),
};
const claude5: ClaudeGeneration = { ...claude48, thinking: adaptiveByDefault };
const alwaysThinking: ClaudeGeneration = { ...claude48, thinking: always };
const sonnet55: ClaudeGeneration = {
  ...claude48,
  thinking: { ...adaptiveByDefault, off: "between_tools" },
  lacks: new Set(noForcedTools),
};
/** Also what comes after: the strictest rules so far. */
const latest: ClaudeGeneration = { ...sonnet55, thinking: always };

/** Every generation. */
export const claudeGenerations: readonly ClaudeGeneration[] = [
  unknown,
  claude3,
  claude35,
  claude37,
  claude4,
  opus4,
  opus41,
  claude45,
  opus45,
  claude46,
  opus46,
  claude47,
  claude48,
  claude5,
  alwaysThinking,
  sonnet55,
  latest,
];

/** The generation of a model, by its name on any of the hosts that serve Claude; dates and prefixes do not matter. */
export function generationOf(model: string): ClaudeGeneration {
  const name = model.toLowerCase();
  if (!name.includes("claude")) return unknown;
  const named = /claude-([a-z]+)-(\d{1,2})(?:[-.](\d)(?!\d))?(?!\d)/.exec(name);
  if (named !== null) {
    const [, family = "", major = "0", minor = "0"] = named;
    return ofVersion(family, Number(major) + Number(minor) / 10);
  }
  const numbered = /claude-v?(\d)(?:[-.](\d)(?!\d))?/.exec(name);
  if (numbered !== null) {
    const [, major = "0", minor = "0"] = numbered;
    return ofVersion("", Number(major) + Number(minor) / 10);
  }
  if (name.includes("instant")) return claude3;
  return name.includes("claude-mythos") ? alwaysThinking : unknown;
}

function ofVersion(family: string, version: number): ClaudeGeneration {
  if (version >= 5) return ofClaude5(family, version);
  if (version >= 4.8) return claude48;
  if (version >= 4.7) return claude47;
  if (version >= 4.6) return family === "opus" ? opus46 : claude46;
  if (version >= 4.5) return family === "opus" ? opus45 : claude45;
  if (version >= 4.1 && family === "opus") return opus41;
  if (version >= 4) return family === "opus" ? opus4 : claude4;
  if (version >= 3.7) return claude37;
  return version >= 3.5 ? claude35 : claude3;
}

function ofClaude5(family: string, version: number): ClaudeGeneration {
  const isAlways = family === "fable" || family === "mythos";
  if (version < 5.1) return isAlways ? alwaysThinking : claude5;
  if (version > 5.5) return latest;
  if (family === "sonnet") return sonnet55;
  return family === "haiku" ? claude5 : latest;
}
