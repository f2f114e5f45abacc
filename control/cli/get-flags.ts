/** Options of `clrk get`. */
import type { ApiFlags } from "./api-target.ts";

/** Options as the user gave them. */
export interface GetFlags extends ApiFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output?: "json" | "name" | "wide" | "yaml";
  readonly selector?: string;
  readonly "field-selector"?: string;
  readonly watch?: boolean;
  readonly limit?: number;
  readonly noHeaders?: boolean;
}
