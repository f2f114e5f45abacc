/** One step of a kubectl script, and how what it printed is made comparable between two servers. */
import type { JsonValue } from "../../control/apiserver/json-tree.ts";
import { isJsonList, isJsonMap } from "../../control/apiserver/json-tree.ts";
import type { Kubectl } from "../harness/kubekit.ts";
import type { ProcessOutcome } from "../harness/processes.ts";

/** One command, the same for both servers. */
export interface KubectlStep {
  readonly name: string;
  readonly words: readonly string[];
  /** Standard input, such as manifests */
  readonly input?: string;
  /** Makes the standard input of what kubectl says about the server, such as a uid */
  readonly inputOf?: (ask: (words: readonly string[]) => Promise<string>) => Promise<string>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Steps that are played while this one runs, which then ends by SIGINT; their outcome is compared, too */
  readonly meanwhile?: readonly KubectlStep[];
  /** Repeated until it prints this, for what a server does in the background */
  readonly until?: RegExp;
  /** The output is JSON, and compared as such */
  readonly isJson?: boolean;
  /** The order of lines says nothing */
  readonly isUnordered?: boolean;
  /** Only the fields that are complained of are compared, each once: the words of each server are its own */
  readonly isRefusal?: boolean;
  /** What the outputs are reduced to before they are compared; `reason` says what is lost and why that is right */
  readonly only?: { readonly pattern: RegExp; readonly reason: string };
  /** Why the output is another one, where it is; the exit code is the same all the same */
  readonly differs?: string;
  /** Why even the exit code may be another one */
  readonly differsInExit?: string;
}

/** What is compared of a step's outcome. */
export interface StepOutcome {
  readonly exitCode: number | null;
  /** Lines */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Controllers of a cluster look at what they missed every half minute. */
const untilDeadlineMs = 60_000;

/** Runs one step, and gives what it came to without what differs between any two servers. */
export async function playStep(kubectl: Kubectl, step: KubectlStep): Promise<StepOutcome> {
  const { words, environment, meanwhile } = step;
  const ask = async (question: readonly string[]) => (await kubectl(question)).stdout;
  const input = step.input ?? (await step.inputOf?.(ask));
  const options = {
    ...(input !== undefined && { input }),
    ...(environment !== undefined && { environment }),
  };
  if (meanwhile !== undefined) return playWatch(kubectl, step, meanwhile);
  if (step.until === undefined) return normalize(step, await kubectl(words, options));
  const { until } = step;
  let outcome = normalize(step, await kubectl(words, options));
  const endMs = performance.now() + untilDeadlineMs;
  while (
    !until.test([...outcome.stdout, ...outcome.stderr].join("\n")) &&
    performance.now() < endMs
  ) {
    outcome = normalize(step, await kubectl(words, options));
  }
  return outcome;
}

/** The client's own log tells when the watch is there; without that, the first change could come too early. */
async function playWatch(
  kubectl: Kubectl,
  step: KubectlStep,
  meanwhile: readonly KubectlStep[],
): Promise<StepOutcome> {
  const lines: string[] = [];
  const outcome = await kubectl([...step.words, "-v=6"], {
    watch: {
      ready: /watch=true.* status="200/,
      during: async () => {
        for (const other of meanwhile) {
          const { exitCode, stdout, stderr } = await playStep(kubectl, other);
          lines.push(`${other.name}: ${exitCode}`, ...stdout, ...stderr);
        }
      },
    },
  });
  const { exitCode, stdout, stderr } = normalize(step, outcome);
  return {
    exitCode,
    stdout: [...stdout, ...lines],
    stderr: stderr.filter((line) => !line.startsWith("<log> ")),
  };
}

/** The outcome with identities, times, versions and addresses replaced by their names. */
export function normalize(step: KubectlStep, outcome: ProcessOutcome): StepOutcome {
  const { exitCode, stdout, stderr } = outcome;
  const text = step.isJson === true ? normalizeJson(stdout) : normalizeText(stdout);
  const complaint = normalizeText(step.isRefusal === true ? refusedFields(stderr) : stderr);
  return { exitCode, stdout: arrange(step, text), stderr: arrange(step, complaint) };
}

function arrange({ only, isUnordered }: KubectlStep, text: string): string[] {
  // The client's own remark that its watch was short, which depends on how fast it got there.
  const lines = text
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("<log> reflector"));
  const kept = only === undefined ? lines : lines.filter((line) => only.pattern.test(line));
  return isUnordered === true ? kept.sort() : kept;
}

const complaints =
  /^(?:.* is invalid: |\* )(\S.*?): (?:Required value|Invalid value|Unsupported value|Duplicate value|Forbidden|Too long|Too many)/;

/** The fields that a server complains of. Kubernetes adds a note, under no field, that it left its own rules out. */
function refusedFields(text: string): string {
  const lines = text.split("\n").flatMap((line) => {
    const field = complaints.exec(line)?.[1];
    if (field === "<nil>" || /^The .* is invalid:\s*$/.test(line) || line === "") return [];
    // One server writes a key of a free map with quotes, the other without.
    return [field === undefined ? line : `refused: ${field.replaceAll('"', "")}`];
  });
  return [...new Set(lines)].sort().join("\n");
}

const replacements: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>"],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [+-]\d{4})/g, "<time>"],
  [/(resourceVersion"?: )"\d+"/g, "$1<version>"],
  [/("continue": )"[^"]+"/g, "$1<token>"],
  [/(Resource Version: +)\d+/g, "$1<version>"],
  [/https:\/\/127\.0\.0\.1:\d+/g, "<server>"],
  [/127\.0\.0\.1:\d+/g, "<address>"],
  // A file name of kubectl's own: diff, edit.
  [/\/tmp\/(LIVE|MERGED|kubectl-edit)-[\w.-]+/g, "/tmp/$1"],
  [/(generated-)[a-z0-9]{5}\b/g, "$1<suffix>"],
  // Ages as a column of their own, and in front of events.
  [/(?<= {2})(?:\d+[dhms])+(?= {2}|$)/gm, "<age>"],
  // Ages at the ends of lines, with how often an event came.
  [/(?<=\s)(?:\d+[dhms])+(?: \(x\d+ over [\dhms]+\))?$/gm, "<age>"],
  [/^(?:\d+[dhms])+(?=\s)/gm, "<age>"],
  // Lines of the client's own log.
  [/^[EWI]\d{4} [\d:.]+\s+\d+ /gm, "<log> "],
];

function normalizeText(text: string): string {
  const named = replacements.reduce((part, [pattern, name]) => part.replace(pattern, name), text);
  // Columns are as wide as their widest cell, such as an age.
  return named
    .split("\n")
    .map((line) => line.replace(/(\S) {2,}/g, "$1  ").trimEnd())
    .join("\n");
}

function normalizeJson(text: string): string {
  try {
    return normalizeText(JSON.stringify(arrangeJson(JSON.parse(text)), undefined, 1));
  } catch {
    // An error message in place of JSON is compared as text.
    return normalizeText(text);
  }
}

/** Keys sorted; owners by name, for entries of the same second stand in the order of their writing. */
function arrangeJson(value: JsonValue): JsonValue {
  if (isJsonList(value)) {
    const items = value.map(arrangeJson);
    const areOwners =
      items.length > 0 && items.every((item) => isJsonMap(item) && "fieldsV1" in item);
    return areOwners ? items.sort(compareText) : items;
  }
  if (!isJsonMap(value)) return value;
  const entries = Object.entries(value)
    // An empty token says as much as none: nothing is left.
    .filter(([key, item]) => !(key === "continue" && item === ""))
    .filter(([key, item]) => !(key === "time" && typeof item === "string"))
    .map(([key, item]): [string, JsonValue] => [key, arrangeJson(item)]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function compareText(one: JsonValue, other: JsonValue): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** A step by its command line; words in double quotes may have blanks. */
export function kubectl(line: string, more: Omit<KubectlStep, "name" | "words"> = {}): KubectlStep {
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  return { name: line, words: words.map((word) => word.replace(/^"|"$/g, "")), ...more };
}
