/** The gateway process's command line from the options that `clrk dev` and `clrk run` share. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "./cli-error.ts";

/** Options of a gateway process, as the user gave them. */
export interface GatewayOptions {
  readonly file: readonly string[];
  readonly secret: readonly string[];
  readonly transparent?: string;
  readonly concurrency?: number;
}

/** Returns the arguments for `gateway/main.ts`. */
export function gatewayArguments(options: GatewayOptions): string[] {
  const { file, secret, transparent, concurrency } = options;
  return [
    ...file.flatMap((path) => ["--file", path]),
    ...secret.flatMap((text) => ["--secret", text]),
    ...(transparent === undefined ? [] : ["--transparent", transparent]),
    ...(concurrency === undefined ? [] : ["--concurrency", String(concurrency)]),
  ];
}

/**
 * Throws a `CliError` when one of the paths cannot be read, or a secret is not written `NAME=ENV[:KEY]` or names a
 * variable that is not set: all of it before anything is started.
 */
export async function checkGatewayOptions(
  options: Pick<GatewayOptions, "file" | "secret">,
  world: {
    readonly workingDirectory: string;
    readonly env: Readonly<Partial<Record<string, string>>>;
  },
): Promise<void> {
  const { workingDirectory, env } = world;
  for (const path of options.file) {
    const isThere = await access(resolve(workingDirectory, path)).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      throw new CliError(
        `Cannot read "${path}": no such file or folder\nName a folder with manifests, such as examples/quickstart`,
      );
    }
  }
  for (const text of options.secret) {
    const [, name = "", variable] = /^([^=]+)=([A-Za-z_]\w*)(?::.+)?$/.exec(text) ?? [];
    if (variable === undefined) {
      const start = text.replace(/=.*/s, "=…");
      throw new CliError(
        `Cannot use secret "${start}": wanted NAME=ENV[:KEY]\nFor example: --secret openai=OPENAI_API_KEY`,
      );
    }
    if (env[variable] === undefined) {
      // Whoever pastes the secret itself here must not see it repeated.
      const shown = /^[A-Z][A-Z0-9_]*$/.test(variable) ? ` ${variable}` : "";
      throw new CliError(
        `Cannot use secret "${name}": the environment variable${shown} is not set\nSet it before clrk starts, or name another one`,
      );
    }
  }
}
