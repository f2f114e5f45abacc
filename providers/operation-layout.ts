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
}

interface PathTemplate {
  readonly prefix: string;
  readonly suffix: string;
  readonly layout: OperationLayout;
}

interface OperationIndex {
  readonly exact: ReadonlyMap<string, FoundOperation>;
  readonly templates: readonly PathTemplate[];
}

const indexes = new WeakMap<Provider, OperationIndex>();
const placeholder = "{model}";
const longestModel = 1_024;
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
    const pathModel = matchTemplate(template, plain);
    if (pathModel !== undefined) return { layout: template.layout, pathModel };
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
      const [prefix = "", suffix] = path.split(placeholder);
      if (suffix === undefined) exact.set(path, { layout, pathModel: null });
      else templates.push({ prefix, suffix, layout });
    }
  }
  const index = { exact, templates };
  indexes.set(provider, index);
  return index;
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

function matchTemplate({ prefix, suffix }: PathTemplate, path: string): string | undefined {
  if (!path.startsWith(prefix) || !path.endsWith(suffix)) return undefined;
  const end = path.length - suffix.length;
  if (end <= prefix.length || end - prefix.length > longestModel) return undefined;
  const segment = path.slice(prefix.length, end);
  return segment.includes("/") ? undefined : decodeSegment(segment);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not an escape: the provider judges it, and it is shown as it was sent
    return segment;
  }
}
