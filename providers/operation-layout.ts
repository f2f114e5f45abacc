/** Operations as they are looked up and read: found by a request's path, their paths made into shapes for the scanner. */

import { compileShape } from "./json-shape.ts";
import type { JsonShape, WantedValue } from "./json-shape.ts";
import type { AnswerFact, AnswerPaths, Operation } from "./operation.ts";
import { answerFacts } from "./operation.ts";
import type { Provider } from "./provider.ts";

/** The scanner's slot of each fact of an answer. */
export const answerSlots = {
  id: 0,
  model: 1,
  content: 2,
  choice: 3,
  finishReason: 4,
  status: 5,
  inputTokens: 6,
  outputTokens: 7,
  cachedInputTokens: 8,
  cacheWriteTokens: 9,
  reasoningTokens: 10,
} as const satisfies Readonly<Record<AnswerFact, number>>;

/** How many slots an answer has. */
export const answerSlotCount = Object.keys(answerSlots).length;

/** Shapes of an operation's answers. */
export interface OperationLayout {
  readonly operation: Operation;
  readonly answer: JsonShape;
  readonly event: JsonShape;
  /** An event of which id, model and content are no longer asked */
  readonly laterEvent: JsonShape;
  /** Finish reasons are in an array of choices */
  readonly hasChoices: boolean;
}

/** What a request is for. */
export interface FoundOperation {
  readonly layout: OperationLayout;
  /** The model that the path names, decoded; null where the body does */
  readonly pathModel: string | null;
  /** Where it stands in the path, `[start, end)`, with its escapes; null where the body names it */
  readonly modelRange: PathRange | null;
}

/** Part of a path, in UTF-16 units. */
export interface PathRange {
  readonly start: number;
  readonly end: number;
}

interface PathTemplate {
  readonly prefix: string;
  readonly suffix: string;
  /** Texts between placeholders, one less than these */
  readonly joints: readonly string[];
  /** Which placeholder is the model's; -1 where the body names it */
  readonly modelAt: number;
  readonly layout: OperationLayout;
}

interface OperationIndex {
  readonly exact: ReadonlyMap<string, FoundOperation>;
  readonly templates: readonly PathTemplate[];
}

const indexes = new WeakMap<Provider, OperationIndex>();
const placeholder = /\{(?:model|any)\}/;
const placeholders = /\{(?:model|any)\}/g;
const longestSegment = 1_024;
const factsOfFirstEvents: ReadonlySet<AnswerFact> = new Set(["id", "model", "content"]);

/** The operation that a request calls, its path with or without a query; undefined when the provider declares none. */
export function findOperation(
  provider: Provider,
  method: string,
  path: string,
): FoundOperation | undefined {
  if (method !== "POST" || provider.operations === undefined) return undefined;
  const { exact, templates } = indexOf(provider, provider.operations);
  const query = path.indexOf("?");
  const plain = query < 0 ? path : path.slice(0, query);
  const found = exact.get(plain);
  if (found !== undefined) return found;
  for (const template of templates) {
    const segments = matchTemplate(template, plain);
    if (segments === undefined) continue;
    const range = segments[template.modelAt] ?? null;
    return {
      layout: template.layout,
      pathModel: range === null ? null : decodeSegment(plain.slice(range.start, range.end)),
      modelRange: range,
    };
  }
  return undefined;
}

function indexOf(provider: Provider, operations: readonly Operation[]): OperationIndex {
  const known = indexes.get(provider);
  if (known !== undefined) return known;
  const exact = new Map<string, FoundOperation>();
  const templates: PathTemplate[] = [];
  for (const operation of operations) {
    const layout = createLayout(operation);
    for (const path of operation.paths) {
      const texts = path.split(placeholder);
      if (texts.length === 1) exact.set(path, { layout, pathModel: null, modelRange: null });
      else templates.push(createTemplate(path, texts, layout));
    }
  }
  const index = { exact, templates };
  indexes.set(provider, index);
  return index;
}

function createTemplate(
  path: string,
  texts: readonly string[],
  layout: OperationLayout,
): PathTemplate {
  const names: readonly string[] = path.match(placeholders) ?? [];
  return {
    prefix: texts[0] ?? "",
    suffix: texts.at(-1) ?? "",
    joints: texts.slice(1, -1),
    modelAt: names.indexOf("{model}"),
    layout,
  };
}

function createLayout(operation: Operation): OperationLayout {
  const { answer, event } = operation;
  const later = Object.entries(event).filter(([fact]) => !isFactOfFirstEvents(fact));
  const reasons = [...(answer.finishReason ?? []), ...(event.finishReason ?? [])];
  return {
    operation,
    answer: compileShape(wantedValues(answer)),
    event: compileShape(wantedValues(event)),
    laterEvent: compileShape(wantedValues(Object.fromEntries(later))),
    hasChoices: reasons.some((path) => path.includes("[]")),
  };
}

function isFactOfFirstEvents(fact: string): boolean {
  return answerFacts.some((one) => one === fact && factsOfFirstEvents.has(one));
}

function wantedValues(paths: AnswerPaths): WantedValue[] {
  return answerFacts.flatMap((fact) => {
    const as = fact === "content" ? "presence" : "value";
    return (paths[fact] ?? []).map((path) => ({ path, slot: answerSlots[fact], as }) as const);
  });
}

/** Where something stands for each placeholder; undefined when the path is another. */
function matchTemplate(template: PathTemplate, path: string): PathRange[] | undefined {
  const { prefix, suffix, joints } = template;
  if (!path.startsWith(prefix) || !path.endsWith(suffix)) return undefined;
  const end = path.length - suffix.length;
  const segments: PathRange[] = [];
  let at = prefix.length;
  for (const joint of joints) {
    const next = path.indexOf(joint, at);
    if (next < 0) return undefined;
    segments.push({ start: at, end: next });
    at = next + joint.length;
  }
  if (at >= end) return undefined;
  segments.push({ start: at, end });
  return segments.every((range) => isSegment(path.slice(range.start, range.end)))
    ? segments
    : undefined;
}

function isSegment(text: string): boolean {
  return text !== "" && text.length <= longestSegment && !text.includes("/");
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not an escape: the provider judges it, and it is shown as it was sent
    return segment;
  }
}
