/** The option of commands whose output a program may read. */

/** `-o json|yaml`, or nothing for people. */
export interface OutputFlags {
  readonly output?: "json" | "yaml";
}
