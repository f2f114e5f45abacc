/**
 * Objects of files that a rollout changed for good: a file that says what it said then loses, so that a restart does
 * not take the rollout back; one that was written since then wins.
 */
import { parseAnyObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { SourcedObject } from "../../gateway/manifests.ts";
import { hashWritten } from "../objects/manifest-applier.ts";
import type { Rollout } from "./rollout.ts";

/** What rollouts left. */
export class PromotedObjects {
  readonly #items: () => readonly Rollout[];
  /** The same object each time, by which it is known that nothing changed */
  readonly #forms = new WeakMap<
    SourcedObject,
    { readonly of: unknown; readonly form: SourcedObject }
  >();

  /** Takes rollouts, newest first. */
  constructor(items: () => readonly Rollout[]) {
    this.#items = items;
  }

  /** The form of an object of a file that is to be applied: a promoted one, or its own. */
  formOf(sourced: SourcedObject): SourcedObject {
    const after = this.#find(sourced);
    if (after === undefined) return sourced;
    const known = this.#forms.get(sourced);
    if (known?.of === after) return known.form;
    const parsed = parseAnyObject(after);
    if (parsed.kind !== "valid") return sourced;
    const form = { ...sourced, object: parsed.object, written: () => after };
    this.#forms.set(sourced, { of: after, form });
    return form;
  }

  #find(sourced: SourcedObject): unknown {
    const name = formatReference(referenceOf(sourced.object));
    for (const { phase, changes } of this.#items()) {
      if (phase !== "promoted" && phase !== "promoting") continue;
      const change = changes.find(({ ref }) => formatReference(ref) === name);
      if (change === undefined) continue;
      return change.fileHash === hashWritten(sourced) ? change.after : undefined;
    }
    return undefined;
  }
}
