/** Ways to have a credential sent to somebody else, or shown: another host on the connection, redirects, TRACE, plain text. */
import { openSecureTunnel, requestThrough } from "../../harness/agent-requests.ts";
import type { AgentAccess } from "../../harness/agent-requests.ts";
import { httpOver, openHttp2 } from "../../harness/http-over-socket.ts";
import { arrives, head, sendInTls, sendInTunnel, sendToProxy, textOf } from "../attack-bytes.ts";
import { placeholder } from "../canaries.ts";
import { attempt } from "../technique.ts";
import type { Attempt, Technique } from "../technique.ts";

const target = "allowed.test:443";

const others = ["other.test", "unlisted.test", "query.test", "api.openai.com"];

/** What an agent may send where a key is injected; none of it may travel. */
const ownKeys = {
  authorization: `Bearer ${placeholder}`,
  "x-api-key": placeholder,
  "api-key": placeholder,
  "x-goog-api-key": placeholder,
  "x-upstream-key": placeholder,
};

/** Where a credential arrives that is not the host's own, the request is misdirected. */
export const credentialTheft: Technique = {
  name: "credential-theft",
  about: "a credential to another host, by redirect, TRACE or plain text",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(await requestThrough(run, "https://allowed.test/bytes/10", { headers: ownKeys })),
        ),
      // A backend may be a plain server, but not with a credential, which would be misdirected.
      isForbidden: ({ method, host, pathname }) =>
        method === "TRACE" || (host === "plain-credential.test" && pathname !== "/v1/messages"),
      attempts: [
        ...otherHosts(run),
        ...["TRACE", "trace", "Trace"].map((method) =>
          attempt(method, () =>
            sendInTls(run, target, head(`${method} /bytes/10 HTTP/1.1`, "Host: allowed.test")),
          ),
        ),
        ...inTheClear(run),
        ...[301, 302, 303, 307, 308].map((status) =>
          attempt(`a redirect with ${status} is not followed`, async () =>
            textOf(await requestThrough(run, `https://allowed.test/status/${status}`)),
          ),
        ),
        ...["connection: x-upstream-key", "connection: close, x-upstream-key, authorization"].map(
          (line) =>
            attempt(`the credential named by "${line}"`, () =>
              sendInTls(run, target, head("GET /bytes/10 HTTP/1.1", "Host: allowed.test", line)),
            ),
        ),
        attempt("a backend that speaks plain HTTP", async () =>
          textOf(
            await requestThrough(run, "https://api.anthropic.com/v1/messages", {
              method: "POST",
              headers: { "content-type": "application/json", "x-api-key": placeholder },
              body: '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"Hello"}]}',
            }),
          ),
        ),
        attempt("own keys beside the injected one", async () =>
          textOf(await requestThrough(run, "https://allowed.test/bytes/11", { headers: ownKeys })),
        ),
        attempt("a parameter of the injected name, in other spellings", async () =>
          textOf(
            await requestThrough(
              run,
              `https://query.test/bytes/10?key=${placeholder}&%6bey=${placeholder}&k%65y=${placeholder}`,
            ),
          ),
        ),
      ],
    };
  },
};

/** Another host on a connection that has just been given a credential. */
function otherHosts(run: AgentAccess): readonly Attempt[] {
  return [
    ...others.map((host) =>
      attempt(`${host} on the connection of allowed.test, HTTP/1.1`, async () => {
        const socket = await openSecureTunnel(run, target);
        try {
          await httpOver(socket, { path: "/bytes/10", authority: "allowed.test" });
          return textOf(await httpOver(socket, { path: "/bytes/10", authority: host }));
        } finally {
          socket.destroy();
        }
      }),
    ),
    ...others.map((host) =>
      attempt(`${host} on the connection of allowed.test, HTTP/2`, async () => {
        const connection = openHttp2(await openSecureTunnel(run, target, "h2"));
        try {
          await connection.request({ path: "/bytes/10", authority: "allowed.test" });
          return textOf(await connection.request({ path: "/bytes/10", authority: host }));
        } finally {
          connection.close();
        }
      }),
    ),
  ];
}

/** Whatever would carry the credential without TLS. */
function inTheClear(run: AgentAccess): readonly Attempt[] {
  const plainHead = (line: string) => head(line, "Host: plain-credential.test");
  return [
    attempt("plain HTTP in absolute form", () =>
      sendToProxy(run, plainHead("GET http://plain-credential.test/bytes/10 HTTP/1.1")),
    ),
    attempt("plain HTTP in a tunnel", () =>
      sendInTunnel(run, "plain-credential.test:80", plainHead("GET /bytes/10 HTTP/1.1")),
    ),
    attempt("plain HTTP in a tunnel to port 443", () =>
      sendInTunnel(run, target, head("GET /bytes/10 HTTP/1.1", "Host: allowed.test:443")),
    ),
    attempt("https in absolute form", () =>
      sendToProxy(run, head("GET https://allowed.test/bytes/10 HTTP/1.1", "Host: allowed.test")),
    ),
  ];
}
