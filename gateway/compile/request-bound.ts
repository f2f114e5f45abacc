/** How large requests of a rule may be: the least that its filters say. */

/** A filter as far as it may bound requests. */
interface SizeFilter {
  readonly requestSizeLimit?: { readonly maxBytes: number };
}

/** The bound as a rule has it; nothing where no filter says one. */
export function requestBound(filters: readonly SizeFilter[]): {
  readonly maxRequestBytes?: number;
} {
  const sizes = filters.flatMap(({ requestSizeLimit: it }) => it?.maxBytes ?? []);
  return sizes.length === 0 ? {} : { maxRequestBytes: Math.min(...sizes) };
}
