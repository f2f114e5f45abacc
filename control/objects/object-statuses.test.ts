/** Tests of what reports make of `status`. */
import t from "tap";
import type { ReportedObject } from "../../gateway/object-report.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { gatewayControllerName, statusOf } from "./object-statuses.ts";

const [earlier, later] = ["2026-11-29T00:00:00Z", "2026-11-29T01:00:00Z"];

function stored(kind: string, more: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: "clrk.apoxy.dev/v1alpha1", kind, metadata: { name: "a" }, ...more };
}

function reported(kind: string, more: Partial<ReportedObject> = {}): ReportedObject {
  return { ref: { kind, namespace: "default", name: "a" }, conditions: [], problems: [], ...more };
}

const accepted = {
  type: "Accepted",
  status: "True",
  reason: "Accepted",
  message: "Valid",
  observedGeneration: 1,
} as const;
const refused = { ...accepted, status: "False", reason: "InvalidSpec", message: "No" } as const;

t.test("statusOf() keeps the time of a condition until its status changes", async (t) => {
  const first = statusOf(
    stored("Backend"),
    reported("Backend", { conditions: [accepted] }),
    earlier,
  );
  t.strictSame(first, { conditions: [{ ...accepted, lastTransitionTime: earlier }] });
  const newer = { ...accepted, observedGeneration: 2 };
  const same = statusOf(
    stored("Backend", { status: first }),
    reported("Backend", { conditions: [newer] }),
    later,
  );
  t.strictSame(same, { conditions: [{ ...newer, lastTransitionTime: earlier }] });
  const changed = statusOf(
    stored("Backend", { status: first }),
    reported("Backend", { conditions: [refused] }),
    later,
  );
  t.strictSame(changed, { conditions: [{ ...refused, lastTransitionTime: later }] });
});

t.test(
  "statusOf() drops conditions that are reported no more, and keeps what others wrote",
  async (t) => {
    const status = {
      conditions: [{ ...accepted, type: "Enforcing", lastTransitionTime: earlier }],
      note: "of somebody else",
    };
    const next = statusOf(
      stored("Backend", { status }),
      reported("Backend", { conditions: [accepted] }),
      later,
    );
    t.strictSame(next, {
      conditions: [{ ...accepted, lastTransitionTime: later }],
      note: "of somebody else",
    });
  },
);

const parent = {
  kind: "EgressGateway",
  namespace: "default",
  name: "egress",
  sectionName: "https",
};

t.test("statusOf() leaves conditions of others, and takes its own away", async (t) => {
  const foreign = { ...accepted, type: "Audited", lastTransitionTime: earlier };
  const old = { ...accepted, type: "Enforcing", lastTransitionTime: earlier };
  const object = stored("Backend", { status: { conditions: [foreign, old] } });
  const { conditions } = statusOf(
    object,
    reported("Backend", { conditions: [accepted] }),
    later,
  ) as {
    conditions: readonly { readonly type: string }[];
  };
  t.strictSame(
    conditions.map(({ type }) => type),
    ["Audited", "Accepted"],
  );
});

t.test("statusOf() has an entry for each parent of a route, beside those of others", async (t) => {
  const foreign = { parentRef: { name: "x" }, controllerName: "example.com/other", conditions: [] };
  const status = { parents: [foreign] };
  const report = reported("MCPRoute", { parents: [{ parent, conditions: [accepted] }] });
  const first = statusOf(stored("MCPRoute", { status }), report, earlier);
  const parentRef = { group: "clrk.apoxy.dev", ...parent };
  const own = {
    parentRef,
    controllerName: gatewayControllerName,
    conditions: [{ ...accepted, lastTransitionTime: earlier }],
  };
  t.match(first, { parents: [foreign, own] });
  const again = statusOf(stored("MCPRoute", { status: first }), report, later);
  t.strictSame(again, first, "the same parent is known again");
  t.strictSame(
    statusOf(stored("MCPRoute", { status: again }), reported("MCPRoute"), later),
    status,
  );
});

t.test("statusOf() has an ancestor for each target of a policy, at most 16", async (t) => {
  const parents = Array.from({ length: 40 }, (_, index) => ({
    parent: { kind: "MCPRoute", namespace: "default", name: `r${29 - (index % 20)}` },
    conditions: [accepted],
  }));
  const kind = "EgressDenyPolicy";
  const status = statusOf(stored(kind), reported(kind, { parents }), earlier);
  const { ancestors } = status as { ancestors: readonly object[] };
  t.equal(ancestors.length, 16);
  t.match(ancestors[0], {
    ancestorRef: { group: "clrk.apoxy.dev", kind: "MCPRoute", name: "r10" },
    conditions: [{ type: "Accepted" }],
  });
  const names = ancestors.map((one) => JSON.stringify(Reflect.get(one, "ancestorRef")));
  t.strictSame(names, [...new Set(names)].toSorted(), "each once, in an order that stays");
});

t.test("statusOf() tells of each listener of an EgressGateway", async (t) => {
  const kind = "EgressGateway";
  const object = stored(kind, { spec: { listeners: [{ name: "https" }, { name: "tcp" }] } });
  const listeners = [{ name: "https", attachedRoutes: 2, address: "127.0.0.1:15001" }];
  const attachedRoutes = [{ listener: "tcp", count: 1 }];
  t.strictSame(statusOf(object, reported(kind, { listeners, attachedRoutes }), earlier), {
    conditions: [],
    listenerCount: 2,
    listeners: [
      { name: "https", port: 15_001, backendAddress: "127.0.0.1:15001", attachedRoutes: 2 },
      { name: "tcp", attachedRoutes: 1 },
    ],
  });
});
