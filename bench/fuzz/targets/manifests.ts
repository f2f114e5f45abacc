/**
 * Manifests: any text is read without a throw and each mistake has its place; what is accepted compiles, in whatever
 * order, to xDS that is wholly in our schema of Envoy's, down to what its Any messages hold.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { compile } from "../../../gateway/compile.ts";
import type { CompileResult } from "../../../gateway/compile.ts";
import { parseManifests } from "../../../gateway/manifests.ts";
import { parseAnyObject } from "../../../crds/kinds.ts";
import type { ParsedObject } from "../../../crds/kinds.ts";
import { xdsResources } from "../../../gateway/xds.ts";
import type { Deployment } from "../../../gateway/xds.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import { inventChoices, readChoices } from "../choices.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { inventObject } from "./invented-objects.ts";
import { messageProblem } from "./xds-schema.ts";

const asText = 0;
const asChoices = 1;
const maxObjects = 8;
const examples = join(import.meta.dirname, "../../../examples");

const fuzzedRoot = { traceId: "1".repeat(32), spanId: "1".repeat(16) };

/** With everything that makes a difference to what is served. */
export const fuzzedDeployment: Deployment = {
  explicit: { address: "127.0.0.1", port: 1 },
  transparent: { address: "127.0.0.1", port: 2 },
  runs: [
    {
      runId: "run-1",
      agent: "fuzzed",
      root: fuzzedRoot,
      passwordHash: "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    },
  ],
  engineSockets: ["@engine-0"],
};

/** The way from text to xDS. The first byte chooses: text as it is, or choices of objects. */
export const manifestsTarget: FuzzTarget = {
  name: "manifests",
  promise: "no throw, problems with a place, xDS within the schema, the same in any order",
  covers: ["/crds/", "/gateway/compile", "/gateway/manifests", "/gateway/xds"],
  maxInputBytes: 8_192,
  // Objects by the dozen, each compiled twice.
  maxCpuMs: 250,
  words: [
    "\n---\n",
    "- ",
    "  ",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "kind: ",
    "metadata:\n  name: a\n",
    "|\n",
    "\t",
  ],
  seeds: () => [
    ...exampleTexts().map((text) => Buffer.concat([Buffer.of(asText), Buffer.from(text)])),
    Buffer.from([asChoices, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  ],
  invent: (random) => Buffer.concat([Buffer.of(asChoices), inventInput(random)]),
  open: () => ({ check: (input) => checkObjects(readObjects(input)) }),
};

function inventInput(random: Random): Buffer {
  return inventChoices(random, 1_200);
}

function exampleTexts(): string[] {
  const paths = readdirSync(examples, { recursive: true, encoding: "utf8" });
  return paths
    .filter((path) => path.endsWith(".yaml"))
    .map((path) => readFileSync(join(examples, path), "utf8"));
}

interface ReadObjects {
  readonly objects: readonly ParsedObject[];
  readonly finding: Finding;
}

/** The valid objects of an input, of each name one. */
export function readObjects(input: Buffer): ReadObjects {
  const rest = input.subarray(1);
  const isText = ((input[0] ?? 0) & 1) === asText;
  const read = isText ? readText(rest.toString("utf8")) : readChosen(rest);
  const objects = new Map<string, ParsedObject>();
  for (const object of read.objects) {
    const { name, namespace } = object.metadata;
    const key = `${object.kind} ${namespace} ${name}`;
    if (!objects.has(key)) objects.set(key, object);
  }
  return { objects: [...objects.values()], finding: read.finding };
}

function readText(text: string): ReadObjects {
  const reading = parseManifests("fuzz.yaml", text);
  const lines = text.split(/\r\n|\n|\r/).length;
  const wrong = [...reading.problems, ...reading.warnings].find(({ line, message }) => {
    const isPlaced = line >= 1 && line <= lines + 1;
    const isSum = line === 0 && message.includes("more problems");
    return message === "" || (!isPlaced && !isSum);
  });
  return {
    objects: reading.objects.map(({ object }) => object),
    finding:
      wrong === undefined ? undefined : `a problem is at line ${wrong.line}: ${wrong.message}`,
  };
}

function readChosen(input: Buffer): ReadObjects {
  const choices = readChoices(input);
  const objects: ParsedObject[] = [];
  for (let count = 1 + choices.below(maxObjects); count > 0; count--) {
    const result = parseAnyObject(inventObject(choices));
    if (result.kind === "valid") objects.push(result.object);
    else if (
      result.problems.length === 0 ||
      result.problems.some(({ message }) => message === "")
    ) {
      return { objects: [], finding: "an object is invalid without a reason" };
    }
  }
  return { objects, finding: undefined };
}

/** Compiles as a gateway does. */
export function compileObjects(objects: readonly ParsedObject[]): CompileResult {
  return compile({ objects, revision: 1, environment: { ownAddresses: ["203.0.113.9"] } });
}

function checkObjects({ objects, finding }: ReadObjects): Finding {
  if (finding !== undefined) return finding;
  const { snapshot, statuses } = compileObjects(objects);
  if (statuses.length !== objects.length)
    return `${statuses.length} statuses of ${objects.length} objects`;
  if (!isDeepStrictEqual(compileObjects(objects.toReversed()).snapshot, snapshot)) {
    return "another order of objects compiles to something else";
  }
  for (const gateway of snapshot.gateways) {
    const seen = new Set<string>();
    for (const { name, typeUrl, value } of xdsResources(gateway, fuzzedDeployment)) {
      if (name === "" || seen.has(`${typeUrl} ${name}`))
        return `resource "${name}" is there twice or has no name`;
      seen.add(`${typeUrl} ${name}`);
      const problem = messageProblem(typeUrl, value);
      if (problem !== undefined) return `resource "${name}": ${problem}`;
    }
  }
  return undefined;
}
