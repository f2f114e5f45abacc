/** Tests the static part of Envoy's configuration, by its fields and by the real Envoy's own validation. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { encodeMessage } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { needsEnvoy, realEnvoy } from "../testdata/envoy-rig.ts";
import { temporaryDirectory } from "../testdata/processes.ts";
import { bootstrap } from "./bootstrap.ts";

const options = {
  gateway: "default/egress",
  controlSocket: "/run/clrk/ads.sock",
  adminSocket: "/run/clrk/admin.sock",
  maxConnections: 1_000,
};

t.test("bootstrap() passes Envoy's validation", needsEnvoy, async (t) => {
  const directory = await temporaryDirectory(t);
  const file = path.join(directory, "bootstrap.pb");
  await writeFile(file, encodeMessage(envoy.config.bootstrap.v3.Bootstrap, bootstrap(options)));
  const args = ["--mode", "validate", "-c", file, "--log-level", "warn"];
  const { stdout, stderr } = await promisify(execFile)(realEnvoy ?? "", args);
  t.match(`${stdout}${stderr}`, /OK/);
  t.notMatch(stderr, /deprecated/i);
});

t.test(
  "bootstrap() says who Envoy is, without which it aborts at the first certificate",
  async (t) => {
    t.same(bootstrap(options).node, { id: "default/egress", cluster: "clrk" });
  },
);

t.test("bootstrap() opens nothing but Unix sockets", async (t) => {
  const { admin, staticResources } = bootstrap(options);
  t.same(admin, { address: { pipe: { path: "/run/clrk/admin.sock", mode: 0o600 } } });
  t.same(staticResources?.listeners ?? [], []);
  const [control] = staticResources?.clusters ?? [];
  const [endpoint] = control?.loadAssignment?.endpoints?.[0]?.lbEndpoints ?? [];
  t.same(endpoint?.endpoint?.address, { pipe: { path: "/run/clrk/ads.sock" } });
});

t.test("bootstrap() takes everything over one Delta ADS stream", async (t) => {
  const { adsConfig, ldsConfig, cdsConfig } = bootstrap(options).dynamicResources ?? {};
  t.equal(adsConfig?.apiType, envoy.config.core.v3.ApiConfigSource.ApiType.DELTA_GRPC);
  t.same([ldsConfig?.ads, cdsConfig?.ads], [{}, {}]);
});

t.test("bootstrap() keeps no statistic for each name that an agent makes up", async (t) => {
  const patterns = bootstrap(options).statsConfig?.statsMatcher?.exclusionList?.patterns ?? [];
  const excludes = (name: string) =>
    patterns.some(
      ({ contains, prefix }) =>
        (typeof contains === "string" && name.includes(contains)) ||
        (typeof prefix === "string" && name.startsWith(prefix)),
    );
  t.ok(excludes("listener.explicit.ssl.certificate.evil.example.com.expiration_unix_time_seconds"));
  t.ok(excludes("vhost.evil.example.com.vcluster.other.upstream_rq_total"));
  t.notOk(excludes("http.tls.downstream_rq_active"), "a drain reads it");
  t.notOk(excludes("cluster.forward-raw.upstream_cx_active"), "a drain reads it");
});

t.test("bootstrap() bounds connections", async (t) => {
  const [monitor] = bootstrap(options).overloadManager?.resourceMonitors ?? [];
  t.equal(monitor?.name, "envoy.resource_monitors.global_downstream_max_connections");
});
