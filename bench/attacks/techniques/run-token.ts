/** The proxy without a credential, with a wrong one, with that of an ended run, of another run or of another gateway. */
import { basicAuthorization } from "../../harness/connect-proxy-client.ts";
import type { GatewayRun } from "../../harness/gateway.ts";
import { arrives, head, sendToProxy } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Runs whose tokens an attacker could have got hold of. */
export interface TokenRuns {
  readonly run: GatewayRun;
  readonly sibling: GatewayRun;
  readonly ended: GatewayRun;
  /** Of another gateway */
  readonly foreign: GatewayRun;
}

/** Lines of `Proxy-Authorization` with which nothing may be opened, by name. */
export function wrongTokens(
  runs: TokenRuns,
): readonly { readonly name: string; readonly lines: readonly string[] }[] {
  const { run, sibling, ended, foreign } = runs;
  const { username, password } = new URL(run.proxyUrl);
  return [
    { name: "none", lines: [] },
    { name: "an empty one", lines: [""] },
    { name: "a wrong token", lines: [basicAuthorization(username, "wrong")] },
    { name: "no token", lines: [basicAuthorization(username, "")] },
    { name: "the user twice", lines: [basicAuthorization(username, username)] },
    { name: "a token with more behind it", lines: [basicAuthorization(username, `${password}x`)] },
    {
      name: "a token with a colon behind it",
      lines: [basicAuthorization(username, `${password}:`)],
    },
    { name: "a user in upper case", lines: [basicAuthorization(username.toUpperCase(), password)] },
    { name: "no user", lines: [basicAuthorization("", password)] },
    {
      name: "the token of another run",
      lines: [basicAuthorization(username, new URL(sibling.proxyUrl).password)],
    },
    { name: "of an ended run", lines: [ended.authorization] },
    { name: "of another gateway", lines: [foreign.authorization] },
    { name: "the stand-in of an empty list", lines: [basicAuthorization("nobody", "")] },
    { name: "a bearer token", lines: [`Bearer ${password}`] },
    { name: "no base64", lines: ["Basic !!!"] },
    { name: "a hash in place of the token", lines: [basicAuthorization(username, "{SHA}AAAA")] },
    { name: "a wrong one before the right one", lines: ["Basic bm86bm8=", run.authorization] },
  ];
}

/** By CONNECT and in absolute form, with the token in every place where one could be looked for. */
export const runToken: Technique = {
  name: "run-token",
  about: "missing, wrong, stolen and ended tokens of runs",
  prepare: async (rig) => {
    const { run, gateway } = await rig.gateway("strict");
    const { run: foreign } = await rig.gateway("raw");
    const sibling = await rig.registerRun(gateway, "sibling");
    const ended = await rig.registerRun(gateway, "ended");
    await ended.end();
    const requests = [
      head("CONNECT plain.test:80 HTTP/1.1", "Host: plain.test:80"),
      head("GET http://plain.test/bytes/10 HTTP/1.1", "Host: plain.test"),
    ];
    const inOtherPlaces = [`Authorization: ${run.authorization}`, `x-clrk-run: ${run.runId}`];
    return {
      control: () => arrives(rig, "plain.test", () => sendToProxy(run, requests[1] ?? "")),
      isForbidden: () => true,
      attempts: wrongTokens({ run, sibling, ended, foreign }).flatMap(({ name, lines }) =>
        requests.map((request) =>
          attempt(`${name}: ${request.slice(0, request.indexOf(" "))}`, () => {
            const said = lines.length === 0 ? ["x-none: 1"] : lines.map(proxyLine);
            const more = [...said, ...inOtherPlaces].join("\r\n");
            const bytes = request.replace("\r\n\r\n", `\r\n${more}\r\n\r\n`);
            // With another's access, so that no right credential is added.
            return sendToProxy({ ...run, authorization: "Basic none" }, bytes);
          }),
        ),
      ),
    };
  },
};

function proxyLine(value: string): string {
  return `Proxy-Authorization: ${value}`;
}
