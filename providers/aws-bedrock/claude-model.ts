/**
 * What generations of Claude take on Bedrock, by the model's id: its name in an id of a model or an inference profile,
 * also across regions and in ARNs (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-claude.html,
 * …/claude-messages-adaptive-thinking.html, …/structured-output.html). An ARN that names no model tells nothing.
 */

/** What a model of Claude takes. */
export interface ClaudeModel {
  /**
   * How it is asked to think: by `budget_tokens`, by effort (`adaptive`), or not at all. Models of which `adaptive` is the
   * only way refuse budgets.
   */
  readonly thinking: "none" | "budget" | "adaptive";
  /** Temperature and its like; newer models refuse any but their own */
  readonly sampling: boolean;
  /** `outputConfig.textFormat` and `strict` of tools */
  readonly structuredOutput: boolean;
  /** A conversation may end with the beginning of the answer */
  readonly prefill: boolean;
  /** There is an effort between `high` and `max` */
  readonly xhighEffort: boolean;
  /** Thinking is left out of answers unless it is asked for */
  readonly hidesThinking: boolean;
}

/** Family and version, in the older order too: `claude-opus-4-6`, `claude-3-7-sonnet`; a date is no version. */
const versionPattern = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;
/** The generation before versions were numbers of their own. */
const oldestPattern = /claude-(?:v\d|instant)/;

/** What a model takes; null for one that is not of Claude, or not known to be. */
export function findClaudeModel(id: string): ClaudeModel | null {
  if (!id.includes("anthropic.claude")) return null;
  const generation = generationOf(id);
  return {
    thinking: generation < 307 ? "none" : generation < 406 ? "budget" : "adaptive",
    sampling: generation < 407,
    structuredOutput: generation >= 405,
    prefill: generation < 406,
    xhighEffort: generation >= 407,
    hidesThinking: generation >= 407,
  };
}

/** 100 times the major version plus the minor one; a name without a version is taken for the newest. */
function generationOf(id: string): number {
  if (oldestPattern.test(id)) return 200;
  const [, major, minor] = versionPattern.exec(id) ?? [];
  return major === undefined ? Number.POSITIVE_INFINITY : Number(major) * 100 + Number(minor ?? 0);
}
