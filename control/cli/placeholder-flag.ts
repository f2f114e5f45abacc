/** `clrk run --placeholder VARIABLE=NAME[:KEY]`: which variable of the command gets the placeholder of which value. */
import { DEFAULT_NAMESPACE } from "../../crds/meta.ts";
import type { PlaceholderStatus } from "../../gateway/control-api.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";

/** One variable, and whose placeholder it gets. */
export interface PlaceholderFlag {
  readonly variable: string;
  readonly namespace: string;
  /** Of the Secret */
  readonly name: string;
  readonly key: string;
}

const defaultKey = "token";

/** Reads `VARIABLE=[NAMESPACE/]NAME[:KEY]`; throws a `CliError` for anything else. */
export function parsePlaceholderFlag(text: string): PlaceholderFlag {
  const fits =
    /^(?<variable>[A-Za-z_]\w*)=(?:(?<namespace>[a-z\d-]+)\/)?(?<name>[a-z\d.-]+)(?::(?<key>[\w.-]+))?$/;
  const groups = fits.exec(text)?.groups;
  if (groups === undefined) {
    throw new CliError(
      `Cannot use placeholder "${escapeControls(text)}": wanted VARIABLE=NAME[:KEY] such as OPENAI_API_KEY=openai`,
    );
  }
  const { variable = "", namespace = DEFAULT_NAMESPACE, name = "", key = defaultKey } = groups;
  return { variable, namespace, name, key };
}

/** The variables with their placeholders; throws a `CliError` when a value has none. */
export function placeholderVariables(
  flags: readonly PlaceholderFlag[],
  known: readonly PlaceholderStatus[],
): Record<string, string> {
  const variables: Record<string, string> = Object.create(null);
  for (const { variable, namespace, name, key } of flags) {
    const found = known.find(
      (item) => item.namespace === namespace && item.name === name && item.key === key,
    );
    if (found === undefined) {
      throw new CliError(
        `Cannot set ${variable}: no rule takes a placeholder for key "${key}" of Secret ${namespace}/${name}\nSee all: clrk get placeholders; a CredentialInjectionPolicy with target Placeholder makes one`,
      );
    }
    variables[variable] = found.placeholder;
  }
  return variables;
}
