/**
 * `clrk apply`: manifests to an API server, by server-side apply.
 * Invariant: nothing is written before the server has accepted all of it in a dry run.
 */
import { formatReference, referenceOf } from "../../../crds/meta.ts";
import { silentLogger } from "../../../gateway/log.ts";
import { parseManifests } from "../../../gateway/manifests.ts";
import type { SourcedObject } from "../../../gateway/manifests.ts";
import { readManifests } from "../../../gateway/read-manifests.ts";
import { writtenForm } from "../../objects/written-form.ts";
import type { ApiAnswer } from "../api-client.ts";
import { ApiError } from "../api-error.ts";
import { formatObjectName, pathOf } from "../api-resources.ts";
import type { ApiResource } from "../api-resources.ts";
import type { ApiFlags } from "../api-target.ts";
import { groupKindOf, joinExtents, openApplySet } from "../apply-set.ts";
import { parentIdLabel, partOfLabel, writeApplySet } from "../apply-set.ts";
import type { ApplySet, ApplySetExtent } from "../apply-set.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { mapOf, textOf } from "../json-parts.ts";
import type { JsonMap } from "../json-parts.ts";
import { openObjectServer } from "../object-source.ts";
import type { ObjectServer } from "../object-source.ts";
import { formatProblem } from "../problem-line.ts";
import { applySetOf, deletePruned, findExtent, findPruned } from "../prune.ts";
import { markBody, readApplyScope } from "../prune.ts";
import type { ApplyScope, PruneRequest, ScopeFlags } from "../prune.ts";
import { readInput } from "../standard-input.ts";

/** Options as the user gave them. */
export interface ApplyFlags extends ApiFlags, ScopeFlags {
  readonly file?: readonly string[];
  readonly recursive?: boolean;
  readonly "dry-run"?: boolean;
  readonly "force-conflicts"?: boolean;
  readonly namespace?: string;
}

/** Field manager of what people apply. */
export const appliedBy = "clrk";

/** Requests at once while nothing is written. */
const concurrency = 8;

interface Wanted {
  readonly sourced: SourcedObject;
  readonly resource: ApiResource;
  readonly body: JsonMap;
  readonly path: string;
}

/** Applies all objects or none that the server refuses. Throws a `CliError` with file and line of each problem. */
export async function apply(this: CliContext, flags: ApplyFlags): Promise<void> {
  const { file = [] } = flags;
  if (file.length === 0) {
    throw new CliError("Cannot apply: no manifests are named\nName some: clrk apply -f DIR", {
      exitCode: EXIT_CODE.usage,
    });
  }
  const scope = readApplyScope(flags);
  const objects = await readObjects(this, file);
  checkNamespaces(objects, flags.namespace, this);
  const server = await openObjectServer(this, flags);
  const located = objects.map((sourced) => locate(server, sourced, this));
  const wanted = inOrder(scope === undefined ? located : markAll(this, scope, located));
  const set = scope?.kind === "set" ? await openApplySet(server, scope.parent) : undefined;
  const versions = await checkAll(this, server, { wanted, scope, flags });
  const own = extentOf(wanted);
  const extent = set === undefined ? own : joinExtents(set, own);
  if (set !== undefined && !isInNewNamespace(set, wanted, versions)) {
    await writeApplySet(server, set, { extent, isDryRun: true });
  }
  const request =
    flags.prune === true && scope !== undefined
      ? pruneRequest(scope, { wanted, extent, flags })
      : undefined;
  const pruned = request === undefined ? [] : await findPruned(this, server, request);
  const isDryRun = flags["dry-run"] === true;
  const writeSome = async (some: readonly Wanted[], before: number) => {
    for (const [at, one] of some.entries()) {
      const done = [before + at, wanted.length] as const;
      const verb = isDryRun
        ? versions.get(one.path)?.verb
        : await write(this, server, { one, flags, before: versions.get(one.path), done });
      const name = formatObjectName(one.resource, one.sourced.object.metadata.name);
      this.process.stdout.write(`${name} ${verb}${isDryRun ? " (dry run)" : ""}\n`);
    }
  };
  // The parent must say of a kind before one of it is there, and be in a Namespace that is there.
  const namespaces = wanted.filter(isNamespace);
  await writeSome(namespaces, 0);
  const written =
    set === undefined || isDryRun
      ? undefined
      : await writeApplySet(server, set, { extent, isDryRun });
  await writeSome(wanted.slice(namespaces.length), namespaces.length);
  await deletePruned(this, server, { pruned, isDryRun });
  if (written === undefined || request === undefined) return;
  const isLess = isWhole(server, written, flags) && !isWithin(written, own);
  if (!isLess) return;
  // What was kept, and what somebody else has applied meanwhile, are members too.
  const left = joinExtents(await findExtent(server, request), own);
  await writeApplySet(server, written, { extent: left, isDryRun });
}

/** Throws a `CliError` with file and line of each that does not fit. */
function markAll(
  context: CliContext,
  scope: ApplyScope,
  located: readonly Wanted[],
): readonly Wanted[] {
  const problems: string[] = [];
  const marked = located.map((one) => {
    const marked = markBody(scope, one.body);
    if (marked.kind === "marked") return { ...one, body: marked.body };
    problems.push(problemLine(context, one.sourced, marked.why));
    return one;
  });
  if (problems.length === 0) return marked;
  throw new CliError(["Cannot apply, nothing was written:", ...problems].join("\n"));
}

function extentOf(wanted: readonly Wanted[]): ApplySetExtent {
  const namespaces = wanted
    .filter(({ resource }) => resource.namespaced)
    .map(({ sourced }) => sourced.object.metadata.namespace);
  const kinds = wanted.map(({ resource }) => groupKindOf(resource));
  return { kinds: new Set(kinds), namespaces: new Set(namespaces) };
}

/** Then the server can check the parent only once the Namespace is there. */
function isInNewNamespace(
  { parent }: ApplySet,
  wanted: readonly Wanted[],
  versions: ReadonlyMap<string, Checked>,
): boolean {
  return wanted.some(
    (one) =>
      isNamespace(one) &&
      one.sourced.object.metadata.name === parent.namespace &&
      versions.get(one.path)?.verb === "created",
  );
}

/** Whether a set is nowhere but where the manifests are, and its parent is. */
function isWithin({ parent, kinds, namespaces }: ApplySet, own: ApplySetExtent): boolean {
  const places = new Set(own.namespaces).add(parent.namespace);
  return kinds.isSubsetOf(own.kinds) && namespaces.isSubsetOf(places);
}

/** Whether all of the set was looked at, so that what the manifests name is all that is left. */
function isWhole(
  { resources }: ObjectServer,
  { kinds, namespaces }: ApplySet,
  { namespace }: ApplyFlags,
): boolean {
  if (namespace === undefined) return true;
  const isNamespaced = resources.every((one) => one.namespaced || !kinds.has(groupKindOf(one)));
  return isNamespaced && namespaces.isSubsetOf(new Set([namespace]));
}

function pruneRequest(
  scope: ApplyScope,
  {
    wanted,
    extent,
    flags: { namespace },
  }: {
    readonly wanted: readonly Wanted[];
    readonly extent: ApplySetExtent;
    readonly flags: ApplyFlags;
  },
): PruneRequest {
  return {
    ...{ scope, manager: appliedBy },
    named: new Set(wanted.map(({ path }) => path)),
    namespaces: namespace === undefined ? extent.namespaces : new Set([namespace]),
    // -n refuses manifests of them: none could be named.
    hasClusterScope: namespace === undefined,
    ...(scope.kind === "set" && { kinds: extent.kinds }),
  };
}

async function readObjects(
  context: CliContext,
  files: readonly string[],
): Promise<readonly SourcedObject[]> {
  const { workingDirectory } = context;
  const { stderr } = context.process;
  const paths = files.filter((file) => file !== "-");
  const others = files.includes("-")
    ? parseManifests("standard input", (await readInput(context)).toString("utf8"))
    : undefined;
  const read = readManifests({ paths, log: silentLogger, ...(others && { others }) });
  for (const warning of read.warnings) {
    stderr.write(`Warning: ${formatProblem(warning, workingDirectory)}\n`);
  }
  if (read.problems.length > 0) {
    const lines = read.problems.map((problem) => formatProblem(problem, workingDirectory));
    throw new CliError(["Cannot apply, nothing was written:", ...lines].join("\n"));
  }
  if (read.objects.length > 0) return read.objects;
  const named = files.map((file) => `"${escapeControls(file)}"`).join(", ");
  throw new CliError(`Cannot apply ${named}: there are no objects in it`);
}

function checkNamespaces(
  objects: readonly SourcedObject[],
  namespace: string | undefined,
  context: CliContext,
): void {
  if (namespace === undefined) return;
  const others = objects.filter(
    ({ object }) => object.kind !== "Namespace" && object.metadata.namespace !== namespace,
  );
  if (others.length === 0) return;
  const lines = others.map((one) =>
    problemLine(context, one, `it is in namespace "${one.object.metadata.namespace}"`),
  );
  throw new CliError(
    [
      `Cannot apply to namespace "${escapeControls(namespace)}", nothing was written:`,
      ...lines,
    ].join("\n"),
  );
}

function locate({ resources }: ObjectServer, sourced: SourcedObject, context: CliContext): Wanted {
  const { apiVersion, kind, metadata } = sourced.object;
  const resource = resources.find(
    (one) =>
      one.kind === kind &&
      (one.group === "" ? one.version : `${one.group}/${one.version}`) === apiVersion,
  );
  if (resource === undefined) {
    const line = problemLine(context, sourced, `the server has no ${kind} of ${apiVersion}`);
    throw new CliError(`Cannot apply, nothing was written:\n${line}`);
  }
  const { namespaced } = resource;
  const namespace = namespaced ? metadata.namespace : "";
  const path = pathOf(resource, { namespace, name: metadata.name });
  return { sourced, resource, path, body: writtenForm(sourced, { namespaced }) };
}

/** Namespaces go before what is in them. */
function inOrder(wanted: readonly Wanted[]): readonly Wanted[] {
  return [...wanted.filter(isNamespace), ...wanted.filter((one) => !isNamespace(one))];
}

function isNamespace({ resource }: Wanted): boolean {
  return resource.kind === "Namespace" && resource.group === "";
}

/** What an apply would do, and the version that it would do it to. */
interface Checked {
  readonly kind: "checked";
  readonly verb: "created" | "configured" | "unchanged";
  readonly version: string;
  /** The set that it leaves, since it is applied without it */
  readonly left?: string;
}

async function checkAll(
  context: CliContext,
  server: ObjectServer,
  {
    wanted,
    scope,
    flags,
  }: {
    readonly wanted: readonly Wanted[];
    readonly scope: ApplyScope | undefined;
    readonly flags: ApplyFlags;
  },
): Promise<ReadonlyMap<string, Checked>> {
  const checked = new Map<string, Checked>();
  const problems: string[] = [];
  const newNamespaces = new Set<string>();
  let hasConflicts = false;
  const checkOne = async (one: Wanted) => {
    try {
      const found = await check(server, one, { scope, flags });
      if (found.kind === "other-set") {
        problems.push(problemLine(context, one.sourced, escapeControls(found.message)));
        return;
      }
      checked.set(one.path, found);
      if (found.left !== undefined) warnLeft(context, one, found.left);
      if (one.resource.kind === "Namespace" && found.verb === "created") {
        newNamespaces.add(one.sourced.object.metadata.name);
      }
    } catch (error) {
      if (!(error instanceof ApiError) || !isAboutObject(error)) throw error;
      // What is in a Namespace of these manifests can be checked by the server only once that is there.
      const { namespace } = one.sourced.object.metadata;
      if (error.failure === "not-found" && newNamespaces.has(namespace)) {
        checked.set(one.path, { kind: "checked", verb: "created", version: "" });
        return;
      }
      hasConflicts ||= error.failure === "conflict";
      problems.push(...describeRefusal(context, one.sourced, error));
    }
  };
  const namespaces = wanted.filter(({ resource }) => !resource.namespaced);
  for (const one of namespaces) await checkOne(one);
  const rest = wanted.filter(({ resource }) => resource.namespaced);
  for (let at = 0; at < rest.length; at += concurrency) {
    await Promise.all(rest.slice(at, at + concurrency).map(checkOne));
  }
  if (problems.length === 0) return checked;
  const next = hasConflicts ? ["Take the fields over from their owners: --force-conflicts"] : [];
  throw new CliError(["Cannot apply, nothing was written:", ...problems, ...next].join("\n"));
}

function warnLeft(context: CliContext, { resource, sourced }: Wanted, set: string): void {
  const name = formatObjectName(resource, sourced.object.metadata.name);
  const said = escapeControls(set);
  context.process.stderr.write(
    `Warning: ${name} leaves its applyset: apply it with --applyset to keep it there\nThe set's parent has the label ${parentIdLabel}=${said}\n`,
  );
}

async function check(
  server: ObjectServer,
  one: Wanted,
  { scope, flags }: { readonly scope: ApplyScope | undefined; readonly flags: ApplyFlags },
): Promise<Checked | { readonly kind: "other-set"; readonly message: string }> {
  const { client } = server;
  const before = await client.request({ path: one.path }).catch((error: unknown) => {
    if (error instanceof ApiError && error.failure === "not-found") return undefined;
    throw error;
  });
  const set = applySetOf(before?.body);
  if (set !== undefined && scope?.kind === "set" && set !== scope.id) {
    const next = `take its label ${partOfLabel} away, or apply it with that set`;
    const message = `it belongs to another applyset, whose parent has the label ${parentIdLabel}=${set}; ${next}`;
    return { kind: "other-set", message };
  }
  const after = await patch(server, one, { flags, isDryRun: true });
  if (before === undefined) return { kind: "checked", verb: "created", version: "" };
  const isSame = contentOf(before) === contentOf(after);
  const left = set !== undefined && applySetOf(after.body) === undefined ? { left: set } : {};
  const verb = isSame ? "unchanged" : "configured";
  return { kind: "checked", verb, version: versionOf(before), ...left };
}

/** What an apply may change: all but the book-keeping, whose times change with every apply. */
function contentOf({ body }: ApiAnswer): string {
  const { metadata, ...content } = mapOf(body);
  const { managedFields: _, resourceVersion: __, generation: ___, ...own } = mapOf(metadata);
  return JSON.stringify({ ...content, metadata: own });
}

function versionOf({ body }: ApiAnswer): string {
  return textOf(mapOf(mapOf(body)["metadata"])["resourceVersion"]);
}

async function write(
  context: CliContext,
  server: ObjectServer,
  {
    one,
    flags,
    before,
    done: [done, all],
  }: {
    readonly one: Wanted;
    readonly flags: ApplyFlags;
    readonly before: Checked | undefined;
    readonly done: readonly [number, number];
  },
): Promise<Checked["verb"]> {
  try {
    const answer = await patch(server, one, { flags, isDryRun: false });
    tellWarning(context, answer);
    if (answer.status === 201) return "created";
    return versionOf(answer) === before?.version ? "unchanged" : "configured";
  } catch (error) {
    if (!(error instanceof ApiError) || !isAboutObject(error)) throw error;
    const lines = describeRefusal(context, one.sourced, error);
    throw new CliError([`Cannot apply the rest, ${done} of ${all} were:`, ...lines].join("\n"));
  }
}

function tellWarning(context: CliContext, { headers }: ApiAnswer): void {
  const { warning } = headers;
  if (typeof warning !== "string") return;
  const text = /^299 \S+ "(.*)"$/.exec(warning)?.[1] ?? warning;
  context.process.stderr.write(`Warning: ${escapeControls(text)}\n`);
}

function patch(
  { client }: ObjectServer,
  { path, body }: Wanted,
  { flags, isDryRun }: { readonly flags: ApplyFlags; readonly isDryRun: boolean },
): Promise<ApiAnswer> {
  return client.request({
    method: "PATCH",
    path,
    query: {
      fieldManager: appliedBy,
      fieldValidation: "Strict",
      force: flags["force-conflicts"] === true ? true : undefined,
      dryRun: isDryRun ? "All" : undefined,
    },
    content: { type: "application/apply-patch+yaml", bytes: JSON.stringify(body) },
  });
}

/** Others are about the server, and true of every object. */
function isAboutObject({ failure }: ApiError): boolean {
  return failure !== "unreachable" && failure !== "untrusted" && failure !== "unauthorized";
}

function describeRefusal(
  context: CliContext,
  sourced: SourcedObject,
  error: ApiError,
): readonly string[] {
  const { causes, serverMessage, failure } = error;
  if (causes.length === 0) {
    const lead = failure === "forbidden" ? "not allowed: " : "";
    return [problemLine(context, sourced, `${lead}${serverMessage || error.message}`)];
  }
  return causes.map(({ field, message }) => problemLine(context, sourced, message, field));
}

function problemLine(
  context: CliContext,
  sourced: SourcedObject,
  detail: string,
  field = "",
): string {
  const { file, object } = sourced;
  const path = field.replace(/^\./, "").split(".");
  const line = field === "" ? sourced.line : sourced.lineOf(path);
  // A conflict says the field itself.
  const said = field === "" || detail.includes(field) ? detail : `${field}: ${detail}`;
  const message = `${formatReference(referenceOf(object))}: ${said}`;
  return formatProblem({ file, line, field: "", message }, context.workingDirectory);
}
