/** The files of a new provider, from the templates beside: small, complete, and free of problems as they are. */
import { readFile } from "node:fs/promises";

/** One file to be written. */
export interface ScaffoldFile {
  /** Within the provider's folder */
  readonly name: string;
  readonly text: string;
  /** What it is, in a few words */
  readonly brief: string;
}

const templates = [
  { name: "provider.ts", template: "provider.ts.txt", brief: "its declaration and its dialect" },
  { name: "provider.test.ts", template: "provider.test.ts.txt", brief: "its own tests" },
  { name: "package.json", template: "package.json.txt", brief: "makes it an npm package" },
  { name: "README.md", template: "readme.md.txt", brief: "how to go on" },
] as const;

/** The files for a provider of that name, which is one that a declaration may have. */
export function scaffoldFiles(name: string): Promise<readonly ScaffoldFile[]> {
  // Names may have underscores, hosts not.
  const host = `api.${name.replaceAll("_", "-")}.example`;
  return Promise.all(
    templates.map(async ({ template, ...file }) => {
      const source = new URL(`./provider-template/${template}`, import.meta.url);
      const text = await readFile(source, "utf8");
      return {
        ...file,
        text: text.replaceAll("__NAME__", name).replaceAll("__HOST__", host),
      };
    }),
  );
}
