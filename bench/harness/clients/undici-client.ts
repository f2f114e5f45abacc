/** Runs the `undici` npm package through a proxy, with HTTP/2 to the origin where ALPN allows it. */
import { reportClient, runNodeClient } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";
import type { HttpAsk, HttpReport } from "./http-report.ts";

/** One request and how it travels. */
export interface UndiciClientOptions extends HttpAsk {
  /** "environment" reads HTTPS_PROXY and friends; a URL, perhaps with user and password, names the proxy; "none" dials directly */
  readonly proxy: "environment" | "none" | { readonly url: string };
  /** Offer `h2` in ALPN */
  readonly allowHttp2?: boolean;
  /** PEM to trust beside Node's own; NODE_EXTRA_CA_CERTS of the environment works too */
  readonly ca?: string;
}

/** Runs one request in a child process. */
export function runUndiciClient(
  options: UndiciClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<HttpReport>> {
  return runNodeClient(import.meta.url, options, run);
}

async function act(options: UndiciClientOptions): Promise<HttpReport> {
  const { Agent, EnvHttpProxyAgent, ProxyAgent, request } = await import("undici");
  const allowH2 = options.allowHttp2 ?? false;
  const tls = options.ca === undefined ? { allowH2 } : { allowH2, ca: options.ca };
  const shared = { allowH2, connect: tls, requestTls: tls };
  const { proxy } = options;
  const dispatcher =
    proxy === "none"
      ? new Agent({ allowH2, connect: tls })
      : proxy === "environment"
        ? new EnvHttpProxyAgent(shared)
        : new ProxyAgent({ ...shared, uri: proxy.url });
  const response = await request(options.url, {
    dispatcher,
    method: options.method ?? "GET",
    ...(options.headers === undefined ? {} : { headers: { ...options.headers } }),
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = String(value);
  }
  const text = await response.body.text();
  await dispatcher.close();
  return { status: response.statusCode, headers, text };
}

if (import.meta.main) await reportClient(act);
