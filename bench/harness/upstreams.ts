/** The far side of most stories: one TLS upstream and one plain one with every name they answer to, on loopback. */
import { createFakeProvider } from "./fake-provider.ts";
import type { FakeProvider } from "./fake-provider.ts";
import type { HostAliases } from "./gateway-manifests.ts";
import type { TestScope } from "./processes.ts";
import { createUpstreamAuthority } from "./upstream-authority.ts";
import type { UpstreamAuthority } from "./upstream-authority.ts";

/** Key that the fake api.openai.com accepts; agents never hold it. */
export const openAiKey = "sk-proj-real-0123456789abcdefghij";

/** Key that the fake api.anthropic.com accepts; agents never hold it. */
export const anthropicKey = "sk-ant-real-0123456789abcdefghij";

/** Two upstreams with their names. */
export interface Upstreams {
  readonly authority: UpstreamAuthority;
  /** HTTPS: api.openai.com, api.anthropic.com and every host of `tlsHosts` */
  readonly tls: FakeProvider;
  /** HTTP: every host of `plainHosts` */
  readonly plain: FakeProvider;
  /** For `gatewayManifest`: where each name leads, and whom to trust */
  readonly aliases: readonly HostAliases[];
  readonly upstreamCa: string;
}

/** Names that the two upstreams answer to. */
export interface UpstreamOptions {
  /** Beside the two providers' */
  readonly tlsHosts?: readonly string[];
  readonly plainHosts?: readonly string[];
}

/** Starts both; they end with the test. */
export async function startUpstreams(
  scope: TestScope,
  options: UpstreamOptions = {},
): Promise<Upstreams> {
  const authority = createUpstreamAuthority();
  const tlsHosts = ["api.openai.com", "api.anthropic.com", ...(options.tlsHosts ?? [])];
  const { plainHosts = [] } = options;
  const keys = { openAiKey, anthropicKey };
  const tls = await createFakeProvider({ certificate: authority.issue(tlsHosts), ...keys });
  scope.teardown(() => tls.close());
  const plain = await createFakeProvider(keys);
  scope.teardown(() => plain.close());
  return {
    authority,
    tls,
    plain,
    aliases: [
      { port: tls.port, hostnames: tlsHosts },
      ...(plainHosts.length > 0 ? [{ port: plain.port, hostnames: plainHosts }] : []),
    ],
    upstreamCa: authority.certificatePem,
  };
}
