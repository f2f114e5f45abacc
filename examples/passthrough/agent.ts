/**
 * Opens tunnels by hand, as clients with a protocol of their own do, and prints who is at the other end: the gateway
 * (interception), the server itself (passthrough), or nobody.
 */

import { once } from "node:events";
import { request } from "node:http";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";

const proxy = new URL(process.env["HTTPS_PROXY"] ?? "http://127.0.0.1");

for (const host of ["api.github.com", "api.stripe.com"]) {
  console.log(`${host}: certificate from ${await issuerOf(host)}`);
}
for (const target of ["github.com:22", "gitlab.com:22"]) {
  console.log(`${target}: ${await firstLineOf(target)}`);
}

async function openTunnel(target: string): Promise<Duplex> {
  const credential = Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64");
  const asked = request({
    host: proxy.hostname,
    port: proxy.port,
    method: "CONNECT",
    path: target,
    headers: { host: target, "proxy-authorization": `Basic ${credential}` },
    signal: AbortSignal.timeout(10_000),
  });
  return new Promise((resolve, reject) => {
    asked.once("error", reject).end();
    asked.once("connect", ({ statusCode }, socket, head) => {
      // A server that speaks first may be heard together with the proxy's answer.
      socket.unshift(head);
      if (statusCode === 200) resolve(socket);
      else reject(new Error(`Cannot open tunnel to ${target}: status ${statusCode}`));
    });
  });
}

/** Verified against the roots of NODE_EXTRA_CA_CERTS, which hold the public ones and the gateway's. */
async function issuerOf(host: string): Promise<string> {
  const secure = connect({ socket: await openTunnel(`${host}:443`), servername: host });
  await once(secure, "secureConnect");
  const { issuer } = secure.getPeerCertificate();
  secure.destroy();
  return String(issuer.CN);
}

async function firstLineOf(target: string): Promise<string> {
  try {
    const tunnel = await openTunnel(target);
    for await (const chunk of tunnel) return String(chunk).split("\r\n", 1)[0] ?? "";
  } catch {
    // What is refused below HTTP is told nothing: a status of the proxy, or a reset.
  }
  return "refused";
}
