/**
 * The policy that `clrk-native` runs with: one EgressGateway whose names all end at the fake
 * upstream, one route, and in the case `native` one injected credential. Written as JSON, which is YAML.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StartOptions } from "./contender.ts";

const group = "clrk.apoxy.dev";
const apiVersion = `${group}/v1alpha1`;
const gatewayRef = { group, kind: "EgressGateway", name: "bench" };
// Bounds of `upstreamTLS.hostAliases`, which takes exact names only.
const maxAliases = 64;
const maxNamesPerAlias = 32;
const metadata = (name: string) => ({ name, namespace: "default" });

/** Objects of the policy directory, without the routes that a benchmark writes by itself. Throws RangeError for more names than `hostAliases` hold. */
export function clrkPolicy(options: StartOptions): object[] {
  const { authority, credential } = options;
  return [
    {
      apiVersion,
      kind: "EgressGateway",
      metadata: metadata("bench"),
      spec: {
        defaultPolicy: "deny-all",
        listeners: options.listeners ?? [
          { name: "egress", protocol: "TLS", tls: { mode: "Terminate" } },
        ],
        upstreamTLS: {
          additionalTrustBundleSecretRef: { name: "upstream-trust" },
          hostAliases: hostAliases(options),
        },
        explicitProxy: { address: "127.0.0.1", port: 0 },
      },
    },
    secret("upstream-trust", { "ca.crt": authority.caPem }),
    ...(options.policyDirectory === undefined ? [allRoute(options.wildcards)] : []),
    ...(credential === undefined ? [] : credentialObjects(credential.authorization)),
  ];
}

/** Writes the objects into one file of `directory`, which is made when it is missing. */
export async function writeClrkPolicy(directory: string, options: StartOptions): Promise<void> {
  await mkdir(directory, { recursive: true });
  const documents = clrkPolicy(options).map((object) => JSON.stringify(object, undefined, 2));
  await writeFile(join(directory, "bench.yaml"), `${documents.join("\n---\n")}\n`);
}

function hostAliases({ upstream, serverNames }: StartOptions): object[] {
  const count = Math.ceil(serverNames.length / maxNamesPerAlias);
  if (count > maxAliases) {
    const limit = maxAliases * maxNamesPerAlias;
    throw new RangeError(
      `Cannot write policy for ${serverNames.length} names: hostAliases hold at most ${limit}`,
    );
  }
  return Array.from({ length: count }, (_, index) => ({
    ip: upstream.host,
    port: upstream.port,
    hostnames: serverNames.slice(index * maxNamesPerAlias, (index + 1) * maxNamesPerAlias),
  }));
}

function allRoute(hostnames: readonly string[]): object {
  return {
    apiVersion,
    kind: "EgressHTTPRoute",
    metadata: metadata("bench"),
    spec: {
      parentRefs: [gatewayRef],
      hostnames,
      rules: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }] }],
    },
  };
}

function credentialObjects(authorization: string): object[] {
  return [
    secret("bench-credential", { token: authorization }),
    {
      apiVersion,
      kind: "CredentialInjectionPolicy",
      metadata: metadata("bench"),
      spec: {
        targetRefs: [{ group, kind: "EgressHTTPRoute", name: "bench" }],
        secretRef: { name: "bench-credential" },
        target: "Header",
        headerName: "authorization",
      },
    },
  ];
}

function secret(name: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: "v1", kind: "Secret", metadata: metadata(name), stringData };
}
