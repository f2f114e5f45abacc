/** Patterns of authorities against the authorities that they must take and leave. */
import t from "tap";
import type { HostMatch } from "../snapshot.ts";
import type { Scheme } from "./authority-pattern.ts";
import { authorityPattern } from "./authority-pattern.ts";
import { anyHost, hostMatch } from "./host-match.ts";

/** Envoy matches whole values by RE2; `(?i)` is spelled as a flag here. */
function fits(pattern: string | undefined, authority: string): boolean {
  if (pattern === undefined) return true;
  const isInsensitive = pattern.startsWith("(?i)");
  return new RegExp(`^(?:${pattern.replace("(?i)", "")})$`, isInsensitive ? "i" : "").test(
    authority,
  );
}

const one = (port: number) => [{ start: port, end: port }];

interface Case {
  readonly name: string;
  readonly host: HostMatch;
  readonly ports: readonly { start: number; end: number }[];
  readonly scheme: Scheme;
  readonly takes: readonly string[];
  readonly leaves: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: "one label of a wildcard on any port",
    host: hostMatch("*.example.com"),
    ports: [],
    scheme: "tls",
    takes: ["a.example.com", "A.EXAMPLE.com", "a.example.com:8443"],
    leaves: ["a.b.example.com", "example.com", ".example.com", "a.exampleXcom", "a.example.com:x"],
  },
  {
    name: "one label of a wildcard on one port",
    host: hostMatch("*.example.com"),
    ports: one(8443),
    scheme: "tls",
    takes: ["a.example.com:8443"],
    leaves: ["a.example.com", "a.example.com:443", "a.b.example.com:8443"],
  },
  {
    name: "the default port of TLS without writing it",
    host: hostMatch("api.example.com"),
    ports: one(443),
    scheme: "tls",
    takes: ["api.example.com", "api.example.com:443"],
    leaves: ["api.example.com:80", "api.example.com:4430"],
  },
  {
    name: "no bare host on plain HTTP for port 443",
    host: hostMatch("api.example.com"),
    ports: one(443),
    scheme: "plain",
    takes: ["api.example.com:443"],
    leaves: ["api.example.com", "api.example.com:80"],
  },
  {
    name: "a range that holds both default ports",
    host: hostMatch("api.example.com"),
    ports: [{ start: 1, end: 1023 }],
    scheme: "plain",
    takes: ["api.example.com", "api.example.com:1", "api.example.com:1023"],
    leaves: ["api.example.com:1024", "api.example.com:0"],
  },
  {
    name: "any host on one port",
    host: anyHost,
    ports: one(8080),
    scheme: "plain",
    takes: ["a.example:8080", "[2001:db8::1]:8080", "10.0.0.1:8080"],
    leaves: ["a.example", "a.example:80", "[2001:db8::8080]", "[::1]:80"],
  },
  {
    name: "an IPv4 address on one port",
    host: hostMatch("10.0.0.1"),
    ports: one(80),
    scheme: "plain",
    takes: ["10.0.0.1", "10.0.0.1:80"],
    leaves: ["10.0.0.1:8080", "10.0.001", "10a0.0.1"],
  },
  {
    name: "an IPv6 address on one port",
    host: hostMatch("2001:db8::1"),
    ports: one(8080),
    scheme: "plain",
    takes: ["[2001:db8::1]:8080"],
    leaves: ["[2001:db8::1]", "2001:db8::1:8080", "[2001:db8::1]:80"],
  },
];

for (const { name, host, ports, scheme, takes, leaves } of cases) {
  t.test(`authorityPattern() takes ${name}`, async (t) => {
    const pattern = authorityPattern(host, ports, scheme);
    for (const authority of takes) t.ok(fits(pattern, authority), `takes ${authority}`);
    for (const authority of leaves) t.notOk(fits(pattern, authority), `leaves ${authority}`);
  });
}

t.test("authorityPattern() asks for nothing where the host alone decides", async (t) => {
  for (const host of [hostMatch("a.example"), hostMatch("10.0.0.1"), anyHost]) {
    t.equal(authorityPattern(host, [], "tls"), undefined);
  }
});
