/** Tests that a denial has the shape that each provider's SDK raises, and carries its reason for machines. */
import t from "tap";
import type { Provider } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import { createDenial } from "./denial.ts";

const facts = { status: 403, reason: "default-policy", message: "No route allows it" } as const;

for (const provider of providers) {
  t.test(`createDenial() writes the body of ${provider.name}`, async (t) => {
    const denial = createDenial(provider, facts);
    const { status, message } = facts;
    t.same(denial.body, provider.errorBody({ status, message, code: "clrk_default_policy" }));
    t.same(denial.headers, [
      { name: "x-clrk-deny-reason", value: "default-policy" },
      ...provider.errorHeaders,
    ]);
    t.match(JSON.stringify(denial.body), facts.message);
  });
}

t.test(
  "createDenial() for an unknown host says the message where clients look for it",
  async (t) => {
    t.same(createDenial(undefined, facts), {
      status: 403,
      body: {
        error: { message: facts.message, type: "permission_error", code: "clrk_default_policy" },
        message: facts.message,
      },
      headers: [{ name: "x-clrk-deny-reason", value: "default-policy" }],
    });
  },
);

t.test("createDenial() calls a failure of the gateway one", async (t) => {
  const { body, status } = createDenial(undefined, {
    ...facts,
    status: 503,
    reason: "unreachable",
  });
  t.match(body, { error: { type: "gateway_error", code: "clrk_unreachable" } });
  t.equal(status, 503);
});

for (const { name, errorBody } of [
  {
    name: "throws",
    errorBody: () => {
      throw new Error("A mistake of the plugin");
    },
  },
  { name: "gives nothing", errorBody: () => undefined },
  { name: "gives a text", errorBody: () => "no" },
  { name: "gives a function", errorBody: () => () => 1 },
  {
    name: "gives what cannot be written",
    errorBody: () => ({ count: 1n }),
  },
]) {
  t.test(`createDenial() has the neutral body where a plugin's ${name}`, async (t) => {
    // A plugin is no TypeScript that we have seen.
    const provider = { errorBody, errorHeaders: [] } as unknown as Provider;
    t.same(createDenial(provider, facts), createDenial(undefined, facts));
  });
}
