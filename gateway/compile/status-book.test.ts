/** What statuses say when nothing, something, or several things were found. */
import t from "tap";
import { kindExample } from "../../crds/kind-examples.ts";
import { parseAnyObject } from "../../crds/kinds.ts";
import { indexObjects } from "./object-index.ts";
import { StatusBook, accepted } from "./status-book.ts";
import type { Finding } from "./status-book.ts";
import {
  backend,
  gateway,
  headerCredential,
  httpRoute,
  secret,
  target,
} from "./testdata/objects.ts";

const route = httpRoute("r", ["a.example"]);
const policy = headerCredential("p", [target("EgressHTTPRoute", "r")]);
const parent = { kind: "EgressGateway", namespace: "default", name: "egress" };
const elsewhere = { ...parent, name: "other", sectionName: "tls" };
const missing: Finding<"Accepted"> = { reason: "NoMatchingParent", message: "it is missing" };
const unenforced: Finding<"Accepted"> = { reason: "NotEnforced", message: "a field" };

function reasons(book: StatusBook, object = route): string[] {
  const [status] = book.build(indexObjects([object]));
  return (status?.conditions ?? []).map(
    ({ type, status: is, reason }) => `${type} ${is} ${reason}`,
  );
}

t.test("build() says that an object without findings is fine", async (t) => {
  const [status] = new StatusBook().build(indexObjects([route]));
  t.same(status, {
    ref: { kind: "EgressHTTPRoute", namespace: "default", name: "r" },
    conditions: [
      { type: "Accepted", status: "True", reason: "Accepted", message: "Valid" },
      {
        type: "ResolvedRefs",
        status: "True",
        reason: "ResolvedRefs",
        message: "Every reference was found",
      },
    ],
    problems: [],
  });
});

t.test(
  "build() gives ResolvedRefs only to kinds that name others, and nothing to a Secret",
  async (t) => {
    t.same(reasons(new StatusBook(), backend("b", "b.example")), ["Accepted True Accepted"]);
    t.same(reasons(new StatusBook(), secret("s", {})), []);
    t.equal(reasons(new StatusBook(), gateway()).length, 2);
  },
);

t.test("reject() keeps the first finding and turns the others into problems", async (t) => {
  const book = new StatusBook();
  book.reject(route, unenforced);
  book.reject(route, { reason: "InvalidSpec", message: "another field" });
  book.reportUnresolved(route, { reason: "BackendNotFound", message: "first" });
  book.reportUnresolved(route, { reason: "SecretNotFound", message: "second" });
  t.same(reasons(book), ["Accepted False NotEnforced", "ResolvedRefs False BackendNotFound"]);
  t.same(book.build(indexObjects([route]))[0]?.problems, ["another field", "second"]);
});

t.test("reportParent() leaves a route accepted while one parent takes it", async (t) => {
  const book = new StatusBook();
  book.reportParent(route, elsewhere, missing);
  book.reportParent(route, parent, accepted);
  t.same(reasons(book)[0], "Accepted True Accepted");
  const [status] = book.build(indexObjects([route]));
  t.same(
    status?.parents?.map((entry) => [entry.parent, entry.conditions[0]?.reason]),
    [
      [elsewhere, "NoMatchingParent"],
      [parent, "Accepted"],
    ],
  );
});

t.test("reportParent() rejects a route that no parent takes", async (t) => {
  const book = new StatusBook();
  book.reportParent(route, elsewhere, missing);
  book.reject(route, unenforced);
  t.same(reasons(book)[0], "Accepted False NoMatchingParent");
});

t.test("reportParent() rejects a policy as soon as one target fails", async (t) => {
  const book = new StatusBook();
  book.reportParent(policy, parent, accepted);
  book.reportParent(policy, elsewhere, { reason: "Conflicted", message: "another is first" });
  t.same(reasons(book, policy)[0], "Accepted False Conflicted");
});

t.test("reportParent() passes an object's own finding on to parents that take it", async (t) => {
  const book = new StatusBook();
  book.reportParent(route, parent, accepted);
  book.reject(route, unenforced);
  const [status] = book.build(indexObjects([route]));
  t.equal(status?.parents?.[0]?.conditions[0]?.reason, "NotEnforced");
});

t.test("reportParent() says Unknown for what is pending", async (t) => {
  const book = new StatusBook();
  book.reportParent(policy, parent, { reason: "Pending", message: "later" });
  t.same(reasons(book, policy)[0], "Accepted Unknown Pending");
});

t.test("note() keeps each sentence once", async (t) => {
  const book = new StatusBook();
  book.note(route, "one");
  book.note(route, "two");
  book.note(route, "one");
  t.same(book.build(indexObjects([route]))[0]?.problems, ["one", "two"]);
});

t.test("build() tells of objects with the same name", async (t) => {
  const twins = indexObjects([route, httpRoute("r", ["b.example"])]);
  const [status, ...others] = new StatusBook().build(twins);
  t.same(others, []);
  t.same(status?.problems, ["2 objects are EgressHTTPRoute default/r: only one of them is used"]);
});

t.test("build() repeats the generation that was looked at", async (t) => {
  const object = { ...route, metadata: { ...route.metadata, generation: 7 } };
  const [status] = new StatusBook().build(indexObjects([object]));
  t.same(
    status?.conditions.map(({ observedGeneration }) => observedGeneration),
    [7, 7],
  );
});

t.test("reportAttachedRoutes() adds the counts of listeners", async (t) => {
  const book = new StatusBook();
  book.reportAttachedRoutes(gateway(), [{ listener: "tls", count: 2 }]);
  const [status] = book.build(indexObjects([gateway()]));
  t.same(status?.attachedRoutes, [{ listener: "tls", count: 2 }]);
});

t.test("build() gives no condition to what this process does not use, and says so", async (t) => {
  const agent = parseAnyObject(kindExample("TaskAgent"));
  if (agent.kind === "invalid") throw new Error("Cannot read the example of a TaskAgent");
  const [status] = new StatusBook().build(indexObjects([agent.object]));
  t.same(status, {
    ref: { kind: "TaskAgent", namespace: "default", name: "sample" },
    conditions: [],
    problems: ["TaskAgent is not used by this process: workers run agents"],
  });
});
