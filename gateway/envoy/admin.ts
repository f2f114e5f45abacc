/** Requests to Envoy's admin interface on its Unix socket; an Envoy that is not there is an expected outcome. */

import { request } from "../node-http.ts";

/** An answer; bodies over `maxBodyBytes` are cut. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

const timeoutMs = 1_000;

/** Statistics of a large configuration stay far below this. */
const maxBodyBytes = 8 * 1024 * 1024;

/** Sends one request; undefined when nobody answers within a second. */
export function adminRequest(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
): Promise<AdminAnswer | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({ socketPath, method, path, timeout: timeoutMs, agent: false });
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBodyBytes) chunks.push(chunk);
      });
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
      response.once("error", () => resolve(undefined));
    });
    outgoing.once("timeout", () => outgoing.destroy());
    outgoing.once("error", () => resolve(undefined));
    outgoing.once("close", () => resolve(undefined));
    outgoing.end();
  });
}
