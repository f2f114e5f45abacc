/** Which placeholders there are, as the rules know them. */
import t from "tap";
import { compile } from "./compile.ts";
import { gateway, httpRoute, object, secret, target } from "./compile/testdata/objects.ts";
import { listPlaceholders } from "./placeholder-list.ts";

const value = "mk-7Hd8sK2lQ9pZ4xV6bN1mC3wE5rT0yU";
const policy = (name: string, route: string) =>
  object("CredentialInjectionPolicy", name, {
    targetRefs: [target("EgressHTTPRoute", route)],
    secretRef: { name: "key" },
    target: "Placeholder",
    placeholder: {},
  });

t.test("listPlaceholders() names each value once, with the policies that swap it", async (t) => {
  const compiled = compile({
    objects: [
      gateway(),
      httpRoute("a", ["a.example"]),
      httpRoute("b", ["b.example"]),
      policy("p", "a"),
      policy("q", "b"),
      secret("key", { token: value }),
    ],
    revision: 1,
    environment: { ownAddresses: [], placeholderKey: Buffer.alloc(32, 1) },
  });
  const [item, ...others] = listPlaceholders(compiled);
  t.same(others, []);
  t.match(item, { namespace: "default", name: "key", key: "token", policies: ["p", "q"] });
  t.equal(item?.placeholder.length, value.length);
  t.not(item?.placeholder, value);
  t.same(listPlaceholders(undefined), []);
});
