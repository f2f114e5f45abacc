/** CLRKConfig: the one object about the installation itself. It has no setting yet; nothing is ever sent home. */
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import type { Conversion } from "./kind-definition.ts";
import { readAt, replaceAt } from "./legacy.ts";
import { patternFormat } from "./name-formats.ts";
import { createProblemWithText } from "./problem.ts";
import { object } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditionsStatus } from "./status.ts";

const onlyNameFormat = patternFormat({
  name: "only-name",
  wanted: '"default", because there is one only',
  pattern: "^default$",
});

/** The schema of a CLRKConfig. */
export const clrkConfigSchema = resource({
  kind: "CLRKConfig",
  description: "The installation",
  spec: object({ description: "Settings of the installation; there are none yet", fields: {} }),
  status: conditionsStatus,
  nameFormat: onlyNameFormat,
});

/** A parsed CLRKConfig. */
export type CLRKConfig = Infer<typeof clrkConfigSchema>;

/** The CLRKConfig kind. */
export const clrkConfigKind = defineKind({
  kind: "CLRKConfig",
  plural: "clrkconfigs",
  shortNames: ["cc"],
  printerColumns: [ageColumn],
  schema: clrkConfigSchema,
  convert: refuseNotifications,
});

/** Whoever set an e-mail address expected mail: a setting without effect is not passed over in silence. */
function refuseNotifications(value: unknown): Conversion {
  const path = ["spec", "notifications"];
  if (readAt(value, path) === undefined) return { value, warnings: [], problems: [], moves: [] };
  const text = "nothing is registered and nothing is polled; remove it";
  return {
    value: replaceAt(value, path, undefined),
    warnings: [],
    problems: [createProblemWithText(path, "no notifications", text)],
    moves: [],
  };
}
