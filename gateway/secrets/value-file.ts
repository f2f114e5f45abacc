/** A Secret's value in a file of its own: what it holds, and whether it may have changed. */
import { stat } from "node:fs/promises";
import { errorCodeOf } from "../errors.ts";
import { identityOf } from "../manifests/manifest-file.ts";
import type { FileSecret } from "../secret-spec.ts";
import { readWholeFile } from "./open-file.ts";
import { failed, withoutLineEnd } from "./source-outcome.ts";
import type { SourceOutcome } from "./source-outcome.ts";

/** A file that is written to all the time is given up after so many attempts; it is looked at again soon. */
const attempts = 5;

/** Differs when the file may have changed, or its name leads to another file. Never throws. */
export async function identifyValueFile(path: string): Promise<string> {
  try {
    return identityOf(await stat(path, { bigint: true }));
  } catch (error) {
    return errorCodeOf(error) ?? "unknown";
  }
}

/** Reads the file as the value of the key, without one line end at its end. Never throws. */
export async function readValueFile({
  path,
  key,
}: Pick<FileSecret, "path" | "key">): Promise<SourceOutcome> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const content = await readWholeFile(path);
    if (content.kind === "failed") return failed(`file "${path}": ${content.message}`);
    if (content.kind === "changed") continue;
    const value = withoutLineEnd(content.bytes);
    if (value.length === 0) return failed(`file "${path}": empty`);
    const warning = content.isOpenToOthers
      ? `file "${path}" can be read by other users: chmod 600 it`
      : "";
    return { kind: "values", values: new Map([[key, value]]), warning };
  }
  return failed(`file "${path}": changes while it is read`);
}
