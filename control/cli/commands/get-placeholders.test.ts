/** What `clrk get placeholders` prints. */
import t from "tap";
import { formatPlaceholders } from "./get-placeholders.ts";

const items = [
  { namespace: "default", name: "openai", key: "token", placeholder: "sk-1", policies: ["a", "b"] },
  { namespace: "team", name: "other", key: "k", placeholder: "ghp_2", policies: ["c"] },
];
const all = { name: undefined, output: undefined };

t.test("formatPlaceholders() prints a table of all or of one Secret", async (t) => {
  const table = formatPlaceholders(items, all);
  t.match(table, /^NAMESPACE +SECRET +KEY +PLACEHOLDER +POLICIES\n/);
  t.match(table, /\ndefault +openai +token +sk-1 +a,b\n/);
  t.notMatch(formatPlaceholders(items, { ...all, name: "openai" }), /ghp_2/);
  t.equal(formatPlaceholders([], all), "No rule takes a placeholder\n");
});

t.test("formatPlaceholders() prints JSON, and no YAML", async (t) => {
  t.same(JSON.parse(formatPlaceholders(items, { ...all, output: "json" })), { items });
  t.throws(() => formatPlaceholders(items, { ...all, output: "yaml" }), {
    message: "Cannot write placeholders as YAML: use -o json",
  });
});

t.test("formatPlaceholders() says that a Secret has none", async (t) => {
  t.throws(() => formatPlaceholders(items, { ...all, name: "x" }), {
    message:
      'Cannot find placeholder of Secret "x": no rule takes one\nSee all: clrk get placeholders',
  });
});
