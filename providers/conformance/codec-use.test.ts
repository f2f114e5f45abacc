import t from "tap";
import { codecUses, frozen, judgeUses, pathOf, wireRequest, wireResponse } from "./codec-use.ts";
import { allBut, mirrorChat, mirrorProvider } from "./testdata/mirror-provider.ts";

const provider = mirrorProvider();
const [use] = codecUses(provider);
if (use === undefined) throw new Error("Cannot test: the mirror has no codec");
const { api: _, ...unserved } = use;

t.test("codecUses() finds what is declared of each codec", async (t) => {
  const uses = codecUses(provider);
  t.same(
    uses.map(({ codec, operations, api }) => [codec.name, operations.length, api?.codec.name]),
    [
      ["mirror-chat", 1, "mirror-chat"],
      ["mirror-count", 0, "mirror-count"],
      ["mirror-embeddings", 0, "mirror-embeddings"],
    ],
  );
});

t.test("pathOf() is the served path, else one that agents call", async (t) => {
  t.equal(pathOf(use, { model: "m", stream: true }), "/chat");
  const paths = ["/{model}:generate", "/{model}:streamGenerate"];
  const operations = [{ ...use.operations[0], paths }] as typeof use.operations;
  const called = { ...unserved, api: undefined, operations };
  t.equal(pathOf(called, { model: "a/b", stream: false }), "/a%2Fb:generate");
  t.equal(pathOf(called, { model: "m", stream: true }), "/m:streamGenerate");
  t.equal(pathOf({ ...called, operations: [] }, { model: "m", stream: true }), "/");
});

t.test("wireRequest() names the model that the path names", async (t) => {
  const body = Buffer.from("{}");
  const inBody = wireRequest(use, { model: "m", stream: false }, body);
  t.equal(inBody.pathModel, null);
  t.equal(inBody.header("content-type"), "application/json");
  t.equal(inBody.header("accept"), undefined);
  inBody.body.fill(0);
  t.equal(body.toString(), "{}", "the body is a copy");
  const operations = use.operations.map((one) => ({ ...one, paths: ["/models/{model}/chat"] }));
  const inPath = { ...unserved, api: undefined, operations, provider: { ...provider, operations } };
  t.equal(wireRequest(inPath, { model: "a b", stream: false }, "{}").pathModel, "a b");
  const unread = { ...use, provider: { ...provider, operations: [] } };
  t.equal(wireRequest(unread, { model: "m", stream: false }, "{}").pathModel, null);
  if (use.api === undefined) return;
  const named = { ...unread, api: { ...use.api, modelIn: "path" as const } };
  t.equal(wireRequest(named, { model: "m", stream: false }, "{}").pathModel, "m");
});

t.test("wireResponse() has the media type", async (t) => {
  const wire = wireResponse({ contentType: "text/plain", body: "x" }, 429);
  t.equal(wire.status, 429);
  t.equal(wire.header("content-type"), "text/plain");
  t.equal(wire.header("x"), undefined);
});

t.test("judgeUses() refuses what would change the answer, and drops the rest", async (t) => {
  const poor = { ...use, codec: { ...mirrorChat, expresses: allBut("tools", "seed") } };
  t.ok(judgeUses(poor, [{ feature: "tools", at: "" }]).isRefused);
  t.notOk(judgeUses(poor, [{ feature: "seed", at: "" }]).isRefused);
  t.notOk(judgeUses(poor, []).keeps("seed"));
  t.ok(judgeUses(poor, []).keeps("stop"));
});

t.test("frozen() freezes all that is inside", async (t) => {
  const value = frozen({ a: [{ b: 1 }], c: null });
  t.throws(() => Reflect.apply(Array.prototype.push, value.a, [1]), TypeError);
  t.ok(Object.isFrozen(value.a[0]));
  t.equal(frozen("x"), "x");
});
