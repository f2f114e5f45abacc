/** Tests names that different resources use to find each other. */
import t from "tap";
import {
  aliasCluster,
  backendAuthority,
  RESOURCE,
  routeConfigurationName,
} from "./resource-names.ts";

const authorities: readonly {
  readonly host: string;
  readonly port: number;
  readonly want: string;
}[] = [
  { host: "a.example.com", port: 443, want: "a.example.com" },
  { host: "a.example.com", port: 8443, want: "a.example.com:8443" },
  { host: "2001:db8::7", port: 443, want: "[2001:db8::7]" },
  { host: "2001:db8::7", port: 80, want: "[2001:db8::7]:80" },
];

for (const { host, port, want } of authorities) {
  t.test(`backendAuthority() of ${host} and ${port} is ${want}`, async (t) => {
    t.equal(backendAuthority({ host, port }), want);
  });
}

t.test("aliasCluster() tells protocols and ports apart", async (t) => {
  const address = "10.0.0.1";
  t.equal(aliasCluster({ address }, "tls"), "alias-tls/10.0.0.1:443");
  t.equal(aliasCluster({ address }, "tls-http1"), "alias-tls-http1/10.0.0.1:443");
  t.equal(aliasCluster({ address }, "plain"), "alias-plain/10.0.0.1:80");
  t.equal(aliasCluster({ address, port: 1 }, "plain"), "alias-plain/10.0.0.1:1");
});

t.test("routeConfigurationName() is of one listener", async (t) => {
  t.equal(routeConfigurationName("plain", "web"), "plain/web");
});

t.test("RESOURCE keeps the roots out of reach of server names", async (t) => {
  t.match(RESOURCE.upstreamTrust, /\//);
});
