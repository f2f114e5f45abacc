/** Options that the library takes for ones that are there, because all objects have members of these names. */

/**
 * The name of the first such option among the words, such as `constructor` of `--constructor=1` and `--no-constructor`;
 * undefined where there is none. Words after `--` are no options.
 */
export function findInheritedOption(words: readonly string[]): string | undefined {
  for (const word of words) {
    if (word === "--") return undefined;
    const name = /^--(?:no-)?([^=]+)/.exec(word)?.[1];
    if (name !== undefined && toCamelCase(name) in Object.prototype) return name;
  }
  return undefined;
}

/** As the library reads it: `--to-string` is `toString`. */
function toCamelCase(name: string): string {
  return name.replace(/-+([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
