/** What is there before anybody has written anything: the Namespaces that always exist. */
import { namespaceResource } from "./core-resources.ts";
import { protectedNamespaces } from "./object-writer.ts";
import type { ObjectWriter } from "./object-writer.ts";
import { StatusError } from "./status-error.ts";

/** Creates the Namespaces that cannot be deleted where they are not there yet. */
export async function ensureNamespaces(writer: ObjectWriter): Promise<void> {
  for (const name of protectedNamespaces) {
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    try {
      await writer.create(namespaceResource, object, {
        dryRun: false,
        validation: "Strict",
        manager: "clrk-control",
      });
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== "AlreadyExists") throw error;
    }
  }
}
