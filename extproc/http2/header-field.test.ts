/** Tests of what is known of single fields. */
import t from "tap";
import { HeaderField, PSEUDO_ROLES, ROLE } from "./header-field.ts";

const roleOf = (name: string, value = "x") => new HeaderField(name, value).role;

t.test("HeaderField has the size that RFC 7541 §4.1 gives it", async (t) => {
  t.equal(new HeaderField("custom-key", "custom-header").size, 55);
  t.equal(new HeaderField("", "").size, 32);
});

t.test("HeaderField knows the fields of a request", async (t) => {
  t.equal(roleOf(":method"), ROLE.method);
  t.equal(roleOf(":scheme"), ROLE.scheme);
  t.equal(roleOf(":path"), ROLE.path);
  t.equal(roleOf(":authority"), ROLE.authority);
  t.equal(roleOf("content-length", "1"), ROLE.contentLength);
  t.equal(roleOf("content-type"), ROLE.contentType);
  t.equal(roleOf("x-clrk_test.1!#$%&'*+^`|~"), ROLE.plain);
  t.equal(roleOf("te", "trailers"), ROLE.plain);
  t.equal(roleOf("x", "a b\tc \u00e9"), ROLE.plain);
  t.equal(roleOf("x", ""), ROLE.plain);
  for (const name of [":method", ":scheme", ":path", ":authority"]) {
    t.ok((roleOf(name) & PSEUDO_ROLES) !== 0);
  }
});

const malformed: readonly { name: string; field: readonly [string, string] }[] = [
  { name: "no name", field: ["", "x"] },
  { name: "upper case", field: ["X-Test", "x"] },
  { name: "a blank in the name", field: ["x test", "x"] },
  { name: "a colon in the name", field: ["x:test", "x"] },
  { name: "another character in the name", field: ["x-\u00e9", "x"] },
  { name: "an unknown pseudo-header field", field: [":protocol", "x"] },
  { name: "a pseudo-header field of a response", field: [":status", "200"] },
  { name: "NUL in the value", field: ["x", "a\0b"] },
  { name: "CR in the value", field: ["x", "a\rb"] },
  { name: "LF in the value of a pseudo-header field", field: [":path", "/\n"] },
  { name: "a blank before the value", field: ["x", " a"] },
  { name: "a tab after the value", field: ["x", "a\t"] },
  { name: "another coding than trailers in te", field: ["te", "gzip"] },
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map(
    (name) => ({ name, field: [name, "x"] as const }),
  ),
];

for (const { name, field } of malformed) {
  t.test(`HeaderField is malformed with ${name}`, async (t) => {
    t.equal(roleOf(...field), ROLE.malformed);
  });
}
