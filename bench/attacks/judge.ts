/**
 * Tries one technique and counts. An attempt is refused when nothing came to what is forbidden while it ran; the
 * allowed variant must get through before and after, so that a gateway that serves nobody is not taken for a safe one.
 */
import type { AttackRig } from "./attack-rig.ts";
import type { Leak } from "./canaries.ts";
import type { Attempt, PreparedTechnique, Technique } from "./technique.ts";

/** Attempts at once: they mostly wait. */
const batchSize = 48;

/** Longest wait for one attempt: whatever the gateway refuses in silence, it refuses within 10 s. */
const attemptDeadlineMs = 15_000;

/** What a technique came to. */
export interface Outcome {
  readonly name: string;
  /** Attempts that reached the gateway */
  readonly tried: number;
  /** Those of them that did not reach what is forbidden */
  readonly refused: number;
  /** Canaries found in what agents got back, each once for each place */
  readonly leaked: number;
  /** What is wrong, in words; empty when all is well */
  readonly problems: readonly string[];
  /** Why it was not tried; it then counts nothing */
  readonly leftOut?: string;
}

/** Whether everything that was tried was refused, something was, and nothing leaked. */
export function isClean({ tried, refused, leaked, problems, leftOut }: Outcome): boolean {
  if (leftOut !== undefined) return true;
  return tried > 0 && refused === tried && leaked === 0 && problems.length === 0;
}

/** Tries every attempt of a technique. Never rejects: what goes wrong is a problem of the outcome. */
export async function judge(rig: AttackRig, technique: Technique): Promise<Outcome> {
  const { name } = technique;
  const nothing = { name, tried: 0, refused: 0, leaked: 0 };
  try {
    rig.forget();
    return { name, ...(await tryAll(rig, await technique.prepare(rig))) };
  } catch (error) {
    return { ...nothing, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

async function tryAll(rig: AttackRig, prepared: PreparedTechnique): Promise<Omit<Outcome, "name">> {
  const count = () => rig.countReached(prepared.isForbidden) + (prepared.countMore?.() ?? 0);
  if (!(await passes(prepared))) {
    const problems = ["The allowed variant does not reach its upstream"];
    return { tried: 0, refused: 0, leaked: 0, problems };
  }
  const processes = await envoys(rig);
  const before = count();
  const results: Result[] = [];
  const size = prepared.isSerial ? 1 : batchSize;
  for (let at = 0; at < prepared.attempts.length; at += size) {
    results.push(...(await tryBatch(prepared.attempts.slice(at, at + size), count)));
  }
  const problems = [
    ...results.flatMap(({ name, unsent }) =>
      unsent === undefined ? [] : [`"${name}" did not reach the gateway: ${unsent}`],
    ),
    ...results.flatMap(({ name, reached, answer }) =>
      reached ? [`"${name}" got through: ${firstLine(answer)}`] : [],
    ),
  ];
  const isUnexplained = count() > before && !results.some(({ reached }) => reached);
  if (isUnexplained) problems.push("Something got through, but not when tried again alone");
  if (!(await passes(prepared))) {
    problems.push("The allowed variant no longer reaches its upstream");
  }
  if ((await envoys(rig)) !== processes) problems.push("An Envoy ended and was started again");
  const leaks = results.flatMap(({ name, answer }) => rig.canaries.leaksIn(`"${name}"`, answer));
  return {
    tried: results.filter(({ unsent }) => unsent === undefined).length,
    refused: results.filter(({ unsent, reached }) => unsent === undefined && !reached).length,
    leaked: leaks.length,
    problems: [...problems, ...leaks.map(tellLeak)],
  };
}

/** A sentence about a leak, without its value. */
export function tellLeak({ canary, where }: Leak): string {
  return `The agent or an observer got "${canary}" by ${where}`;
}

interface Result {
  readonly name: string;
  readonly answer: string;
  readonly reached: boolean;
  /** Why it did not even reach the gateway */
  readonly unsent: string | undefined;
}

/** All at once; only when something got through, each half again by itself, to tell which, without waiting for all one by one. */
async function tryBatch(batch: readonly Attempt[], count: () => number): Promise<Result[]> {
  const before = count();
  const results = await Promise.all(batch.map(tryOne));
  if (count() === before) return results;
  if (results.length === 1) return results.map((result) => ({ ...result, reached: true }));
  const middle = Math.ceil(batch.length / 2);
  const first = await tryBatch(batch.slice(0, middle), count);
  return [...first, ...(await tryBatch(batch.slice(middle), count))];
}

async function tryOne({ name, run }: Attempt): Promise<Result> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("no answer"), attemptDeadlineMs);
  try {
    const answer = await Promise.race([run(), late]);
    return { name, answer, reached: false, unsent: undefined };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { name, answer: text, reached: false, unsent: isUnsent(error, text) ? text : undefined };
  } finally {
    clearTimeout(timer);
  }
}

/** Refusals by the gateway are resets and closed connections; a mistake of the corpus is neither. */
function isUnsent(error: unknown, text: string): boolean {
  if (error instanceof TypeError || error instanceof RangeError) {
    return !(error instanceof Error && "code" in error && String(error.code).startsWith("ERR_SSL"));
  }
  return text.includes("ECONNREFUSED") || text.startsWith("Cannot connect to");
}

async function passes({ control }: PreparedTechnique): Promise<boolean> {
  return control().catch(() => false);
}

async function envoys(rig: AttackRig): Promise<string> {
  const pids = (await rig.started()).map(async ({ gateway }) => (await gateway.pids()).envoys);
  return JSON.stringify(await Promise.all(pids));
}

function firstLine(text: string): string {
  return text.slice(0, 60).split(/[\r\n]/, 1)[0] ?? "";
}
