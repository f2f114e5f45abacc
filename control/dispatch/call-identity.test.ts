/** Tests of identities: what is found where, and that nothing doubtful becomes one. */
import t from "tap";
import type { AgentIdentity } from "../../crds/agent-identity.ts";
import { audiencesOf, identityHeader, readIdentity, readsBody } from "./call-identity.ts";
import type { IdentitySources } from "./call-identity.ts";

type Extractor = AgentIdentity["extractors"][number];

const fromHeader = (name: string, field: string): Extractor => ({
  type: "Header",
  header: { name, field },
});
const fromBody = (jsonPath: string, field: string): Extractor => ({
  type: "Body",
  body: { jsonPath, field },
});
const json = { "content-type": ["application/json; charset=utf-8"] };
const body = (text: string): IdentitySources => ({ headers: json, body: Buffer.from(text) });
const headers = (values: Record<string, readonly string[]>): IdentitySources => ({
  headers: values,
});
const strict = { mayBeMissing: false };

function read(extractors: readonly Extractor[], sources: IdentitySources, options = strict) {
  const reading = readIdentity({ extractors }, sources, options);
  return reading.kind === "read" ? Object.fromEntries(reading.identity) : reading.message;
}

const user = [fromHeader("X-User", "user")];
const found: readonly (readonly [readonly Extractor[], IdentitySources, object])[] = [
  [user, headers({ "x-user": [" alice "] }), { user: "alice" }],
  [user, headers({ "x-user": ["Doe, Jane"] }), { user: "Doe, Jane" }],
  [[fromBody("user.id", "user")], body('{"user":{"id":"zoë"}}'), { user: "zoë" }],
  [[fromBody("user.id", "user")], body('{"user":{"id":7}}'), { user: "7" }],
  [[fromBody("on", "on")], body('{"on":true}'), { on: "true" }],
  [[fromBody("users[*]", "user")], body('{"users":["a","a"]}'), { user: "a" }],
  [
    [...user, fromBody("user", "user")],
    { headers: { ...json, "x-user": ["alice"] }, body: Buffer.from('{"user":"alice"}') },
    { user: "alice" },
  ],
  [[...user, fromBody("user", "user")], body('{"user":"alice"}'), { user: "alice" }],
  [
    [...user, fromHeader("x-tenant", "tenant")],
    headers({ "x-user": ["alice"], "x-tenant": ["7"] }),
    { user: "alice", tenant: "7" },
  ],
];

for (const [extractors, sources, identity] of found) {
  t.test(`readIdentity() finds ${JSON.stringify(identity)} at ${extractors.length} places`, (t) => {
    t.same(read(extractors, sources), identity);
    t.end();
  });
}

const inBody = [fromBody("user", "user")];
const refused: readonly (readonly [readonly Extractor[], IdentitySources, RegExp])[] = [
  [user, headers({}), /nothing says "user": header "X-User" is not set/],
  [user, headers({ "x-user": [""] }), /nothing says "user"/],
  [user, headers({ "x-user": ["alice", "bob"] }), /header "X-User" is there more than once/],
  [user, headers({ "x-user": ["Zo\u00c3\u00ab"] }), /no plain ASCII/],
  [user, headers({ "x-user": ["a\tb"] }), /no plain ASCII/],
  [user, headers({ "x-user": ["a".repeat(190)] }), /more than 189 characters/],
  [
    [...user, fromHeader("x-other", "user")],
    headers({ "x-user": ["alice"], "x-other": ["bob"] }),
    /"user" has two values, one of them in header "x-other"/,
  ],
  [
    Array.from({ length: 16 }, (_, index) => fromBody("user", `field-${index}`)),
    body(JSON.stringify({ user: "ë".repeat(189) })),
    /all values together are more than 4096 bytes/,
  ],
  [inBody, headers({}), /nothing says "user": "user" of the body is not set/],
  [inBody, body('{"user":null}'), /nothing says "user"/],
  [inBody, body("user=alice"), /the body is not JSON/],
  [inBody, body('{"user":"alice","user":"bob"}'), /a key that comes twice/],
  [inBody, body('{"user":"alice","USER":"bob"}'), /a key that comes twice/],
  [inBody, body('{"user":["alice"]}'), /no text, number, true or false/],
  [inBody, body('["alice"]'), /no text, number, true or false/],
  [inBody, body('{"user":"a\\nb"}'), /control characters/],
  [[fromBody("users[*]", "user")], body('{"users":["alice","bob"]}'), /several values/],
  [
    inBody,
    {
      headers: { "content-type": ["application/json; charset=utf-7"] },
      body: Buffer.from('{"user":"alice"}'),
    },
    /in another charset than UTF-8/,
  ],
  [[fromHeader("constructor", "user")], headers({}), /header "constructor" is not set/],
  [inBody, { headers: {}, body: Buffer.from('{"user":"alice"}') }, /not of type application\/json/],
  [
    inBody,
    { headers: { ...json, "content-encoding": ["gzip"] }, body: Buffer.from("x") },
    /compressed/,
  ],
];

for (const [extractors, sources, message] of refused) {
  t.test(`readIdentity() refuses: ${message}`, (t) => {
    const said = read(extractors, sources);
    t.match(said, message);
    t.notMatch(said, /alice|bob/, "no value is told");
    t.end();
  });
}

t.test("readIdentity() takes what is there where fields may be missing", (t) => {
  const lenient = { mayBeMissing: true };
  t.same(read([...user, fromBody("user", "by")], body('{"user":"alice"}'), lenient), {
    by: "alice",
  });
  t.same(read(user, headers({}), lenient), {});
  t.match(read(inBody, body("x"), lenient), /not JSON/);
  t.end();
});

t.test("readsBody() is about extractors of bodies alone", (t) => {
  t.notOk(readsBody({ extractors: user }));
  t.ok(readsBody({ extractors: [...user, ...inBody] }));
  t.end();
});

t.test("identityHeader() and audiencesOf() name every field", (t) => {
  const identity = new Map([
    ["user", "alice"],
    ["__proto__", "x"],
  ]);
  t.equal(identityHeader(identity), "{%22user%22:%22alice%22,%22__proto__%22:%22x%22}");
  t.same(audiencesOf(identity), ["user=alice", "__proto__=x"]);
  t.end();
});
