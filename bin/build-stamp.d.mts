/** Directories that a build is made of. */
export const builtDirectories: readonly string[];

/** Where the builds of a checkout are. */
export function buildsDirectory(root: string): string;

/** Where the build of the present sources is, or would be. Throws where a directory of them cannot be read. */
export function buildDirectory(root: string): string;

/** The build of the present sources; undefined where there is none. */
export function findFreshBuild(root: string): string | undefined;
