/** A real API server that knows our kinds: the CRDs of this repository applied as a person would, and served. */
import { join } from "node:path";
import type { KindDefinition } from "../../crds/kind-definition.ts";
import { kinds } from "../../crds/kinds.ts";
import { repositoryRoot } from "../checks/repository.ts";
import { startKubeApiServer } from "../harness/kubekit.ts";
import type { KubeAnswer, KubeApiServer } from "../harness/kubekit.ts";
import type { TestScope } from "../harness/processes.ts";
import { waitUntil } from "../harness/processes.ts";

const deadlineMs = 30_000;

/** The kinds that have a CRD. */
export const crdKinds = kinds.filter(({ group, stored }) => group !== "" && stored);

/** Starts one that ends with the scope; resolves when every kind is served. */
export async function startKindServer(scope: TestScope): Promise<KubeApiServer> {
  const server = await startKubeApiServer(scope);
  const { exitCode, stderr } = await server.kubectl([
    "apply",
    "-f",
    join(repositoryRoot(), "crds"),
  ]);
  if (exitCode !== 0) throw new Error(`Cannot apply crds/: ${stderr}`);
  for (const definition of crdKinds) {
    await waitUntil(async () => (await readConditions(server, definition)).get("Established"), {
      deadlineMs,
      what: `${definition.plural} that are established`,
    });
    // A CRD is established a moment before its path answers.
    const path = collectionPath(definition);
    await waitUntil(async () => (await server.request("GET", path)).status === 200, {
      deadlineMs,
      what: `${definition.plural} that are served`,
    });
  }
  return server;
}

/** The conditions of a CRD, and whether each holds. */
export async function readConditions(
  server: KubeApiServer,
  { plural, group }: KindDefinition<unknown>,
): Promise<ReadonlyMap<string, boolean>> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`;
  const { body } = await server.request("GET", path);
  const conditions = memberOf(memberOf(body, "status"), "conditions");
  if (!Array.isArray(conditions)) return new Map();
  return new Map(conditions.map(({ type, status }) => [String(type), status === "True"]));
}

/** Creates an object, strictly: an unknown field is refused. With `dryRun` nothing is stored. */
export function createObject(
  server: KubeApiServer,
  definition: KindDefinition<unknown>,
  { body, dryRun = false }: { readonly body: unknown; readonly dryRun?: boolean },
): Promise<KubeAnswer> {
  const query = `fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
  return server.request("POST", `${collectionPath(definition)}?${query}`, { body });
}

/** Path of the objects of a kind in the namespace `default`. */
export function collectionPath({ apiVersion, plural }: KindDefinition<unknown>): string {
  return `/apis/${apiVersion}/namespaces/default/${plural}`;
}

/** Status and message of an answer, for people. */
export function describeAnswer({ status, body }: KubeAnswer): string {
  return `${status} ${String(memberOf(body, "message"))}`;
}

/** A member of something that may be an object. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
