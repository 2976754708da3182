// How does the page get what it does not need at first, from a server or from a folder alike?

/**
 * A folder opened without a server may load scripts and nothing else: no modules, no `fetch`, no worker by its address.
 * So what comes later is a script that hands over one value.
 */
interface Hand {
  iommuSpec?: (name: string, value: unknown) => void;
}

const arrived = new Map<string, (value: unknown) => void>();
const asked = new Map<string, Promise<unknown>>();

(globalThis as Hand).iommuSpec = (name, value) => arrived.get(name)?.(value);

/** The value of `data/NAME.js`, loaded once. */
export function parcel<T>(name: string): Promise<T> {
  const before = asked.get(name);
  if (before !== undefined) return before as Promise<T>;
  const promise = new Promise<unknown>((resolve, reject) => {
    arrived.set(name, resolve);
    const script = document.createElement('script');
    script.src = `data/${name}.js`;
    script.addEventListener('error', () => reject(new Error(`data/${name}.js cannot be loaded`)));
    document.head.append(script);
  });
  asked.set(name, promise);
  return promise as Promise<T>;
}
