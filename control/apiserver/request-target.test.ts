/** Tests of what paths and methods mean. */
import t from "tap";
import { isSet, readTarget } from "./request-target.ts";

t.test("readTarget() reads Kubernetes' paths", async (t) => {
  const cases: [string, string, string][] = [
    ["GET", "/api/v1/namespaces", "list /v1 namespaces '' '' ''"],
    ["GET", "/api/v1/namespaces/n", "get /v1 namespaces '' 'n' ''"],
    ["PUT", "/api/v1/namespaces/n/status", "update /v1 namespaces '' 'n' 'status'"],
    ["PUT", "/api/v1/namespaces/n/finalize", "update /v1 namespaces '' 'n' 'finalize'"],
    ["GET", "/api/v1/namespaces/n/secrets", "list /v1 secrets 'n' '' ''"],
    ["DELETE", "/api/v1/namespaces/n/secrets", "deletecollection /v1 secrets 'n' '' ''"],
    ["DELETE", "/api/v1/namespaces/n/secrets/s", "delete /v1 secrets 'n' 's' ''"],
    ["GET", "/api/v1/secrets?watch=true", "watch /v1 secrets '' '' ''"],
    ["GET", "/apis/g.x/v2/backends", "list g.x/v2 backends '' '' ''"],
    ["GET", "/apis/g.x/v2/namespaces/n/backends/b?watch=1", "watch g.x/v2 backends 'n' 'b' ''"],
    [
      "PATCH",
      "/apis/g.x/v2/namespaces/n/backends/b/status",
      "patch g.x/v2 backends 'n' 'b' 'status'",
    ],
    ["POST", "/apis/g.x/v2/namespaces/n/backends/", "create g.x/v2 backends 'n' '' ''"],
  ];
  for (const [method, url, wanted] of cases) {
    const target = readTarget(method, url);
    if (target.kind !== "resource") t.fail(url);
    else {
      const { verb, group, version, plural, namespace, name, subresource } = target;
      t.equal(
        `${verb} ${group}/${version} ${plural} '${namespace}' '${name}' '${subresource}'`,
        wanted,
        url,
      );
    }
  }
});

t.test("readTarget() leaves the rest as paths", async (t) => {
  for (const url of [
    "/",
    "/api",
    "/apis",
    "/apis/g.x",
    "/apis/g.x/v1",
    "/api/v1",
    "/livez?x=1",
    "/openapi/v3/apis/g/v",
    "/apis/g/v/a/b/c/d/e/f",
  ]) {
    t.match(readTarget("GET", url), { kind: "path", method: "GET" }, url);
  }
  t.match(readTarget("GET", "/livez/"), { path: "/livez" });
});

t.test("readTarget() refuses what is malformed", async (t) => {
  for (const url of [
    "/api/v1/namespaces/a%2fb",
    "/api/v1/%zz",
    "/api/v1/a%00",
    `/${"x".repeat(20_000)}`,
  ]) {
    t.throws(() => readTarget("GET", url), { code: 400 }, url.slice(0, 40));
  }
  t.throws(() => readTarget("BREW", "/api/v1/pots"), { code: 400, message: /BREW/ });
});

t.test("isSet() reads booleans", async (t) => {
  const query = new URLSearchParams("a=1&b=true&c=TRUE&d=0&e=false&f=");
  t.same(
    ["a", "b", "c", "d", "e", "f", "g"].filter((name) => isSet(query, name)),
    ["a", "b", "c"],
  );
});
