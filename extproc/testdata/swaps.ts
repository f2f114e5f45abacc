/** Swap plans and entries for tests: a value with its placeholder, as `createPlaceholder()` would make it. */
import type { CredentialUse, PlaceholderPlace, SwapPlan } from "../../gateway/snapshot.ts";
import type { SwapEntry } from "../swap-entry.ts";
import { createSwapEntry } from "../swap-entry.ts";
import { resourceOf } from "./snapshots.ts";

/** What all placeholders hold. */
export const tag = "0a1b2c3d4e5f";

/** The value of Secret `keyed`, and its placeholder. */
export const value = "mk-7Hd8sK2lQ9pZ4xV6bN1mC3wE5rT0yU";
export const placeholder = `mk-${tag}QwErTyUiOpAsDfGhJk`;

/** Another placeholder of the same home. */
export const foreign = `xk-${tag}zZyYxXwWvVuU`;

const policy = { kind: "CredentialInjectionPolicy", namespace: "default", name: "keyed" };
const secret = {
  secret: { kind: "Secret", namespace: "default", name: "keyed" },
  resource: resourceOf("keyed"),
};

/** The use of the placeholder in these places. */
export function placeholderUse(
  places: readonly PlaceholderPlace[] = ["Header", "BasicAuth", "Query", "Path", "Body"],
): Extract<CredentialUse, { kind: "placeholder" }> {
  return { kind: "placeholder", policy, secret, placeholder: "placeholder/keyed", places };
}

/** A plan that swaps the placeholder everywhere and looks at no answer, changed as told. */
export function swapPlan(changes: Partial<SwapPlan> = {}): SwapPlan {
  return {
    id: "00000000000000aa",
    gateway: "default/egress",
    placeholders: [placeholderUse()],
    scrubs: [],
    tag,
    ...changes,
  };
}

/** The plan with its values; those that came before, the newest first. */
export function swapEntry(plan: SwapPlan = swapPlan(), before: readonly string[] = []): SwapEntry {
  const newest = new Map([
    [secret.resource, value],
    ["placeholder/keyed", placeholder],
  ]);
  return createSwapEntry(plan, {
    newest,
    every: (name) => [newest.get(name) ?? "", ...before].filter((text) => text !== ""),
  });
}

/** The plan before its value has arrived. */
export function lackingEntry(plan: SwapPlan = swapPlan()): SwapEntry {
  const newest = new Map([["placeholder/keyed", placeholder]]);
  return createSwapEntry(plan, { newest, every: () => [] });
}
