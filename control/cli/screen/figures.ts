/** Numbers in few cells. */

/** `12`, `1,234`, `12.3k`, `4.5M`: at most six cells. */
export function shortCount(count: number): string {
  if (count < 10_000) return count.toLocaleString("en-US");
  for (const [unit, size] of [
    ["k", 1e3],
    ["M", 1e6],
    ["G", 1e9],
  ] as const) {
    const scaled = count / size;
    if (scaled < 99.95) return `${scaled.toFixed(1)}${unit}`;
    if (scaled < 999.5) return `${Math.round(scaled)}${unit}`;
  }
  return `${(count / 1e12).toFixed(1)}T`;
}

/** The cost of what was counted: as `shortDollars()`, with `+?` where some of it has no price. */
export function shortCost(counts: {
  readonly microDollars: number;
  readonly unpriced: number;
}): string {
  const { microDollars, unpriced } = counts;
  if (unpriced === 0) return shortDollars(microDollars);
  return microDollars <= 0 ? "$+?" : `${shortDollars(microDollars)}+?`;
}

/** Micro-dollars as `$0.0121`, `$12.34`, `$1,234`; `<$0.0001` for less, `-` for nothing. */
export function shortDollars(microDollars: number): string {
  if (microDollars <= 0) return "-";
  const dollars = microDollars / 1e6;
  if (dollars < 0.0001) return "<$0.0001";
  if (dollars < 1) return `$${dollars.toFixed(4)}`;
  if (dollars < 1_000) return `$${dollars.toFixed(2)}`;
  return `$${Math.round(dollars).toLocaleString("en-US")}`;
}
