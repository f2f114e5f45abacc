/** Tests of what callers ask about themselves, over HTTP. */
import t from "tap";
import { startApi } from "./testdata/api-rig.ts";

const authorization = "/apis/authorization.k8s.io/v1";

const review = (kind: string, spec: object) => ({
  apiVersion: "authorization.k8s.io/v1",
  kind,
  spec,
});

t.test("everybody learns who it is and what it may", async (t) => {
  const api = await startApi(t);
  for (const [token, name] of [
    ["admin-token", "admin"],
    ["viewer-token", "viewer"],
  ] as const) {
    const who = await api.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      token,
      body: {},
    });
    t.match(who, {
      status: 201,
      body: {
        kind: "SelfSubjectReview",
        status: { userInfo: { username: name, groups: [`clrk:${name}`] } },
      },
    });
    const may = async (resourceAttributes: object) => {
      const body = review("SelfSubjectAccessReview", { resourceAttributes });
      const answer = await api.send("POST", `${authorization}/selfsubjectaccessreviews`, {
        token,
        body,
      });
      return answer.body.status.allowed;
    };
    const isAdmin = name === "admin";
    t.equal(await may({ verb: "get", resource: "backends", group: "clrk.apoxy.dev" }), true);
    t.equal(await may({ verb: "get", resource: "secrets" }), isAdmin);
    t.equal(await may({ verb: "create", resource: "backends" }), isAdmin);
    t.equal(await may({ verb: "get", resource: "taskagents", subresource: "traces" }), isAdmin);
    t.equal(await may({ verb: "*", resource: "*" }), isAdmin);
  }
});

t.test("rules list what a role has", async (t) => {
  const api = await startApi(t);
  const body = review("SelfSubjectRulesReview", { namespace: "default" });
  const rules = async (token: string) => {
    const answer = await api.send("POST", `${authorization}/selfsubjectrulesreviews`, {
      token,
      body,
    });
    return answer.body.status;
  };
  t.match(await rules("admin-token"), {
    resourceRules: [{ verbs: ["*"], resources: ["*"] }],
    incomplete: false,
  });
  const viewer = await rules("viewer-token");
  t.notMatch(JSON.stringify(viewer), /secrets/);
  t.match(viewer.resourceRules[0], { verbs: ["get", "list", "watch"], apiGroups: [""] });
});

t.test("a review that asks nothing, or is read instead of asked, is refused", async (t) => {
  const api = await startApi(t);
  const path = `${authorization}/selfsubjectaccessreviews`;
  t.equal((await api.send("POST", path, { body: {} })).status, 400);
  t.equal((await api.send("GET", path)).status, 405);
  t.equal((await api.send("POST", path, { body: {}, token: null })).status, 401);
  const nonResource = review("SelfSubjectAccessReview", {
    nonResourceAttributes: { path: "/version", verb: "get" },
  });
  t.equal((await api.send("POST", path, { body: nonResource })).body.status.allowed, true);
});

t.test("a question is short, and no YAML", async (t) => {
  const api = await startApi(t);
  const path = `${authorization}/selfsubjectaccessreviews`;
  const token = "viewer-token";
  const attributes = { verb: "get", resource: "backends", name: "x".repeat(64 * 1024) };
  const large = review("SelfSubjectAccessReview", { resourceAttributes: attributes });
  t.equal((await api.send("POST", path, { token, body: large })).status, 413);
  for (const type of ["application/yaml", "text/yaml"]) {
    t.match(await api.send("POST", path, { token, type, raw: "a: 1" }), {
      status: 415,
      body: { message: /application\/json, application\/vnd\.kubernetes\.protobuf$/ },
    });
  }
});
