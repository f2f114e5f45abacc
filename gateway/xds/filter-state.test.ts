/** Tests the filter state that facts of a connection travel in: how it is set, how far it is seen, who is identified. */
import t from "tap";
import { identitySeparator } from "../caller-parts.ts";
import {
  ENVOY_FILTER_STATE,
  FILTER_STATE,
  filterStateFormat,
  identifiedPattern,
  quotedFilterStateFormat,
  setFilterState,
} from "./filter-state.ts";

t.test(
  "setFilterState() stays on the connection and makes its values poolable by hash",
  async (t) => {
    t.same(setFilterState(FILTER_STATE.caller, "run:%REQ(X)%"), {
      objectKey: "clrk.caller",
      factoryKey: "envoy.hashable_string",
      formatString: { textFormatSource: { inlineString: "run:%REQ(X)%" }, omitEmptyValues: true },
      skipIfEmpty: true,
    });
  },
);

t.test("setFilterState() shares with connections inside Envoy where asked", async (t) => {
  t.equal(setFilterState(FILTER_STATE.port, "443", "transitive").sharedWithUpstream, 2);
  t.notOk("sharedWithUpstream" in setFilterState(FILTER_STATE.port, "443"));
});

t.test("setFilterState() uses Envoy's own factory for Envoy's keys", async (t) => {
  t.notOk("factoryKey" in setFilterState(ENVOY_FILTER_STATE.dynamicHost, "a"));
});

t.test("setFilterState() writes - for absent values of what expressions read", async (t) => {
  for (const key of ["host", "hostPort", "portSuffix", "dialled"] as const) {
    t.equal(setFilterState(FILTER_STATE[key], "x").formatString?.omitEmptyValues, false, key);
  }
  t.equal(setFilterState(FILTER_STATE.dialledHost, "x").formatString?.omitEmptyValues, true);
});

t.test("quotedFilterStateFormat() reads a key as JSON", async (t) => {
  t.equal(quotedFilterStateFormat(FILTER_STATE.caller), "%FILTER_STATE(clrk.caller:TYPED)%");
});

t.test("filterStateFormat() reads a key as plain text", async (t) => {
  t.equal(filterStateFormat(FILTER_STATE.dialledHost), "%FILTER_STATE(clrk.dialled_host:PLAIN)%");
});

const join = (...parts: string[]) => parts.join(identitySeparator);
const callers: readonly {
  readonly name: string;
  readonly caller: string;
  readonly fits: boolean;
}[] = [
  { name: "a run", caller: "run:run-0a1b2c3d4e5f", fits: true },
  { name: "an agent", caller: join("TaskAgent", "default", "a", "u", "r", "i"), fits: true },
  { name: "the kind as a byte", caller: join("\u0001", "default", "a", "", "", ""), fits: true },
  { name: "an absent run", caller: "run:-", fits: false },
  { name: "a run with a separator", caller: join("run:x", "", "", "", "", ""), fits: false },
  { name: "too few parts", caller: join("TaskAgent", "default", "a"), fits: false },
  {
    name: "too many parts",
    caller: join("TaskAgent", "default", "a", "", "", "", ""),
    fits: false,
  },
  {
    name: "a line feed in a part",
    caller: join("TaskAgent", "default", "a", "\n", "", ""),
    fits: false,
  },
];

for (const { name, caller, fits } of callers) {
  t.test(`identifiedPattern ${fits ? "fits" : "rejects"} ${name}`, async (t) => {
    t.equal(new RegExp(`^(?:${identifiedPattern})$`).test(caller), fits);
  });
}
