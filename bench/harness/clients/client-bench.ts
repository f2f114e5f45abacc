/** What client tests stand on: a fake provider behind a plain proxy, and the environment that sends clients there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFakeProvider } from "../fake-provider.ts";
import type { FakeProvider } from "../fake-provider.ts";
import { createPlainConnectProxy } from "../plain-connect-proxy.ts";
import type { PlainConnectProxy } from "../plain-connect-proxy.ts";
import { temporaryDirectory } from "../processes.ts";
import type { TestScope } from "../processes.ts";
import { createUpstreamAuthority } from "../upstream-authority.ts";

/** Everything a client test needs; all of it ends with the test. */
export interface ClientBench {
  readonly provider: FakeProvider;
  readonly proxy: PlainConnectProxy;
  /** PEM of the authority behind the provider's certificate */
  readonly ca: string;
  /** Proxy, trust and key variables as an agent's environment would have them */
  readonly environment: Readonly<Record<string, string>>;
}

const hosts = ["api.openai.com", "api.anthropic.com", "echo.test"];
const openAiKey = "sk-bench-0123456789abcdef";
const anthropicKey = "sk-ant-bench-0123456789";

/** Starts provider and proxy; with `authorization` the proxy demands a credential, which the environment does not carry. */
export async function createClientBench(
  scope: TestScope,
  options: { readonly authorization?: string } = {},
): Promise<ClientBench> {
  const authority = createUpstreamAuthority();
  const provider = await createFakeProvider({
    certificate: authority.issue(hosts),
    openAiKey,
    anthropicKey,
  });
  scope.teardown(() => provider.close());
  const targets = new Map(hosts.map((host) => [`${host}:443`, provider]));
  const proxy = await createPlainConnectProxy({ targets, ...options });
  scope.teardown(() => proxy.close());
  const ca = authority.certificatePem;
  const bundle = join(temporaryDirectory(scope), "ca.pem");
  writeFileSync(bundle, ca);
  return { provider, proxy, ca, environment: agentEnvironment(proxy.url, bundle) };
}

function agentEnvironment(proxyUrl: string, bundle: string): Record<string, string> {
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    grpc_proxy: proxyUrl,
    NODE_USE_ENV_PROXY: "1",
    NODE_EXTRA_CA_CERTS: bundle,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
    OPENAI_API_KEY: openAiKey,
    ANTHROPIC_API_KEY: anthropicKey,
  };
}
