/**
 * Manifests of an example as they stand in its folder, with its hosts led to fakes and their authority trusted. Nothing
 * else of them is changed, so that what is tested is what a user starts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { HostAliases } from "./gateway-manifests.ts";

/** Name of the Secret that makes the gateway trust the fakes. */
const trustSecret = "example-upstreams";

/** Where the hosts of an example are. */
export interface ExampleUpstreams {
  /** Names that are not looked up; none leaves all of them to DNS */
  readonly aliases: readonly HostAliases[];
  /** PEM of the authority behind the fakes' certificates */
  readonly authorityPem: string;
}

/** Absolute path of an example's folder. */
export function exampleDirectory(name: string): string {
  return join(import.meta.dirname, "../../examples", name);
}

/** Manifest files by name: the example's own, and one with the Secret. */
export function readExamplePolicy(
  name: string,
  upstreams: ExampleUpstreams,
): Record<string, string> {
  const directory = exampleDirectory(name);
  const names = readdirSync(directory).filter((file) => file.endsWith(".yaml"));
  const files = names.map((file): [string, string] => {
    return [file, leadToFakes(readFileSync(join(directory, file), "utf8"), upstreams)];
  });
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: trustSecret },
    stringData: { "ca.crt": upstreams.authorityPem },
  };
  return { ...Object.fromEntries(files), "example-upstreams.yaml": stringify(secret) };
}

/** Sets `spec.upstreamTLS` of every EgressGateway in the text; all else stays as it is. */
function leadToFakes(text: string, { aliases }: ExampleUpstreams): string {
  const documents = parseAllDocuments(text);
  for (const document of documents) {
    if (document.get("kind") !== "EgressGateway") continue;
    document.setIn(["spec", "upstreamTLS"], {
      additionalTrustBundleSecretRef: { name: trustSecret },
      hostAliases: aliases.map(({ address = "127.0.0.1", port, hostnames }) => ({
        ip: address,
        port,
        hostnames,
      })),
    });
  }
  return documents.map(String).join("---\n");
}
