/** Directories that `dist/` is made of. */
export const builtDirectories: readonly string[];

/** Where the build writes down what it was made of. */
export function stampFile(root: string): string;

/** Name, size and time of every source file, a line each. Throws where a directory cannot be read. */
export function readStamp(root: string): string;

/** Whether the build was made of just these files; false where there is none. */
export function isBuildFresh(root: string): boolean;
