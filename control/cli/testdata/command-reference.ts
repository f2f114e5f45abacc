/** The page of every command: the help texts as they are printed, so that it says what the program says. */
import { helpCases, printHelp } from "./help-cases.ts";

/** Where the page is, from the root of the repository. */
export const referencePath = "docs/commands.md";

export async function formatReference(): Promise<string> {
  const parts = ["# Commands\n\nWhat `--help` of each prints. Made by `npm run generate`. [Command line](cli.md)\n"];
  for (const words of helpCases.values()) {
    const title = ["clrk", ...words].join(" ");
    parts.push(`## ${title}\n\n\`\`\`text\n${(await printHelp(words)).trimEnd()}\n\`\`\`\n`);
  }
  return parts.join("\n");
}
