/**
 * `clrk apply --prune`: deletes what manifests no longer name. Invariant: nothing goes that was not applied by
 * `clrk apply`, and every object is named before anything is deleted.
 */
import { parseLabelQuery } from "../apiserver/label-query.ts";
import type { LabelMatcher } from "../apiserver/label-query.ts";
import { StatusError } from "../apiserver/status-error.ts";
import { ApiError } from "./api-error.ts";
import { formatObjectName, formatResource, pathOf } from "./api-resources.ts";
import type { ApiResource } from "./api-resources.ts";
import { applySetId, groupKindOf, partOfLabel, readApplySetParent } from "./apply-set.ts";
import type { ApplySetExtent, ApplySetFlags, ApplySetParent } from "./apply-set.ts";
import type { CliContext } from "./cli-context.ts";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { mapOf, mapsOf, textOf } from "./json-parts.ts";
import type { JsonMap } from "./json-parts.ts";
import { listObjects } from "./object-reads.ts";
import type { ObjectServer } from "./object-source.ts";
import type { StoredObject } from "./stored-object.ts";
import { namespaceOf } from "./stored-object.ts";

/** Which objects belong together. */
export type ApplyScope =
  /** Those that `--applyset` marked, where their parent says that they are */
  | { readonly kind: "set"; readonly parent: ApplySetParent; readonly id: string }
  /** Those with these labels, in namespaces of the manifests */
  | { readonly kind: "labels"; readonly selector: string; readonly matches: LabelMatcher };

/** Options that say so, as the user gave them. */
export interface ScopeFlags extends ApplySetFlags {
  readonly prune?: boolean;
  readonly selector?: string;
}

/** An object that goes. */
export interface PrunedObject {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly scope: ApplyScope;
}

/** What is looked at. */
export interface PruneRequest {
  readonly scope: ApplyScope;
  /** Paths of the objects that the manifests name */
  readonly named: ReadonlySet<string>;
  /** Where is looked for namespaced objects */
  readonly namespaces: ReadonlySet<string>;
  /** Whether objects outside of namespaces are looked at too */
  readonly hasClusterScope: boolean;
  /** Kinds that are looked at, as `groupKindOf()` names them; absent: all */
  readonly kinds?: ReadonlySet<string>;
  readonly manager: string;
}

/** Requests at once while nothing is written. */
const concurrency = 8;

/** Tries of deleting one object that changes meanwhile. */
const mostTries = 5;

/** Reads the options; undefined without any. Throws a `CliError` of wrong usage. */
export function readApplyScope(flags: ScopeFlags): ApplyScope | undefined {
  const { prune, selector, applyset } = flags;
  if (selector !== undefined && applyset !== undefined) {
    throw usage("Cannot apply: -l and --applyset exclude each other\nGive one of them");
  }
  if (prune !== true && selector !== undefined) {
    throw usage("Cannot apply: -l says what --prune may delete\nAdd --prune, or leave -l out");
  }
  const parent = readApplySetParent(flags);
  if (parent !== undefined) return { kind: "set", parent, id: applySetId(parent) };
  if (selector !== undefined) return readSelector(selector);
  if (prune !== true) return undefined;
  throw usage(
    "Cannot prune: nothing says which objects belong to the manifests\nSay it: --applyset NAME, or -l LABELS",
  );
}

/** A body with the mark of its set, or why it cannot be of the scope. */
export type MarkedBody =
  | { readonly kind: "marked"; readonly body: JsonMap }
  | { readonly kind: "unfit"; readonly why: string };

/** Marks a body; one that says another set, or lacks the labels, is unfit. */
export function markBody(scope: ApplyScope, body: JsonMap): MarkedBody {
  const metadata = mapOf(body["metadata"]);
  const labels = textMap(metadata["labels"]);
  if (scope.kind === "labels") {
    if (scope.matches(labels)) return { kind: "marked", body };
    const why = `it has not the labels of -l ${escapeControls(scope.selector)}`;
    return { kind: "unfit", why };
  }
  const other = labels[partOfLabel];
  if (other !== undefined && other !== scope.id) {
    const why = `its label ${partOfLabel} says "${escapeControls(other)}"`;
    return { kind: "unfit", why };
  }
  if (isParent(scope.parent, body)) return { kind: "unfit", why: "it is the set's own parent" };
  const marked = { ...metadata, labels: { ...labels, [partOfLabel]: scope.id } };
  return { kind: "marked", body: { ...body, metadata: marked } };
}

/** The id of the set that an object as the server has it belongs to; undefined for none. */
export function applySetOf(object: unknown): string | undefined {
  return textMap(mapOf(mapOf(object)["metadata"])["labels"])[partOfLabel];
}

/**
 * What would be deleted, checked by the server in a dry run. Throws a `CliError` where something belongs to the scope
 * that must not be deleted so: Namespaces, and Secrets that came in another way.
 */
export async function findPruned(
  context: CliContext,
  server: ObjectServer,
  request: PruneRequest,
): Promise<readonly PrunedObject[]> {
  const found = await listScope(server, request);
  const refusals: string[] = [];
  const pruned: PrunedObject[] = [];
  for (const { resource, object } of found) {
    const place = { namespace: namespaceOf(object), name: object.metadata.name };
    if (request.named.has(pathOf(resource, place)) || isOnItsWay(object)) continue;
    const isApplied = mapsOf(object.metadata["managedFields"]).some(
      ({ manager, operation }) => manager === request.manager && operation === "Apply",
    );
    const name = formatObjectName(resource, place.name);
    const refusal = whyNot(resource, isApplied);
    if (refusal !== undefined) {
      refusals.push(`${name}: ${refusal}; take the label from it, or delete it by name`);
    } else if (isApplied) {
      const uid = textOf(object.metadata["uid"]);
      pruned.push({ resource, ...place, uid, scope: request.scope });
    } else {
      context.process.stderr.write(`Kept ${name}: it was not applied by clrk apply\n`);
    }
  }
  for (let at = 0; at < pruned.length; at += concurrency) {
    const some = pruned.slice(at, at + concurrency);
    refusals.push(...(await Promise.all(some.map((one) => tryDelete(server, one)))).flat());
  }
  if (refusals.length === 0) return pruned;
  throw new CliError(["Cannot prune, nothing was written:", ...refusals].join("\n"));
}

/** Where objects of the scope are now, among what the request looks at. */
export async function findExtent(
  server: ObjectServer,
  request: PruneRequest,
): Promise<ApplySetExtent> {
  const found = await listScope(server, request);
  const namespaced = found.filter(({ resource }) => resource.namespaced);
  return {
    kinds: new Set(found.map(({ resource }) => groupKindOf(resource))),
    namespaces: new Set(namespaced.map(({ object }) => namespaceOf(object))),
  };
}

/**
 * Names them all, and then deletes them, one after the other; what left the scope since it was found stays. Throws a
 * `CliError` that says what was deleted.
 */
export async function deletePruned(
  context: CliContext,
  server: ObjectServer,
  { pruned, isDryRun }: { readonly pruned: readonly PrunedObject[]; readonly isDryRun: boolean },
): Promise<void> {
  const { stdout, stderr } = context.process;
  if (pruned.length > 0 && !isDryRun) {
    const names = pruned.map((one) => `  ${nameOf(one)}\n`);
    stderr.write(`Deleting what the manifests no longer name:\n${names.join("")}`);
  }
  for (const [done, one] of pruned.entries()) {
    const name = formatObjectName(one.resource, one.name);
    if (isDryRun) {
      stdout.write(`${name} pruned (dry run)\n`);
      continue;
    }
    try {
      const outcome = await deleteOne(server, one);
      if (outcome === "left") stderr.write(`Kept ${name}: it belongs to the set no more\n`);
      if (outcome !== "deleted") continue;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new CliError(
        `Cannot prune the rest, ${done} of ${pruned.length} were: ${nameOf(one)}: ${error.serverMessage || error.message}\nApply again: what is gone stays gone`,
        { cause: error },
      );
    }
    stdout.write(`${name} pruned\n`);
  }
}

function readSelector(selector: string): ApplyScope {
  let matches: LabelMatcher;
  try {
    matches = parseLabelQuery(selector);
  } catch (cause) {
    if (!(cause instanceof StatusError)) throw cause;
    throw usage(`Cannot use -l "${escapeControls(selector)}": ${escapeControls(cause.message)}`);
  }
  if (!matches(undefined)) return { kind: "labels", selector, matches };
  throw usage(
    `Cannot prune with -l "${escapeControls(selector)}": objects without labels fit\nName a label that they all have: -l team=red`,
  );
}

function isParent({ kind, namespace, name }: ApplySetParent, body: JsonMap): boolean {
  const metadata = mapOf(body["metadata"]);
  const isOfCore = body["apiVersion"] === "v1" && body["kind"] === kind;
  return isOfCore && metadata["name"] === name && metadata["namespace"] === namespace;
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}

interface Found {
  readonly resource: ApiResource;
  readonly object: StoredObject;
}

async function listScope(
  { client, resources }: ObjectServer,
  { scope, namespaces, hasClusterScope, kinds }: PruneRequest,
): Promise<readonly Found[]> {
  const labelSelector = scope.kind === "set" ? `${partOfLabel}=${scope.id}` : scope.selector;
  const asked = resources.filter(
    (one) => isPrunable(one) && (kinds?.has(groupKindOf(one)) ?? true),
  );
  const found: Found[] = [];
  for (const resource of asked) {
    const cluster = hasClusterScope ? [""] : [];
    for (const place of resource.namespaced ? namespaces : cluster) {
      const { rows } = await listObjects(client, resource, { namespace: place, labelSelector });
      found.push(...rows.map(({ object }) => ({ resource, object })));
    }
  }
  return found;
}

/** Events are nobody's, and are the same in two groups. */
function isPrunable({ verbs, kind }: ApiResource): boolean {
  return verbs.includes("list") && verbs.includes("delete") && kind !== "Event";
}

/** It goes with its owner, or goes already. */
function isOnItsWay({ metadata }: StoredObject): boolean {
  const isOwned = mapsOf(metadata["ownerReferences"]).some(({ controller }) => controller === true);
  return isOwned || metadata["deletionTimestamp"] !== undefined;
}

function whyNot(resource: ApiResource, isApplied: boolean): string | undefined {
  const kind = formatResource(resource);
  if (kind === "namespaces") return "with a Namespace all that is in it would go";
  return kind === "secrets" && !isApplied ? "it was not applied by clrk apply" : undefined;
}

async function tryDelete(server: ObjectServer, one: PrunedObject): Promise<readonly string[]> {
  try {
    await requestDelete(server, one, { dryRun: "All" });
    return [];
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure === "unreachable") throw error;
    return error.failure === "not-found" ? [] : [`${nameOf(one)}: ${error.message}`];
  }
}

/** Looks at it again first, since its labels may be others now; what changes all the time is tried some times. */
async function deleteOne(
  server: ObjectServer,
  one: PrunedObject,
): Promise<"deleted" | "gone" | "left"> {
  for (let tries = 1; ; tries++) {
    try {
      const { body } = await server.client.request({ path: pathOf(one.resource, one) });
      const metadata = mapOf(mapOf(body)["metadata"]);
      if (textOf(metadata["uid"]) !== one.uid) return "gone";
      if (!isOfScope(one.scope, textMap(metadata["labels"]))) return "left";
      await requestDelete(server, one, { resourceVersion: textOf(metadata["resourceVersion"]) });
      return "deleted";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.failure === "not-found") return "gone";
      if (error.failure !== "conflict" || tries >= mostTries) throw error;
    }
  }
}

function isOfScope(scope: ApplyScope, labels: Readonly<Record<string, string>>): boolean {
  return scope.kind === "set" ? labels[partOfLabel] === scope.id : scope.matches(labels);
}

function requestDelete(
  { client }: ObjectServer,
  one: PrunedObject,
  { dryRun, resourceVersion }: { readonly dryRun?: "All"; readonly resourceVersion?: string },
): Promise<unknown> {
  const { uid } = one;
  return client.request({
    method: "DELETE",
    path: pathOf(one.resource, one),
    query: { dryRun },
    // Another object of that name, made meanwhile, is not what was meant.
    json: {
      ...{ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background" },
      preconditions: { uid, ...(resourceVersion !== undefined && { resourceVersion }) },
    },
  });
}

function nameOf({ resource, namespace, name }: PrunedObject): string {
  const place = namespace === "" ? "" : ` in namespace ${escapeControls(namespace)}`;
  return `${formatObjectName(resource, name)}${place}`;
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(mapOf(value)).flatMap(([key, text]) =>
    typeof text === "string" ? [[key, text] as const] : [],
  );
  return Object.fromEntries(texts);
}
