/** Unit tests of the floor's bootstrap: what makes it comparable must stay in it. */
import t from "tap";
import { noneBootstrap } from "./none-config.ts";
import type { ProxyMode } from "../load/workload.ts";

function bootstrap(mode: ProxyMode) {
  return JSON.parse(
    JSON.stringify(
      noneBootstrap({
        mode,
        upstream: { host: "127.0.0.1", port: 7 },
        certificateFile: "/c.pem",
        keyFile: "/c.key",
        upstreamCaFile: "/ca.pem",
      }),
    ),
  );
}

t.test("noneBootstrap() reads the PROXY header before the ClientHello when captured", async (t) => {
  const { static_resources: resources, bootstrap_extensions: extensions } =
    bootstrap("transparent");
  t.equal(extensions, undefined);
  t.equal(resources.listeners.length, 1);
  const [listener] = resources.listeners;
  t.equal(listener.name, "proxy");
  t.same(
    listener.listener_filters.map((filter: { name: string }) => filter.name),
    ["envoy.filters.listener.proxy_protocol", "envoy.filters.listener.tls_inspector"],
  );
});

t.test(
  "noneBootstrap() tunnels CONNECT into the same chain over an internal listener",
  async (t) => {
    const { static_resources: resources, bootstrap_extensions: extensions } = bootstrap("connect");
    t.equal(extensions.length, 1);
    const [outer, inner] = resources.listeners;
    t.equal(outer.name, "proxy");
    t.same(inner.internal_listener, {});
    t.same(
      inner.filter_chains,
      bootstrap("transparent").static_resources.listeners[0].filter_chains,
    );
    const names = resources.clusters.map((cluster: { name: string }) => cluster.name);
    t.same(names, ["upstream", "tunnel"]);
  },
);

t.test("noneBootstrap() verifies the upstream and logs nothing", async (t) => {
  for (const mode of ["connect", "transparent"] as const) {
    const text = JSON.stringify(bootstrap(mode));
    t.match(text, '"auto_san_validation":true');
    t.match(text, '"trusted_ca":{"filename":"/ca.pem"}');
    t.notMatch(text, "access_log");
  }
});
