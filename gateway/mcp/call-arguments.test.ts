/** Values that paths lead to, and what could be read in two ways. */
import t from "tap";
import { parseArgumentPath } from "../../crds/argument-path.ts";
import { CallArguments } from "./call-arguments.ts";

function find(json: string | undefined, path: string) {
  const body = Buffer.from(json ?? "");
  const range = json === undefined ? undefined : { start: 0, end: body.length };
  return new CallArguments(body, range).find(parseArgumentPath(path));
}

const text = (value: string) => ({ kind: "text", text: value });

t.test("find() finds the values of a path", async (test) => {
  const json =
    '{"a":{"b":"x\\u0061","n":1.50},"l":[{"k":true},{"k":null},{}],"e":[],"o":{},"d":[[1],[2]]}';
  test.same(find(json, "a.b"), [text("xa")]);
  test.same(find(json, "a.n"), [{ kind: "number", text: "1.50" }]);
  test.same(find(json, "a.x"), [{ kind: "missing" }]);
  test.same(find(json, "x.y.z"), [{ kind: "missing" }]);
  test.same(find(json, "a"), [{ kind: "object" }]);
  test.same(find(json, "l"), [{ kind: "list" }]);
  test.same(find(json, "l[*].k"), [
    { kind: "boolean", text: "true" },
    { kind: "null" },
    { kind: "missing" },
  ]);
  test.same(find(json, "e[*]"), [{ kind: "missing" }]);
  test.same(find(json, "d[*][*]"), [
    { kind: "number", text: "1" },
    { kind: "number", text: "2" },
  ]);
  test.same(find(undefined, "a"), [{ kind: "missing" }]);
});

t.test("find() goes astray where the path finds no object or list", async (test) => {
  const astray = [{ kind: "astray" }];
  for (const [json, path] of [
    ['{"a":"text"}', "a.b"],
    ['{"a":[{"b":1}]}', "a.b"],
    ['{"a":null}', "a.b"],
    ['{"a":{"b":1}}', "a[*]"],
    ['"{\\"a\\":1}"', "a"],
    ["[1]", "a"],
    ['{"a":"\\ud800"}', "a"],
    [`{"a":[${Array.from({ length: 1_025 }, () => "1").join(",")}]}`, "a[*]"],
  ] as const) {
    test.same(find(json, path), astray, `${json.slice(0, 30)} ${path}`);
  }
});

t.test("find() tells that too many elements are behind nested lists", async (test) => {
  const row = `[${Array.from({ length: 100 }, () => "1").join(",")}]`;
  const found = find(`{"a":[${Array.from({ length: 100 }, () => row).join(",")}]}`, "a[*][*]");
  test.ok(found.some(({ kind }) => kind === "astray"));
  test.ok(found.length < 1_200, `${found.length} values`);
});

t.test("find() refuses keys of the path that come twice or in another case", async (test) => {
  const ambiguous = [{ kind: "ambiguous" }];
  for (const json of [
    '{"repo":"a","repo":"b"}',
    '{"repo":"a","REPO":"b"}',
    '{"Repo":"a"}',
    '{"r\\u0065po":"a","repo":"b"}',
    '{"x":1,"x":2,"repo":"a"}',
  ]) {
    test.same(find(json, "repo"), ambiguous, json);
  }
  test.same(find('{"\\u017fecret":1}', "secret"), ambiguous, "a long s");
  test.same(find('{"r\\u0065po":"a","inner":{"Repo":1,"repo":2}}', "repo"), [text("a")]);
  test.same(find('{"a":{"Repo":1}}', "a.repo"), ambiguous);
});

t.test("spend() ends after what one body is worth", async (test) => {
  const called = new CallArguments(Buffer.alloc(0), undefined);
  test.ok(called.spend(200_000));
  test.notOk(called.spend(100_000));
});
