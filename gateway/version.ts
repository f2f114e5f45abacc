/** The package's version, for whoever has no package.json at hand; a test holds the two together. */

/** Semantic version, as `clrk version`, records and the control socket give it. */
export const version = "0.1.0";
