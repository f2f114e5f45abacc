/** Tests that a request goes out with its query credential or not at all, and that no refusal shows one. */
import t from "tap";
import { enginePlan, query, secretUse } from "../testdata/gateway-snapshot.ts";
import type { TransactionParts } from "../testdata/transaction.ts";
import { transaction } from "../testdata/transaction.ts";
import type { EnginePlan } from "../snapshot.ts";
import { queryCredentialPolicy } from "./query-credential.ts";

type QueryUse = EnginePlan["queryCredentials"][number];

function use(name: string, changes: Partial<QueryUse> = {}): QueryUse {
  const built = query(name);
  if (built.kind !== "query") throw new TypeError("Cannot make a use: want one of the query");
  return { ...built, ...changes };
}

function evaluate(uses: readonly QueryUse[], parts: TransactionParts) {
  const plan = enginePlan({ queryCredentials: uses });
  return queryCredentialPolicy.evaluate(transaction({ plan, ...parts }));
}

const gemini = secretUse("gemini").resource;
const maps = secretUse("maps").resource;

t.test("queryCredentialPolicy applies to plans with query credentials", async (t) => {
  t.notOk(queryCredentialPolicy.applies(enginePlan()));
  t.ok(queryCredentialPolicy.applies(enginePlan({ queryCredentials: [use("gemini")] })));
});

const rewritten: readonly {
  readonly name: string;
  readonly path: string;
  readonly uses: readonly QueryUse[];
  readonly want: string;
}[] = [
  { name: "a path without query", path: "/v1", uses: [use("gemini")], want: "/v1?key=AIza%2F1" },
  {
    name: "what the agent sent under the name, in any spelling",
    path: "/v1?key=own&a=1&%4Bey=own;KEY=own",
    uses: [use("gemini")],
    want: "/v1?a=1&key=AIza%2F1",
  },
  {
    name: "several credentials in the plan's order",
    path: "/v1?b=2",
    uses: [use("maps", { parameter: "token", valuePrefix: "t-" }), use("gemini")],
    want: "/v1?b=2&token=t-m%26x%3D1&key=AIza%2F1",
  },
  {
    name: "a parameter's name that needs escapes",
    path: "/",
    uses: [use("gemini", { parameter: "api key&x" })],
    want: "/?api%20key%26x=AIza%2F1",
  },
];

for (const { name, path, uses, want } of rewritten) {
  t.test(`evaluate() rewrites ${name}`, async (t) => {
    const credentials = { [gemini]: "AIza/1", [maps]: "m&x=1" };
    t.same(evaluate(uses, { path, credentials }), {
      kind: "mutate",
      set: [[":path", want]],
      remove: [],
    });
  });
}

t.test(
  "evaluate() refuses while a value has not arrived, and shows none of the others",
  async (t) => {
    const uses = [use("gemini"), use("maps", { parameter: "token" })];
    const decision = evaluate(uses, { credentials: { [gemini]: "AIza-secret-value" } });
    t.same(decision, {
      kind: "deny",
      status: 403,
      reason: "credential-missing",
      message:
        "Refused because CredentialInjectionPolicy default/inject gives no credential: its value has not arrived",
    });
  },
);

t.test("evaluate() keeps a value from breaking out of its parameter", async (t) => {
  const credentials = { [gemini]: "a&admin=1#\r\nx: y z%00" };
  const decision = evaluate([use("gemini")], { path: "/v1", credentials });
  t.match(decision, { set: [[":path", "/v1?key=a%26admin%3D1%23%0D%0Ax%3A%20y%20z%2500"]] });
});
