/** Interim: polls files; the engineer of snapshot sources replaces this file. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parseAnyObject } from "../crds/kinds.ts";
import type { Clock } from "./clock.ts";
import type { SourceProblem } from "./control-api.ts";
import type { Logger } from "./log.ts";
import type { SourcedObject } from "./manifests.ts";
import { parseManifests } from "./manifests.ts";

/** A good set. */
export interface LoadedObjects {
  readonly objects: readonly SourcedObject[];
  readonly changes: readonly string[];
  readonly startedNs: bigint;
}
/** A bad set. */
export interface LoadProblems {
  readonly problems: readonly SourceProblem[];
}
/** A watch. */
export interface FileSource {
  close(): void;
}
/** Watches. */
export async function openFileSource(options: {
  readonly paths: readonly string[];
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: (loaded: LoadedObjects) => void;
  readonly onProblems: (found: LoadProblems) => void;
}): Promise<FileSource> {
  let last = "";
  const load = () => {
    const startedNs = options.clock.monotonicNs();
    const files = options.paths.flatMap((p) =>
      statSync(p).isDirectory()
        ? readdirSync(p)
            .filter((n) => /\.(ya?ml|json)$/.test(n))
            .map((n) => path.join(p, n))
        : [p],
    );
    const texts = files.map((file) => [file, readFileSync(file, "utf8")] as const);
    const key = JSON.stringify(texts);
    if (key === last) return;
    last = key;
    const parsed = texts.map(([file, text]) => parseManifests(file, text));
    const problems = parsed.flatMap((p) => p.problems);
    const objects = parsed.flatMap((p) => p.objects);
    for (const flag of options.secrets) {
      const [name = "", rest = ""] = flag.split("=");
      const [env = "", secretKey = "token"] = rest.split(":");
      const value = options.env[env];
      if (value === undefined) continue;
      const result = parseAnyObject({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        stringData: { [secretKey]: value },
      });
      if (result.kind === "valid")
        objects.push({ object: result.object, file: "--secret", line: 0 });
    }
    if (problems.length > 0) options.onProblems({ problems });
    else options.onChange({ objects, changes: [], startedNs });
  };
  load();
  const timer = setInterval(load, 200);
  return { close: () => clearInterval(timer) };
}
