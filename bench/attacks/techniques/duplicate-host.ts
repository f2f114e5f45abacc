/** Two hosts in one request of HTTP/1.1: doubled, folded, padded and missing Host, and absolute forms that say another. */
import { arrives, head, sendInTls, sendToProxy } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** A request head, without its end, that a test can name; some have a body. */
export interface RawRequest {
  readonly name: string;
  readonly head: string;
  readonly body?: string;
}

/** Heads for a tunnel to allowed.test. */
export const ambiguousHosts: readonly RawRequest[] = [
  { name: "two Host headers", head: "GET / HTTP/1.1\r\nHost: allowed.test\r\nHost: unlisted.test" },
  {
    name: "two Host headers, the other first",
    head: "GET / HTTP/1.1\r\nHost: unlisted.test\r\nHost: allowed.test",
  },
  { name: "no Host header", head: "GET / HTTP/1.1" },
  { name: "no Host header in HTTP/1.0", head: "GET / HTTP/1.0" },
  { name: "an empty Host header", head: "GET / HTTP/1.1\r\nHost:" },
  {
    name: "absolute form of another host",
    head: "GET https://unlisted.test/ HTTP/1.1\r\nHost: allowed.test",
  },
  {
    name: "absolute form of another scheme and host",
    head: "GET http://plain-unlisted.test/ HTTP/1.1\r\nHost: allowed.test",
  },
  {
    name: "absolute form with user information",
    head: "GET https://allowed.test@unlisted.test/ HTTP/1.1\r\nHost: allowed.test",
  },
  { name: "a folded Host header", head: "GET / HTTP/1.1\r\nHost: allowed.test\r\n unlisted.test" },
  { name: "a blank before the colon", head: "GET / HTTP/1.1\r\nHost : allowed.test" },
  { name: "a quote in the authority", head: 'GET / HTTP/1.1\r\nHost: allowed.test"' },
];

/** The same in the tunnel, and what can be said to the proxy itself. */
export const duplicateHost: Technique = {
  name: "duplicate-host",
  about: "Host doubled, folded or missing; absolute form against CONNECT",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const target = "allowed.test:443";
    const toProxy = [
      ["https in absolute form", "GET https://plain.test/ HTTP/1.1", "Host: plain.test"],
      ["https of another host", "GET https://allowed.test/ HTTP/1.1", "Host: plain.test"],
      ["Host of another", "GET http://plain-unlisted.test/ HTTP/1.1", "Host: plain.test"],
      ["origin form to an unlisted host", "GET / HTTP/1.1", "Host: plain-unlisted.test"],
      ["two Hosts", "GET / HTTP/1.1", "Host: plain.test", "Host: plain-unlisted.test"],
      ["another scheme", "GET ftp://plain-unlisted.test/ HTTP/1.1", "Host: plain.test"],
      ["scheme-relative form", "GET //plain-unlisted.test/ HTTP/1.1", "Host: plain-unlisted.test"],
    ] as const;
    return {
      control: () =>
        arrives(rig, "allowed.test", () =>
          sendInTls(run, target, head("GET /bytes/10 HTTP/1.1", "Host: allowed.test")),
        ),
      isForbidden: () => true,
      attempts: [
        ...ambiguousHosts.map(({ name, head: start }) =>
          attempt(name, () => sendInTls(run, target, head(start))),
        ),
        ...toProxy.map(([name, line, ...lines]) =>
          attempt(`to the proxy: ${name}`, () => sendToProxy(run, head(line, ...lines))),
        ),
      ],
    };
  },
};
