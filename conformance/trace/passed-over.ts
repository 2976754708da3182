// What of a recording was passed over, and could it have decided something?

/** Lines of one kind that say nothing to the profile, or nothing that this release understands. */
export interface PassedOver {
  readonly name: string;
  readonly count: number;
  /** An event of the profile's own families that this release does not know: it could have decided something. */
  readonly decides: boolean;
}

/** A line for people; undefined: nothing was passed over. */
export function tellPassedOver(all: readonly PassedOver[]): string | undefined {
  if (all.length === 0) return undefined;
  const named = (of: readonly PassedOver[]): string => of.map(o => `${o.name} ${o.count}`).join(', ');
  const unknown = all.filter(o => o.decides);
  const rest = all.filter(o => !o.decides);
  return [
    ...(unknown.length === 0
      ? []
      : [`could have decided something, and is not known to this release: ${named(unknown)}`]),
    ...(rest.length === 0 ? [] : [`passed over: ${named(rest)}`]),
  ].join('; ');
}
