/** The quickstart's own manifests, with api.openai.com led to the fake provider and its authority trusted. */

import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";

/** Where the fake provider is and who signed its certificate. */
export interface DemoUpstream {
  readonly address: string;
  readonly port: number;
  readonly authorityPem: string;
}

/** Folder of the example that the demo shows. */
export const quickstartDirectory = fileURLToPath(
  new URL("../../examples/quickstart", import.meta.url),
);

/** Name of the Secret that makes the gateway trust the fake provider. */
const trustSecret = "demo-upstream";

/** Writes the manifests into `directory`. */
export async function writeDemoPolicy(directory: string, upstream: DemoUpstream): Promise<void> {
  const names = (await readdir(quickstartDirectory)).filter((name) => name.endsWith(".yaml"));
  for (const name of names) {
    const text = await readFile(path.join(quickstartDirectory, name), "utf8");
    await writeFile(path.join(directory, name), withUpstream(text, upstream));
  }
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: trustSecret },
    stringData: { "ca.crt": upstream.authorityPem },
  };
  await writeFile(path.join(directory, "upstream.yaml"), stringify(secret));
}

/** Adds the upstream to every EgressGateway in the text; all else stays as it is. */
export function withUpstream(text: string, { address, port }: DemoUpstream): string {
  const documents = parseAllDocuments(text);
  for (const document of documents) {
    if (document.get("kind") !== "EgressGateway") continue;
    document.setIn(["spec", "upstreamTLS"], {
      additionalTrustBundleSecretRef: { name: trustSecret },
      hostAliases: [{ ip: address, port, hostnames: ["api.openai.com"] }],
    });
  }
  return documents.map(String).join("---\n");
}
