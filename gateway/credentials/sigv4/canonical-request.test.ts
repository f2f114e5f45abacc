/** Canonical requests against the published suite, and against what services are known to compare. */
import t from "tap";
import type { PathRule } from "./canonical-request.ts";
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
} from "./canonical-request.ts";
import { hashPayload } from "./sign.ts";
import type { Vector } from "./testdata/vectors.ts";
import { readVectors, vectorsMissing } from "./testdata/vectors.ts";

const again: PathRule = { isNormalized: false, isEncodedAgain: true };
const once: PathRule = { isNormalized: false, isEncodedAgain: false };

t.test("canonicalRequest() agrees with the published suite", { skip: vectorsMissing }, (t) => {
  const vectors = readVectors();
  t.equal(vectors.length, 38);
  for (const vector of vectors) {
    t.equal(headerForm(vector), vector.header.canonicalRequest, `${vector.name}, header`);
    t.equal(queryForm(vector), vector.query.canonicalRequest, `${vector.name}, query`);
  }
  t.end();
});

const paths: ReadonlyArray<{ name: string; path: string; rule: PathRule; wanted: string }> = [
  { name: "is empty", path: "", rule: again, wanted: "/" },
  {
    name: "has an escaped colon, as model ids do",
    path: "/model/anthropic.claude-3%3A0/invoke",
    rule: again,
    wanted: "/model/anthropic.claude-3%253A0/invoke",
  },
  {
    name: "has a bare colon, as model ids do",
    path: "/model/anthropic.claude-3:0/invoke",
    rule: again,
    wanted: "/model/anthropic.claude-3%3A0/invoke",
  },
  { name: "has an escaped slash", path: "/a%2Fb/c", rule: again, wanted: "/a%252Fb/c" },
  { name: "keeps dots on the wire", path: "/a/../b/./c//", rule: again, wanted: "/a/../b/./c//" },
  { name: "is UTF-8", path: "/ሴ", rule: again, wanted: "/%E1%88%B4" },
  { name: "has a blank and a plus", path: "/a b+c", rule: again, wanted: "/a%20b%2Bc" },
  { name: "is an S3 key", path: "/b/a%2Fb//../c%20d", rule: once, wanted: "/b/a%2Fb//../c%20d" },
  {
    name: "is an S3 key in lax escapes",
    path: "/%7eé%2f+:",
    rule: once,
    wanted: "/~%C3%A9%2F%2B%3A",
  },
  { name: "is an S3 key with a lone percent", path: "/50%/x", rule: once, wanted: "/50%25/x" },
  {
    name: "is normalised and escaped once",
    path: "/a/./b/../c%2f",
    rule: { isNormalized: true, isEncodedAgain: false },
    wanted: "/a/c%2F",
  },
  {
    name: "leaves the root by dots",
    path: "/../../a/..",
    rule: { isNormalized: true, isEncodedAgain: true },
    wanted: "/",
  },
];

for (const { name, path, rule, wanted } of paths) {
  t.test(`canonicalPath() is what the service compares when the path ${name}`, async (t) => {
    t.equal(canonicalPath(path, rule), wanted);
  });
}

const queries: ReadonlyArray<{ name: string; query: string; wanted: string }> = [
  { name: "is empty", query: "", wanted: "" },
  { name: "has a name without value", query: "acl", wanted: "acl=" },
  { name: "has empty parameters", query: "&&a=1&", wanted: "a=1" },
  { name: "repeats a name", query: "a=2&b=0&a=10&a=1", wanted: "a=1&a=10&a=2&b=0" },
  { name: "has names that begin alike", query: "a-b=1&a=2&a1=3", wanted: "a=2&a-b=1&a1=3" },
  { name: "has a plus and blanks", query: "a=b+c%20d e", wanted: "a=b%2Bc%20d%20e" },
  { name: "is escaped in lower case", query: "%61%2f=%7e%3d", wanted: "a%2F=~%3D" },
  { name: "has equals signs in a value", query: "a=b=c", wanted: "a=b%3Dc" },
  { name: "has bytes that are no UTF-8", query: "a=%ff%fe", wanted: "a=%FF%FE" },
  { name: "has escapes that are none", query: "a=%zz%4", wanted: "a=%25zz%254" },
  { name: "sorts by escaped names", query: "ሴ=1&Z=2&~=3", wanted: "%E1%88%B4=1&Z=2&~=3" },
  { name: "has an escaped separator", query: "a=1%26b=2", wanted: "a=1%26b%3D2" },
];

for (const { name, query, wanted } of queries) {
  t.test(`canonicalQuery() decodes, encodes and sorts when the query ${name}`, async (t) => {
    t.equal(canonicalQuery(query), wanted);
  });
}

t.test("canonicalQuery() gives the same for any order and encoding of parameters", async (t) => {
  const random = seeded(7);
  for (let round = 0; round < 300; round++) {
    const parameters = Array.from({ length: random(6) }, () => [word(random), word(random)]);
    const plain = parameters.map(([name, value]) => `${escapeAll(name)}=${escapeAll(value)}`);
    const lax = plain
      .toReversed()
      .map((text) => text.replace(/%[46][1-9A-F]/g, decodeURIComponent));
    const wanted = canonicalQuery(plain.join("&"));
    if (canonicalQuery(lax.join("&")) !== wanted) t.fail(`${plain} and ${lax} differ`);
    const read = [...new URLSearchParams(wanted)].toSorted().join();
    if (read !== parameters.toSorted().join()) t.fail(`${wanted} lost something`);
  }
});

t.test("canonicalHeaders() lets no value begin a line of its own", async (t) => {
  const { lines, names } = canonicalHeaders([
    ["x-amz-meta-b", "1\nhost:evil\r\n  x"],
    ["host", "a"],
    ["x-amz-meta-b", "\t two  words "],
    ["x-amz-meta-a", ""],
  ]);
  t.equal(lines, "host:a\nx-amz-meta-a:\nx-amz-meta-b:1 host:evil x,two words\n");
  t.equal(names, "host;x-amz-meta-a;x-amz-meta-b");
});

function headerForm(vector: Vector): string {
  const payloadHash = hashPayload(Buffer.from(vector.body));
  const time = new Date(vector.nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const token = vector.omitsToken ? undefined : vector.sessionToken;
  return canonicalRequest({
    ...targetOf(vector, ""),
    method: vector.method,
    headers: canonicalHeaders([
      ...vector.headers,
      ["x-amz-date", time],
      ...(vector.signsBody ? ([["x-amz-content-sha256", payloadHash]] as const) : []),
      ...(token === undefined ? [] : ([["x-amz-security-token", token]] as const)),
    ]),
    payloadHash,
  });
}

function queryForm(vector: Vector): string {
  const time = new Date(vector.nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${vector.region}/${vector.service}/aws4_request`;
  const headers = canonicalHeaders(vector.headers);
  const token = vector.omitsToken ? undefined : vector.sessionToken;
  const parameters = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${vector.accessKeyId}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-SignedHeaders": headers.names,
    "X-Amz-Expires": String(vector.expiresSeconds),
    ...(token !== undefined && { "X-Amz-Security-Token": token }),
  });
  return canonicalRequest({
    ...targetOf(vector, parameters.toString()),
    method: vector.method,
    headers,
    payloadHash: hashPayload(Buffer.from(vector.body)),
  });
}

function targetOf({ path, isNormalized }: Vector, more: string) {
  const mark = path.indexOf("?");
  const own = mark < 0 ? "" : path.slice(mark + 1);
  return {
    path: canonicalPath(mark < 0 ? path : path.slice(0, mark), {
      isNormalized,
      isEncodedAgain: true,
    }),
    query: canonicalQuery(`${own}&${more}`),
  };
}

function seeded(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}

function word(random: (below: number) => number): string {
  const letters = "aAzZ019-._~ +/%&=;é€😀";
  const all = [...letters];
  return Array.from({ length: random(5) }, () => all[random(all.length)]).join("");
}

function escapeAll(text = ""): string {
  return [...Buffer.from(text)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`)
    .join("");
}
