import t from "tap";
import { addProviders, resetProviders } from "../providers/registry.ts";
import { servedHeaders } from "./served-headers.ts";
import { providerOf } from "./testdata/routing.ts";

t.test("servedHeaders() names what APIs want beside credentials", async (t) => {
  const names = servedHeaders();
  t.ok(names.has("anthropic-version"));
  t.notOk(names.has("x-api-key"));
  t.notOk(names.has("content-type"));
});

t.test("servedHeaders() knows the providers of plugins", async (t) => {
  t.teardown(resetProviders);
  const [api] = providerOf("anthropic").served ?? [];
  const served =
    api === undefined ? [] : [{ ...api, headers: [{ name: "acme-version", value: "1" }] }];
  const acme = { ...providerOf("anthropic"), name: "acme", aliases: [], hosts: [], served };
  t.same(addProviders([acme]), []);
  t.ok(servedHeaders().has("acme-version"));
});
