/**
 * The old `spec.podTemplate` of a WorkerPool, a whole PodTemplateSpec, which became the overlay `spec.template`. What has
 * no place in the overlay is a problem: a setting that somebody relies on is not dropped.
 */
import type { Conversion, Move } from "./kind-definition.ts";
import { readAt, replaceAt, warnOldSpelling } from "./legacy.ts";
import { createProblemWithText } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

const from: Path = ["spec", "podTemplate"];
const to: Path = ["spec", "template"];

/** Places of the pod, and where they are in the overlay. */
const podFields: ReadonlyMap<string, string> = new Map([
  ["imagePullSecrets", "imagePullSecrets"],
  ["nodeSelector", "nodeSelector"],
  ["tolerations", "tolerations"],
  ["affinity", "affinity"],
  ["priorityClassName", "priorityClassName"],
  ["topologySpreadConstraints", "topologySpreadConstraints"],
  ["serviceAccountName", "serviceAccountName"],
  ["volumes", "extraVolumes"],
]);

const containerFields: ReadonlyMap<string, string> = new Map([
  ["image", "image"],
  ["imagePullPolicy", "imagePullPolicy"],
  ["env", "env"],
  ["resources", "resources"],
  ["volumeMounts", "extraVolumeMounts"],
]);

interface Carrying {
  readonly template: Record<string, unknown>;
  readonly moves: Move[];
  readonly problems: Problem[];
}

/** Moves the old field to where its parts belong today, with a warning. */
export function convertPodTemplate(value: unknown): Conversion {
  const old = readAt(value, from);
  if (old === undefined) return { value, warnings: [], problems: [], moves: [] };
  const cleaned = replaceAt(value, from, undefined);
  if (readAt(value, to) !== undefined) {
    const text = "old spelling of spec.template, which is set as well; remove one";
    const problem = createProblemWithText(from, "template", text);
    return { value: cleaned, warnings: [], problems: [problem], moves: [] };
  }
  const carrying: Carrying = { template: {}, moves: [], problems: [] };
  carryTemplate(carrying, old);
  return {
    value: replaceAt(cleaned, to, carrying.template),
    warnings: [warnOldSpelling(from, "template", "write spec.template")],
    problems: carrying.problems,
    moves: [...carrying.moves, { from, to }],
  };
}

function carryTemplate(carrying: Carrying, old: unknown): void {
  for (const [name, part] of entriesOf(old)) {
    if (name === "metadata") carry(carrying, [...from, "metadata"], "metadata", part);
    else if (name === "spec") carryPod(carrying, part);
    else refuse(carrying, [...from, name]);
  }
}

function carryPod(carrying: Carrying, pod: unknown): void {
  const place: Path = [...from, "spec"];
  for (const [name, part] of entriesOf(pod)) {
    const target = podFields.get(name);
    if (target !== undefined) carry(carrying, [...place, name], target, part);
    else if (name === "containers") carryContainers(carrying, [...place, name], part);
    else refuse(carrying, [...place, name]);
  }
}

function carryContainers(carrying: Carrying, place: Path, containers: unknown): void {
  if (!Array.isArray(containers) || containers.length !== 1) {
    const text = "a worker has one container; write spec.template";
    carrying.problems.push(createProblemWithText(place, "one container", text));
    return;
  }
  for (const [name, part] of entriesOf(containers[0])) {
    const target = containerFields.get(name);
    const at = [...place, 0, name];
    if (target !== undefined) carry(carrying, at, target, part);
    else if (name !== "name" || part !== "worker") refuse(carrying, at);
  }
}

function carry(carrying: Carrying, place: Path, target: string, part: unknown): void {
  carrying.template[target] = part;
  carrying.moves.push({ from: place, to: [...to, target] });
}

function refuse(carrying: Carrying, place: Path): void {
  const text = "has no place in spec.template, which is laid over the pod that CLRK makes";
  carrying.problems.push(createProblemWithText(place, "a field of spec.template", text));
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}
