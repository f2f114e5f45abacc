/**
 * The policy directory of the benchmark `route-change`: one EgressHTTPRoute file a host, replaced
 * whole by a rename so that a watcher never sees half a file.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { benchDomain } from "./cases.ts";

/** What one route file says. */
export interface BenchRoute {
  /** Number of the host and the file */
  readonly index: number;
  /** Requests below these path prefixes are allowed */
  readonly pathPrefixes: readonly string[];
}

/** Host that route number `index` is about. */
export function routeHost(index: number): string {
  return `r${index}.${benchDomain}`;
}

/** The EgressHTTPRoute object of `route`; JSON is YAML, and needs no writer. */
export function routeDocument(route: BenchRoute): string {
  const object = {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressHTTPRoute",
    metadata: { name: `r${route.index}`, namespace: "default" },
    spec: {
      parentRefs: [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "bench" }],
      hostnames: [routeHost(route.index)],
      rules: route.pathPrefixes.map((value) => ({
        matches: [{ path: { type: "PathPrefix", value } }],
      })),
    },
  };
  return `${JSON.stringify(object, undefined, 2)}\n`;
}

/** Writes `count` route files that allow `pathPrefix` into `directory`, which is made when it is missing. */
export async function writeRoutes(
  directory: string,
  { count, pathPrefix }: { readonly count: number; readonly pathPrefix: string },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const text = routeDocument({ index, pathPrefixes: [pathPrefix] });
    await writeFile(join(directory, routeFileName(index)), text);
  }
}

/**
 * Replaces the file of `route` in `directory` by one rename and resolves with the time just before it
 * (`performance.now()`). The new file is prepared in `staging`, a directory of the same file system that nobody watches.
 */
export async function replaceRoute(
  route: BenchRoute,
  { directory, staging }: { readonly directory: string; readonly staging: string },
): Promise<number> {
  await mkdir(staging, { recursive: true });
  const prepared = join(staging, routeFileName(route.index));
  await writeFile(prepared, routeDocument(route));
  const replacedMs = performance.now();
  await rename(prepared, join(directory, routeFileName(route.index)));
  return replacedMs;
}

function routeFileName(index: number): string {
  return `route-${String(index).padStart(4, "0")}.yaml`;
}
