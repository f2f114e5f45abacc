/** Tests that Envoy shows what a plan needs, and not a part more: each costs an exchange. */
import t from "tap";
import type { ShownParts } from "./processing-mode.ts";
import { shownParts, swappedParts } from "./processing-mode.ts";
import type { EnginePlan } from "./snapshot.ts";
import { createCapturePlan } from "./testdata/capture-plan.ts";
import { enginePlan, secretUse } from "./testdata/gateway-snapshot.ts";

const capturing = (request: boolean, response: boolean) => createCapturePlan({ request, response });

const rows: readonly {
  readonly name: string;
  readonly plan: Partial<EnginePlan>;
  /** Response headers, request body, response body */
  readonly shown: readonly [boolean, ShownParts["requestBody"], boolean];
}[] = [
  { name: "a query credential", plan: { meters: false }, shown: [false, "none", false] },
  { name: "tokens", plan: { meters: true }, shown: [true, "streamed", true] },
  {
    name: "a choice",
    plan: { meters: false, routing: { rules: [], otherwise: "deny" } },
    shown: [true, "buffered", true],
  },
  {
    name: "messages to an MCP server",
    plan: { meters: false, mcp: { rules: [] } },
    shown: [true, "buffered", true],
  },
  {
    name: "captured requests",
    plan: { meters: false, capture: capturing(true, false) },
    shown: [false, "streamed", false],
  },
  {
    name: "captured responses",
    plan: { meters: false, capture: capturing(false, true) },
    shown: [true, "none", true],
  },
  {
    name: "a capture of nothing",
    plan: { meters: false, capture: capturing(false, false) },
    shown: [false, "none", false],
  },
  {
    name: "tokens and captured requests",
    plan: { meters: true, capture: capturing(true, false) },
    shown: [true, "streamed", true],
  },
];

for (const { name, plan, shown } of rows) {
  t.test(`shownParts() of a plan for ${name}`, async (t) => {
    const [responseHeaders, requestBody, responseBody] = shown;
    const want: ShownParts = { responseHeaders, requestBody, responseBody };
    t.same(shownParts(enginePlan(plan)), want);
  });
}

t.test("swappedParts() asks for what is written over, and for no more", async (t) => {
  const use = (places: readonly ("Header" | "Body")[]) =>
    ({
      kind: "placeholder",
      policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "p" },
      secret: secretUse("key"),
      placeholder: "placeholder/key",
      places,
    }) as const;
  const plan = { id: "1", gateway: "default/egress", placeholders: [use(["Header"])], scrubs: [] };
  const nothing = { responseHeaders: false, requestBody: "none", responseBody: false };
  t.same(swappedParts(plan), nothing);
  t.match(swappedParts({ ...plan, placeholders: [use(["Body"])] }), { requestBody: "streamed" });
  t.same(swappedParts({ ...plan, scrubs: [use(["Header"])] }), {
    responseHeaders: true,
    requestBody: "none",
    responseBody: true,
  });
});
