/** Credentials in queries: what an agent hides is found, what it means stays byte for byte. */
import t from "tap";
import type { QueryCredential } from "./query-credential.ts";
import { injectQuery } from "./query-credential.ts";

const ours: readonly QueryCredential[] = [{ parameter: "key", value: "a+b/c=&é" }];
const written = "key=a%2Bb%2Fc%3D%26%C3%A9";

const cases: ReadonlyArray<{ name: string; path: string; wanted: string }> = [
  { name: "there is no query", path: "/v1", wanted: `/v1?${written}` },
  { name: "the query is empty", path: "/v1?", wanted: `/v1?${written}` },
  { name: "there are others", path: "/v1?a=%2f+&B;c=1", wanted: `/v1?a=%2f+&B;c=1&${written}` },
  { name: "the query ends openly", path: "/v1?a=1&", wanted: `/v1?a=1&${written}` },
  { name: "the agent sent it", path: "/v1?key=x", wanted: `/v1?${written}` },
  { name: "the agent sent it first", path: "/v1?key=x&a=1", wanted: `/v1?a=1&${written}` },
  { name: "the agent sent it last", path: "/v1?a=1&key=x", wanted: `/v1?a=1&${written}` },
  { name: "the agent sent it between", path: "/v1?a=1&key=x&b", wanted: `/v1?a=1&b&${written}` },
  { name: "it is repeated", path: "/v1?key=x&key&a&key=&key", wanted: `/v1?a&${written}` },
  { name: "it is escaped", path: "/v1?%6bey=x&k%65%79=y&%4bEY", wanted: `/v1?${written}` },
  { name: "it is in another case", path: "/v1?KEY=x&Key=y", wanted: `/v1?${written}` },
  { name: "it follows a semicolon", path: "/v1?a=1;key=x;b=2", wanted: `/v1?a=1;b=2&${written}` },
  { name: "it leads semicolons", path: "/v1?key=x;b=2", wanted: `/v1?b=2&${written}` },
  { name: "the query has a fragment", path: "/v1?a#key=x?y", wanted: `/v1?a&${written}` },
  { name: "the path has a fragment", path: "/v1#f?key=x", wanted: `/v1?${written}` },
  { name: "the path looks like a query", path: "/key=x&a", wanted: `/key=x&a?${written}` },
  { name: "another question mark follows", path: "/?a?key=x", wanted: `/?a?key=x&${written}` },
  {
    name: "a name only begins alike",
    path: "/?keys=1&xkey=2",
    wanted: `/?keys=1&xkey=2&${written}`,
  },
  { name: "an escape is escaped", path: "/?%256bey=1", wanted: `/?%256bey=1&${written}` },
  { name: "escapes are broken", path: "/?%6=1&%zzkey&%", wanted: `/?%6=1&%zzkey&%&${written}` },
  { name: "there are empty parameters", path: "/?&&key=x&&", wanted: `/?&&&${written}` },
  { name: "the target is *", path: "*", wanted: "*" },
  { name: "the target is an authority", path: "a:443", wanted: "a:443" },
];

for (const { name, path, wanted } of cases) {
  t.test(`injectQuery() writes the credential once when ${name}`, async (t) => {
    t.equal(injectQuery(path, ours), wanted);
  });
}

t.test("injectQuery() finds a name with blanks in every spelling", async (t) => {
  const credentials = [{ parameter: "api key", value: "1" }];
  t.equal(injectQuery("/?api+key=x&api%20key=y&api key=z", credentials), "/?api%20key=1");
});

t.test("injectQuery() finds a name that is not ASCII", async (t) => {
  const credentials = [{ parameter: "clé", value: "1" }];
  t.equal(injectQuery("/?clé=x&cl%c3%a9=y&cl%C3%89=z", credentials), "/?cl%C3%A9=1");
});

t.test("injectQuery() writes several in their order, the last of equal ones alone", async (t) => {
  const credentials = [
    { parameter: "a", value: "1" },
    { parameter: "b", value: "2" },
    { parameter: "A", value: "3" },
  ];
  t.equal(injectQuery("/?B=x&a=y&c", credentials), "/?c&b=2&A=3");
});

t.test("injectQuery() only drops the fragment when there are no credentials", async (t) => {
  t.equal(injectQuery("/?a=1#b", []), "/?a=1");
});

t.test("injectQuery() means to URLSearchParams what was meant, on random queries", async (t) => {
  const random = seeded(3);
  for (let round = 0; round < 5_000; round++) {
    const query = randomQuery(random);
    const target = injectQuery(`/p?${query}`, ours);
    const wanted = [...new URLSearchParams(query)].filter(([name]) => name.toLowerCase() !== "key");
    wanted.push(["key", ours[0]?.value ?? ""]);
    const read = [...new URLSearchParams(target.slice("/p?".length))];
    if (JSON.stringify(read) !== JSON.stringify(wanted)) t.fail(`${query} became ${target}`);
    const kept = query.split("&").filter((part) => /^(?:a|%|$)/i.test(part) && !isKey(part));
    for (const part of kept) if (!target.includes(part)) t.fail(`${query} lost ${part}`);
  }
});

t.test("injectQuery() leaves no second one to a server that splits at semicolons", async (t) => {
  const random = seeded(4);
  for (let round = 0; round < 5_000; round++) {
    const query = randomQuery(random).replaceAll("&", () => (random(2) === 0 ? ";" : "&"));
    const target = injectQuery(`/p?${query}`, ours);
    const names = target.slice("/p?".length).split(/[&;]/).filter(isKey);
    if (names.length !== 1) t.fail(`${query} became ${target}`);
  }
});

function isKey(parameter: string): boolean {
  const [name = ""] = new URLSearchParams(parameter).keys();
  return name.toLowerCase() === "key";
}

/** Made of pieces that are, nearly are, or are not the name. */
function randomQuery(random: (below: number) => number): string {
  const pieces = ["key", "%6bey", "K%45Y", "a", "=", "=", "%", "%2", "+", "%26", "%ff", "é", "&"];
  const separated = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]);
  return separated.join(random(2) === 0 ? "" : "&");
}

function seeded(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}
