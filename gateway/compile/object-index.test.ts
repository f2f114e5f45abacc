/** Order of precedence, look-ups, and objects of one name. */
import t from "tap";
import { compareNames, indexObjects, objectKey } from "./object-index.ts";
import { gateway, httpRoute, object, secret } from "./testdata/objects.ts";

const route = httpRoute("b", ["b.example"]);
const other = httpRoute("team/a", ["a.example"]);

t.test("indexObjects() lists by namespace, name and kind whatever the order given", async (t) => {
  const objects = [other, route, secret("b", {}), gateway(), httpRoute("a", ["a.example"])];
  const expected = [
    "EgressHTTPRoute default/a",
    "EgressHTTPRoute default/b",
    "Secret default/b",
    "EgressGateway default/egress",
    "EgressHTTPRoute team/a",
  ];
  t.same(indexObjects(objects).all.map(objectKey), expected);
  t.same(indexObjects(objects.toReversed()).all.map(objectKey), expected);
});

t.test("list() gives one kind in precedence", async (t) => {
  const index = indexObjects([other, gateway(), route]);
  t.same(index.list("EgressHTTPRoute").map(objectKey), [
    "EgressHTTPRoute default/b",
    "EgressHTTPRoute team/a",
  ]);
  t.same(index.list("MCPRoute"), []);
});

t.test("find() tells kinds and namespaces apart", async (t) => {
  const index = indexObjects([route, secret("b", {})]);
  t.equal(index.find("EgressHTTPRoute", "default", "b"), route);
  t.equal(index.find("Secret", "default", "b")?.kind, "Secret");
  t.equal(index.find("EgressHTTPRoute", "team", "b"), undefined);
  t.equal(index.find("EgressGateway", "default", "b"), undefined);
});

t.test("find() takes names from outside as they are", async (t) => {
  const index = indexObjects([
    object("Backend", "constructor", { upstream: { host: "h.example" } }),
  ]);
  t.equal(index.find("Backend", "default", "constructor")?.metadata.name, "constructor");
  t.equal(index.find("Backend", "default", "toString"), undefined);
});

t.test("indexObjects() keeps the same one of several with one name, and counts them", async (t) => {
  const twins = ["z", "y", "x"].map((label) => httpRoute("b", [`${label}.example`]));
  const index = indexObjects([...twins, other]);
  const reversed = indexObjects([other, ...twins.toReversed()]);
  t.same([...index.duplicates], [["EgressHTTPRoute default/b", 3]]);
  t.same([...reversed.duplicates], [...index.duplicates]);
  t.equal(index.all.length, 2);
  t.same(index.all, reversed.all);
});

t.test("compareNames() compares namespace before name before kind", async (t) => {
  const name = (text: string) => {
    const [kind = "", namespace = "", last = ""] = text.split("/");
    return { kind, namespace, name: last };
  };
  const sorted = ["B/a/a", "A/a/b", "A/b/a", "B/b/a"];
  t.same(sorted.toReversed().map(name).toSorted(compareNames), sorted.map(name));
  t.equal(compareNames(name("A/a/a"), name("A/a/a")), 0);
});
