/** `clrk delete`: objects by name, by labels, or those of manifests. Says of each what became of it. */
import { setTimeout as wait } from "node:timers/promises";
import { silentLogger } from "../../../gateway/log.ts";
import { readManifests } from "../../../gateway/read-manifests.ts";
import { ApiError } from "../api-error.ts";
import { formatObjectName, getResource, pathOf } from "../api-resources.ts";
import type { ApiResource } from "../api-resources.ts";
import type { ApiFlags } from "../api-target.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { parseWanted } from "../get-request.ts";
import { mapOf, mapsOf, textOf, textsOf } from "../json-parts.ts";
import { listObjects } from "../object-reads.ts";
import { openObjectServer } from "../object-source.ts";
import type { ObjectServer } from "../object-source.ts";
import { formatProblem } from "../problem-line.ts";
import { namespaceOf } from "../stored-object.ts";

/** Options as the user gave them. */
export interface DeleteFlags extends ApiFlags {
  readonly file?: readonly string[];
  readonly selector?: string;
  readonly namespace?: string;
  readonly wait?: boolean;
  readonly "dry-run"?: boolean;
  readonly "ignore-not-found"?: boolean;
}

/** Longest wait for finalizers. */
const waitMs = 60_000;
const pollMs = 100;

/** Field manager of manifests of `clrk dev`. */
const devManager = "clrk-dev";

interface Doomed {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
}

/** Deletes what is meant, one after the other. Throws a `CliError` at the end when one of it is still there. */
export async function deleteObjects(
  this: CliContext,
  flags: DeleteFlags,
  ...words: string[]
): Promise<void> {
  checkUsage(flags, words);
  const server = await openObjectServer(this, flags);
  const doomed =
    flags.file === undefined
      ? await fromWords(server, words, flags)
      : fromFiles(this, server, flags.file);
  if (doomed.length === 0) {
    this.process.stderr.write("Nothing to delete: no object fits\n");
    return;
  }
  const failures: string[] = [];
  const deleted: (Doomed & { readonly uid: string })[] = [];
  for (const one of doomed) {
    const outcome = await deleteOne(this, server, { one, flags });
    if (typeof outcome === "string") failures.push(outcome);
    else if (outcome.uid !== "") deleted.push({ ...one, uid: outcome.uid });
  }
  if (flags.wait === true && flags["dry-run"] !== true) {
    failures.push(...(await waitForAll(this, server, deleted)));
  }
  if (failures.length > 0) throw new CliError(failures.join("\n"));
}

function checkUsage({ file, selector }: DeleteFlags, words: readonly string[]): void {
  if (file !== undefined && (words.length > 0 || selector !== undefined)) {
    throw usage("Cannot delete: -f excludes kinds, names and -l");
  }
  if (file !== undefined) return;
  const [first = "", ...names] = words;
  if (first === "") {
    throw usage("Cannot delete: nothing is named\nName something: clrk delete KIND NAME");
  }
  const hasNames = names.length > 0 || first.includes("/");
  if (hasNames && selector !== undefined) {
    throw usage("Cannot delete: names and -l exclude each other");
  }
  if (!hasNames && selector === undefined) {
    throw usage(
      `Cannot delete all of "${escapeControls(first)}": wanted a NAME, or -l LABELS to say which`,
    );
  }
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}

async function fromWords(
  { client, resources }: ObjectServer,
  words: readonly string[],
  { namespace = client.target.namespace, selector }: DeleteFlags,
): Promise<readonly Doomed[]> {
  const doomed: Doomed[] = [];
  for (const { kindWord, names } of parseWanted(words, "delete")) {
    const resource = getResource(resources, kindWord, "delete");
    const own = resource.namespaced ? namespace : "";
    if (selector === undefined) {
      doomed.push(...names.map((name) => ({ resource, namespace: own, name })));
      continue;
    }
    const { rows } = await listObjects(client, resource, {
      namespace: own,
      labelSelector: selector,
    });
    doomed.push(
      ...rows.map(({ object }) => {
        return { resource, namespace: namespaceOf(object), name: object.metadata.name };
      }),
    );
  }
  return doomed;
}

/** In the order against that in which they are applied: a Namespace goes after what is in it. */
function fromFiles(
  context: CliContext,
  { resources }: ObjectServer,
  paths: readonly string[],
): readonly Doomed[] {
  const { objects, problems } = readManifests({ paths, log: silentLogger });
  if (problems.length > 0) {
    const lines = problems.map((problem) => formatProblem(problem, context.workingDirectory));
    throw new CliError(["Cannot delete, nothing was:", ...lines].join("\n"));
  }
  const doomed = objects.map(({ object: { apiVersion, kind, metadata } }) => {
    const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
    const resource = getResource(resources, `${kind}${group}`, "delete");
    return {
      resource,
      namespace: resource.namespaced ? metadata.namespace : "",
      name: metadata.name,
    };
  });
  const isNamespace = ({ resource }: Doomed) => resource.kind === "Namespace";
  return [...doomed.filter((one) => !isNamespace(one)).reverse(), ...doomed.filter(isNamespace)];
}

/** The uid of what goes, empty where nothing was there; or the sentence for why it stays. */
async function deleteOne(
  context: CliContext,
  { client }: ObjectServer,
  { one, flags }: { readonly one: Doomed; readonly flags: DeleteFlags },
): Promise<string | { readonly uid: string }> {
  const { stdout, stderr } = context.process;
  const name = formatObjectName(one.resource, one.name);
  const path = pathOf(one.resource, one);
  const isDryRun = flags["dry-run"] === true;
  try {
    const { body: before } = await client.request({ path });
    const metadata = mapOf(mapOf(before)["metadata"]);
    const uid = textOf(metadata["uid"]);
    const { body } = await client.request({
      method: "DELETE",
      path,
      query: { dryRun: isDryRun ? "All" : undefined },
      // Another object of that name, made meanwhile, is not what was meant.
      json: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid },
        propagationPolicy: "Background",
      },
    });
    const waits = mapOf(mapOf(body)["metadata"])["deletionTimestamp"] !== undefined;
    stdout.write(`${name} ${waits ? "deleting" : "deleted"}${isDryRun ? " (dry run)" : ""}\n`);
    if (isOfDev(metadata)) {
      stderr.write(`${name} is in a file of clrk dev: remove it there too, or it comes back\n`);
    }
    return { uid };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.failure === "not-found") {
      if (flags["ignore-not-found"] === true) return { uid: "" };
      const place = one.namespace === "" ? "" : ` in namespace "${escapeControls(one.namespace)}"`;
      return `Cannot delete ${name}: it is not there${place}`;
    }
    if (error.failure === "unreachable") throw error;
    return `Cannot delete ${name}: ${error.message}`;
  }
}

function isOfDev(metadata: Readonly<Record<string, unknown>>): boolean {
  return mapsOf(metadata["managedFields"]).some(({ manager }) => manager === devManager);
}

async function waitForAll(
  context: CliContext,
  server: ObjectServer,
  deleted: readonly (Doomed & { readonly uid: string })[],
): Promise<readonly string[]> {
  const untilMs = performance.now() + waitMs;
  const controller = new AbortController();
  const release = context.onInterrupt(() => controller.abort());
  const left: string[] = [];
  try {
    for (const one of deleted) {
      const why = await waitFor(server, one, { untilMs, signal: controller.signal });
      if (why !== "")
        left.push(`Cannot wait for ${formatObjectName(one.resource, one.name)}: ${why}`);
    }
  } finally {
    release();
  }
  return left;
}

/** Resolves with `""` when it is gone, else with why it is not. */
async function waitFor(
  { client }: ObjectServer,
  { resource, namespace, name, uid }: Doomed & { readonly uid: string },
  { untilMs, signal }: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<string> {
  for (;;) {
    const answer = await client
      .request({ path: pathOf(resource, { namespace, name }), signal })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.failure === "not-found") return undefined;
        if (signal.aborted) return undefined;
        throw error;
      });
    if (signal.aborted) return "it was interrupted";
    const metadata = mapOf(mapOf(answer?.body)["metadata"]);
    if (answer === undefined || textOf(metadata["uid"]) !== uid) return "";
    if (performance.now() > untilMs) {
      const finalizers = textsOf(metadata["finalizers"]).map(escapeControls).join(", ");
      return `it is still there after ${waitMs / 1000} s, kept by ${finalizers || "nothing that is known"}`;
    }
    await wait(pollMs, undefined, { signal }).catch(() => {}); // looked at above
  }
}
