/** Tests of the search in route configurations; `bench/e2e/policy-replay.e2e.ts` holds it against Envoy. */
import t from "tap";
import type { envoy } from "../proto/gen/xds.js";
import { letByMatch, pickedMatch, unreadMatch } from "../xds/choice-route.ts";
import type { RequestFacts } from "./route-table.ts";
import { possibleRoutes, RouteTable } from "./route-table.ts";

const route = (name: string, match: envoy.config.route.v3.IRouteMatch) => ({ name, match });
const team = { missing: "header x-team" };
const byTeam = {
  prefix: "/",
  headers: [{ name: "x-team", stringMatch: { exact: "Blue", ignoreCase: true } }],
};

const table = new RouteTable({
  virtualHosts: [
    { domains: ["a.test"], routes: [route("team", byTeam), route("v1", { path: "/v1" })] },
    { domains: ["*.a.test"], routes: [route("wild", { prefix: "/" })] },
    { domains: ["*.b.a.test"], routes: [route("wilder", { prefix: "/" })] },
    {
      domains: ["pick.test"],
      routes: [
        route("picked", pickedMatch("way")),
        route("unread", unreadMatch({ path: "/unread" })),
        route("let-by", letByMatch({ prefix: "/" })),
      ],
    },
    { domains: ["*"], routes: [] },
  ],
});

const facts = (changes: Partial<RequestFacts> = {}): RequestFacts => ({
  path: { known: "/v1" },
  header: () => undefined,
  pick: undefined,
  ...changes,
});

function names(host: string, changes: Partial<RequestFacts> = {}) {
  const found = table.find(host);
  return found && possibleRoutes(found, facts(changes)).map((one) => one.route?.name ?? "none");
}

const hosts = [
  { host: "a.test", found: ["v1"] },
  { host: "x.a.test", found: ["wild"] },
  { host: "y.x.a.test", found: ["wild"] },
  { host: "x.b.a.test", found: ["wilder"] },
  { host: "other.test", found: ["none"] },
];

for (const { host, found } of hosts) {
  t.test(`RouteTable finds the virtual host of ${host}`, async (t) => {
    t.same(names(host), found);
  });
}

t.test("possibleRoutes() finds all that a missing fact may mean", async (t) => {
  t.same(names("a.test", { header: () => team }), ["team", "v1"]);
  t.same(names("a.test", { header: () => "blue" }), ["team"]);
  t.same(names("a.test", { header: () => "red", path: { known: "/v2" } }), ["none"]);
  const host = table.find("a.test");
  t.same(host && possibleRoutes(host, facts({ header: () => team }))[0]?.missing, team);
});

t.test("possibleRoutes() goes by what the engine picked", async (t) => {
  t.same(names("pick.test", { pick: "way" }), ["picked"]);
  t.same(names("pick.test", { pick: "other" }), ["let-by"]);
  t.same(names("pick.test", { path: { known: "/unread" } }), ["unread"]);
  t.same(names("pick.test", { path: { known: "/unread" }, pick: "other" }), ["let-by"]);
});

const strange: readonly {
  readonly match: envoy.config.route.v3.IRouteMatch;
  readonly message: string;
}[] = [
  {
    match: { prefix: "/", grpc: {} },
    message: 'Cannot replay route "x": unknown match "grpc"',
  },
  {
    match: { prefix: "/", headers: [{ name: "h", presentMatch: true }] },
    message: 'Cannot replay a match of header "h": unknown kind of match',
  },
  {
    match: { prefix: "/", headers: [{ name: "h", stringMatch: { suffix: "x" } }] },
    message: "Cannot replay a match of text: unknown kind of match",
  },
  {
    match: { prefix: "/", dynamicMetadata: [{ filter: "other", path: [{ key: "pick" }] }] },
    message: "Cannot replay a match of metadata: unknown key",
  },
];

for (const { match, message } of strange) {
  t.test(`RouteTable refuses ${JSON.stringify(match)}`, async (t) => {
    const virtualHosts = [{ domains: ["*"], routes: [route("x", match)] }];
    t.throws(() => new RouteTable({ virtualHosts }), { message });
  });
}
