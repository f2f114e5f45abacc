import t from "tap";
import { providers } from "../providers/registry.ts";
import { foreignHeaders } from "./foreign-headers.ts";
import { askedCall, providerOf } from "./testdata/routing.ts";

const sent = [
  "authorization",
  "openai-organization",
  "openai-beta",
  "x-stainless-lang",
  "x-stainless",
  "x-stainless-os",
  "user-agent",
  "x-request-id",
].map((name) => [name, "v"] as const);

t.test("foreignHeaders() names what only the provider understands that was asked", async (t) => {
  const call = askedCall("openai", { headers: sent });
  const removed = foreignHeaders(call, providerOf("anthropic"));
  t.same(removed.toSorted(), [
    "authorization",
    "openai-beta",
    "openai-organization",
    "x-stainless-lang",
    "x-stainless-os",
  ]);
});

t.test("foreignHeaders() names nothing for the provider itself", async (t) => {
  for (const provider of providers) {
    t.same(foreignHeaders(askedCall(provider.name, { headers: sent }), provider), []);
  }
});

t.test("foreignHeaders() names every credential of every provider for every other", async (t) => {
  for (const asked of providers) {
    for (const target of providers.filter((other) => other !== asked)) {
      const removed = foreignHeaders(askedCall(asked.name), target);
      for (const name of asked.credentialHeaders) {
        t.ok(removed.includes(name), `${name} of ${asked.name} for ${target.name}`);
      }
    }
  }
});
