/** Tests that TLV types and the order of a caller's parts stay what workers and records agree on. */
import t from "tap";
import { callerParts } from "../caller-parts.ts";
import { FILTER_STATE } from "./filter-state.ts";
import { IDENTITY_TLV, identityTlvRules, transparentStates } from "./identity-states.ts";

t.test("IDENTITY_TLV stays within the types for custom use", async (t) => {
  const types = Object.values(IDENTITY_TLV);
  t.same(types, [0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe8]);
});

t.test("identityTlvRules() keeps every TLV under its name", async (t) => {
  const rules = identityTlvRules();
  t.same(
    rules.map(({ tlvType, onTlvPresent }) => [tlvType, onTlvPresent?.key]),
    Object.entries(IDENTITY_TLV).map(([key, type]) => [type, key]),
  );
  t.equal(new Set(rules.map(({ onTlvPresent }) => onTlvPresent?.metadataNamespace)).size, 1);
});

t.test("transparentStates() joins the parts of the caller in their order", async (t) => {
  const caller = transparentStates().find(({ objectKey }) => objectKey === FILTER_STATE.caller);
  const format = caller?.formatString?.textFormatSource?.inlineString ?? "";
  const parts = format.split("\u001f").map((part) => /:(\w+)\)%$/.exec(part)?.[1]);
  t.same(parts, [...callerParts]);
});

t.test(
  "transparentStates() takes the dialled name from its TLV for rules and for dialling",
  async (t) => {
    const states = new Map(
      transparentStates().map(({ objectKey, formatString }) => [
        objectKey,
        formatString?.textFormatSource?.inlineString,
      ]),
    );
    t.equal(states.get(FILTER_STATE.dialledHost), "%DYNAMIC_METADATA(clrk.apoxy.dev:dialledHost)%");
    t.equal(states.get("envoy.upstream.dynamic_host"), states.get(FILTER_STATE.dialledHost));
    t.equal(states.get(FILTER_STATE.port), "%DOWNSTREAM_LOCAL_PORT%");
  },
);
