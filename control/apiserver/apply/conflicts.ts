/** Conflicts between managers, and how Kubernetes words them for people and for programs. */
import { pathsOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import type { Manager } from "./managers.ts";
import { formatPath } from "./path-element.ts";

/** One field that another manager owns with another value. */
export interface Conflict {
  /** The other manager, as a message names it: `"kubectl-edit" using v1`; not its bare name */
  readonly manager: string;
  /** `.spec.rules[name="a"]` */
  readonly path: string;
}

/** One cause of a Status that refuses an apply. */
export interface ConflictCause {
  readonly reason: "FieldManagerConflict";
  readonly message: string;
  readonly field: string;
}

/** Every path on which a manager would be overruled. */
export function conflictsWith(manager: Manager, fields: FieldSet): Conflict[] {
  const name = formatManager(manager);
  return pathsOf(fields).map((path) => ({ manager: name, path: formatPath(path) }));
}

/** `message` of the Status: one line for one conflict, else a list under each manager. */
export function conflictMessage(conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (only !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${only.manager}: ${only.path}`;
  }
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort();
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts.filter((item) => item.manager === manager).map(({ path }) => `- ${path}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

/** `details.causes` of the Status. */
export function conflictCauses(conflicts: readonly Conflict[]): ConflictCause[] {
  return conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field: path,
  }));
}

function formatManager(manager: Manager): string {
  const { name, subresource, operation, apiVersion } = manager;
  const quoted = JSON.stringify(name);
  const place =
    subresource === "" ? quoted : `${quoted} with subresource ${JSON.stringify(subresource)}`;
  return operation === "Apply" ? place : `${place} using ${apiVersion}`;
}
