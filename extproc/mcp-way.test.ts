/** What is told to Envoy about the way of an MCP request, and what of it stands in the record. */
import t from "tap";
import type { McpWay } from "../gateway/mcp-plan.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import { sendMcp } from "./mcp-way.ts";

const head = {
  method: "POST",
  scheme: "https",
  authority: "mcp.example",
  target: "/mcp?a=1",
  values: () => [],
  hasBody: true,
};
const backend = { kind: "Backend", namespace: "default", name: "b" };
const policy = { kind: "CredentialInjectionPolicy", namespace: "default", name: "p" };
const secret = { kind: "Secret", namespace: "default", name: "s" };
const usual: McpWay = {
  pick: "picked",
  backend,
  key: "default/b:443",
  weight: 1,
  basePath: "",
  queryCredentials: [],
};

function send(changes: Partial<McpWay>, value?: string) {
  const destinations = [{ servers: [], ways: [{ ...usual, ...changes }] }];
  const credential = () => (value === undefined ? undefined : new SecretValue(value));
  return sendMcp({ rules: [], destinations }, { head, caller: "run:1" }, { credential });
}

t.test("sendMcp() leaves a request alone where nothing says who serves it", async (t) => {
  const tools = { credential: () => undefined };
  const stays = { kind: "go", set: [], routing: null };
  t.same(sendMcp(undefined, { head, caller: "" }, tools), stays);
  t.same(sendMcp({ rules: [] }, { head, caller: "" }, tools), stays);
  const destinations = [{ servers: ["other.example"], ways: [usual] }];
  t.same(sendMcp({ rules: [], destinations }, { head, caller: "" }, tools), stays);
});

t.test("sendMcp() picks the way, with the backend's path and credentials", async (t) => {
  t.same(send({}), {
    kind: "go",
    set: [],
    way: { pick: "picked" },
    routing: { backend, provider: "", model: null, translation: null, dropped: [] },
  });
  t.match(send({ basePath: "/base" }), { set: [[":path", "/base/mcp?a=1"]] });
  t.same(send({ backend: null }), { kind: "go", set: [], way: { pick: "picked" }, routing: null });
  const use = {
    kind: "query",
    policy,
    secret: { secret, resource: "secret/default/s/token" },
    parameter: "a",
    valuePrefix: "",
  } as const;
  const queryCredentials = [use];
  t.match(send({ queryCredentials }, "v"), { set: [[":path", "/mcp?a=v"]] });
  t.match(send({ queryCredentials }), {
    kind: "refuse",
    refusal: { status: 403, reason: "credential-missing" },
  });
});

t.test("sendMcp() refuses what its way refuses", async (t) => {
  const refusal = { status: 501, reason: "backend-missing", message: "No" } as const;
  t.match(send({ refusal }), { kind: "refuse", refusal: { status: 501, message: "No" } });
});
