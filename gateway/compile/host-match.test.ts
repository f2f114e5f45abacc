/** Host texts as matches. */
import t from "tap";
import { anyHost, hostMatch, namesHost } from "./host-match.ts";

t.test("hostMatch() tells names, wildcards and addresses apart", async (t) => {
  t.same(hostMatch("API.Example.com."), { kind: "exact", value: "api.example.com" });
  t.same(hostMatch("*.Example.com"), { kind: "wildcard", value: "example.com" });
  t.same(hostMatch("10.0.0.1"), { kind: "ip", value: "10.0.0.1" });
  t.same(hostMatch("[2001:DB8:0::1]"), { kind: "ip", value: "2001:db8::1" });
});

t.test("hostMatch() throws for what is no host", async (t) => {
  for (const text of [
    "",
    "*",
    "a..b",
    "https://a.example",
    "a.example:443",
    "*.10.0.0.1",
    "a.*.b",
  ]) {
    t.throws(() => hostMatch(text), RangeError, text);
  }
});

t.test("namesHost() holds for names and wildcards only", async (t) => {
  t.ok(namesHost(hostMatch("a.example")));
  t.ok(namesHost(hostMatch("*.example")));
  t.notOk(namesHost(hostMatch("10.0.0.1")));
  t.notOk(namesHost(anyHost));
});
