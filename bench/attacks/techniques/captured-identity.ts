/** Captured connections whose PROXY header is missing, malformed, or says nobody's or another's name. */
import { capturedCaller, exchange } from "../../harness/entrance.ts";
import { openTcp } from "../../harness/proxy-protocol-client.ts";
import {
  encodeLocalHeader,
  encodeMalformedHeader,
  encodeProxyHeader,
  malformations,
} from "../../harness/proxy-protocol-header.ts";
import type { CallerIdentity, ProxyHeader } from "../../harness/proxy-protocol-header.ts";
import { arrives, head } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** A header with which a connection to plain.test passes. */
export const goodHeader: ProxyHeader = {
  source: { address: "198.51.100.7", port: 40_000 },
  destination: { address: "203.0.113.9", port: 80 },
  identity: { ...capturedCaller, destinationName: "plain.test" },
};

const identities: readonly { readonly name: string; readonly identity: CallerIdentity }[] = [
  { name: "no identity", identity: {} },
  { name: "only a namespace", identity: { agentNamespace: "team" } },
  { name: "only a name", identity: { agentName: "captured" } },
  { name: "an empty name", identity: { agentNamespace: "team", agentName: "" } },
  { name: "an empty namespace", identity: { agentNamespace: "", agentName: "captured" } },
  { name: "only a kind that looks like any run", identity: { agentKind: "run:x" } },
  { name: "a separator in the kind", identity: { agentKind: "TaskAgent\u001fteam\u001fother" } },
  {
    name: "a separator in the name",
    identity: { agentNamespace: "team", agentName: "a\u001fother-uid" },
  },
  { name: "a line end in the name", identity: { agentNamespace: "team", agentName: "a\nb" } },
];

/** First bytes of connections that are closed, whatever follows; `runId` is that of a run to pose as. */
export function wrongOpenings(
  runId: string,
): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  const posing = {
    name: "only a kind that looks like a run",
    identity: { agentKind: `run:${runId}` },
  };
  return [
    { name: "missing", bytes: Buffer.alloc(0) },
    { name: "LOCAL", bytes: encodeLocalHeader() },
    { name: "only a signature", bytes: encodeProxyHeader(goodHeader).subarray(0, 12) },
    ...malformations.map((name) => ({ name, bytes: encodeMalformedHeader(goodHeader, name) })),
    ...[...identities, posing].map(({ name, identity }) => ({
      name: `with ${name}`,
      bytes: encodeProxyHeader({
        ...goodHeader,
        identity: { destinationName: "plain.test", ...identity },
      }),
    })),
  ];
}

/** Each followed by a request that would be allowed. */
export const capturedIdentity: Technique = {
  name: "captured-identity",
  about: "PROXY header missing, malformed or nobody's",
  prepare: async (rig) => {
    const { run, gateway } = await rig.gateway("strict");
    const listener = await gateway.transparent();
    const request = Buffer.from(head("GET /bytes/10 HTTP/1.1", "Host: plain.test"));
    const send = async (opening: Uint8Array) =>
      (await exchange(await openTcp(listener), Buffer.concat([opening, request]))).text;
    return {
      control: () => arrives(rig, "plain.test", () => send(encodeProxyHeader(goodHeader))),
      isForbidden: () => true,
      attempts: wrongOpenings(run.runId).map(({ name, bytes }) => attempt(name, () => send(bytes))),
    };
  },
};
