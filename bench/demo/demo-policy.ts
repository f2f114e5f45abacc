/** The quickstart's own manifests, with api.openai.com led to the fake provider and its authority trusted. */

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { exampleDirectory, readExamplePolicy } from "../harness/example-policy.ts";

/** Where the fake provider is and who signed its certificate. */
export interface DemoUpstream {
  readonly address: string;
  readonly port: number;
  readonly authorityPem: string;
}

/** Folder of the example that the demo shows. */
export const quickstartDirectory = exampleDirectory("quickstart");

/** Writes the manifests into `directory`. */
export async function writeDemoPolicy(directory: string, upstream: DemoUpstream): Promise<void> {
  const { address, port, authorityPem } = upstream;
  const aliases = [{ address, port, hostnames: ["api.openai.com"] }];
  const manifests = readExamplePolicy("quickstart", { aliases, authorityPem });
  for (const [name, text] of Object.entries(manifests)) {
    await writeFile(path.join(directory, name), text);
  }
}
